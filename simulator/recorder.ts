import type { History, Line, LineOf } from '../checkers/history.ts';
import type { Scheduler } from '../world/time/scheduler.ts';

/** A line that begins before it ends. */
export type Operation = LineOf<'append'> | LineOf<'read'> | LineOf<'transact'>;

/** What every operation begins with. */
export interface Head {
  readonly op: number;
  readonly session: string;
  readonly begin: number;
}

/** Writes down a history. Times are milliseconds of the world since its start. */
export class Recorder {
  readonly #scheduler: Scheduler;
  readonly #start: number;
  readonly #lines: Line[];
  readonly #onLine: (line: Line) => void;
  #operations = 0;

  /** @param onLine called with every line that is added, and again when an operation ends */
  constructor(scheduler: Scheduler, header: LineOf<'history'>, onLine: (line: Line) => void = () => undefined) {
    this.#scheduler = scheduler;
    this.#onLine = onLine;
    this.#start = scheduler.now();
    this.#lines = [header];
  }

  get history(): History {
    return this.#lines;
  }

  now(): number {
    return this.#scheduler.now() - this.#start;
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
  begin<L extends Operation>(session: string, lineOf: (head: Head) => L) {
    const line = lineOf({ op: ++this.#operations, session, begin: this.now() });
    this.add(line);
    return (answer: Partial<LineOf<L['line']>>): void => {
      Object.assign(line, answer, { end: this.now() });
      this.#onLine(line);
    };
  }
}
