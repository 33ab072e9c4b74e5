import type { History, Line, LineOf, OperationLine } from '../checkers/history.ts';

/** What every operation begins with. */
export interface Head {
  readonly op: number;
  readonly session: string;
  readonly begin: number;
}

/** Writes down a history. Times are milliseconds since its start. */
export class Recorder {
  readonly #clock: () => number;
  readonly #start: number;
  readonly #lines: Line[];
  readonly #onLine: (line: Line) => void;
  #operations = 0;

  /**
   * @param clock milliseconds; it never jumps
   * @param onLine called with every line that is added, and again when an operation ends
   */
  constructor(clock: () => number, header: LineOf<'history'>, onLine: (line: Line) => void = () => undefined) {
    this.#clock = clock;
    this.#onLine = onLine;
    this.#start = clock();
    this.#lines = [header];
  }

  get history(): History {
    return this.#lines;
  }

  /** The ids of the transactions that were sent. */
  get transactions(): readonly string[] {
    return [...new Set(this.#lines.flatMap((line) => (line.line === 'transact' ? [line.id] : [])))];
  }

  now(): number {
    return this.#clock() - this.#start;
  }

  add(line: Line): void {
    this.#lines.push(line);
    this.#onLine(line);
  }

  /**
   * Adds an operation, of which nothing more is known until it ends.
   * @param lineOf makes its line
   * @returns ends it, with what the response says
   */
  begin<L extends OperationLine>(session: string, lineOf: (head: Head) => L) {
    const line = lineOf({ op: ++this.#operations, session, begin: this.now() });
    this.add(line);
    return (answer: Partial<LineOf<L['line']>>): void => {
      Object.assign(line, answer, { end: this.now() });
      this.#onLine(line);
    };
  }
}
