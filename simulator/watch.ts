import type { Line, LineOf, OperationLine } from '../checkers/history.ts';
import { effectInWords, seconds } from './timeline.ts';
import type { TraceEvent } from './trace.ts';

/** Calls that are shown: what changes what is stored, and what leaves a Region. */
const SHOWN: Readonly<Record<string, string>> = {
  'events.put': '+',
  'events.finalise': '=',
  'events.mark': 'm',
  'events.transact': '#',
  'decisions.put': '!',
  'remote.invoke': '»',
  'participants.invoke': '»',
  'turns.invoke': '»',
};

const LEGEND =
  '→ request  ← response  + commit or intent  = intent final  m mark  # one-Region transaction  ! decision  » call of another Region  ○ handled by a subscriber  ⚡ fault';

/** Shows a history as it happens: a lane for each Region, the links between them, and how many commits each log has. */
export class Lanes {
  readonly #regions: readonly string[];
  readonly #cuts = new Map<string, number>();
  readonly #logs: Map<string, number>;

  constructor(regions: readonly string[]) {
    this.#regions = regions;
    this.#logs = new Map(regions.map((region) => [region, 0]));
  }

  /** The names of the lanes. */
  head(): string {
    const links = this.#pairs().map(([from, to]) => `${this.#digit(from)}${this.#digit(to)}`);
    const names = this.#regions.map((region) => `${this.#digit(region)} ${region}`).join(', ');
    return `Regions: ${names}\nLinks: ${links.join(' ')}; x: cut\n${LEGEND}\n`;
  }

  /** What is shown of an event: undefined if nothing is. */
  show(event: TraceEvent): string | undefined {
    switch (event.event) {
      case 'call': {
        const symbol = SHOWN[event.call];
        if (symbol === undefined) return undefined;
        if (event.call === 'events.put') this.#logs.set(event.region, (this.#logs.get(event.region) ?? 0) + 1);
        return this.#line(event.at, event.region, symbol, `${event.function} ${event.call}`);
      }
      case 'return':
        return event.failed && SHOWN[event.call] !== undefined
          ? this.#line(event.at, event.region, '✗', `${event.function} ${event.call} failed`)
          : undefined;
      case 'line':
        return this.#ofHistory(event.line, event.at);
    }
  }

  #ofHistory(line: Line, at: number): string | undefined {
    switch (line.line) {
      case 'append':
      case 'read':
      case 'transact': {
        const isOver = line.end !== undefined;
        const what = isOver ? `${line.result} ${line.code ?? ''}` : operationInWords(line);
        return this.#line(at, line.region, isOver ? '←' : '→', `${line.session} ${line.op}: ${what}`.trimEnd());
      }
      case 'handled':
        return this.#line(at, line.region, '○', `${line.subscriber} ${line.event}`);
      case 'fault':
        if (line.fault === 'cut') this.#cut(line);
        return this.#line(at, line.region, '⚡', `${line.fault} ${JSON.stringify(line.details ?? {})}`);
      case 'settled':
        return this.#line(at, undefined, '■', 'settled');
      default:
        return undefined;
    }
  }

  #cut({ details, until = 0 }: LineOf<'fault'>): void {
    this.#cuts.set(`${details?.from} ${details?.to}`, until);
  }

  #line(at: number, region: string | undefined, symbol: string, text: string): string {
    const lanes = this.#regions.map((name) => (region === undefined || name === region ? symbol : '·')).join(' ');
    const links = this.#pairs()
      .map(([from, to]) => ((this.#cuts.get(`${from} ${to}`) ?? 0) > at ? 'x' : '-'))
      .join('');
    const logs = [...this.#logs.values()].map((count) => String(count).padStart(3)).join('');
    return `${seconds(at).padStart(11)}  ${lanes}  ${links} ${logs}  ${text}`;
  }

  #pairs(): readonly (readonly [string, string])[] {
    return this.#regions.flatMap((from) =>
      this.#regions.filter((to) => to !== from).map((to): readonly [string, string] => [from, to]),
    );
  }

  #digit(region: string): number {
    return this.#regions.indexOf(region) + 1;
  }
}

function operationInWords(line: OperationLine): string {
  switch (line.line) {
    case 'append':
      return `${effectInWords(line.effect)} to ${line.stream}`;
    case 'read':
      return `read ${line.stream}`;
    case 'transact':
      return `${line.id}: ${line.participants.map(({ stream, effect }) => `${effectInWords(effect)} to ${stream}`).join(', ')}`;
  }
}

/** Real milliseconds between two events at the beginning. */
const PAUSE_MS = 100;

/**
 * The pace of what is shown: the space bar stops it, or shows the next event; `+` and `-` make it faster and slower, enter
 * lets it go on, `q` ends it.
 */
export class Pace {
  #pause = PAUSE_MS;
  #isStopped = false;
  #next: (() => void) | undefined;

  constructor(input: NodeJS.ReadStream) {
    if (!input.isTTY) {
      this.#pause = 0;
      return;
    }
    input.setRawMode(true);
    input.on('data', (key) => this.#pressed(String(key)));
  }

  /** Resolves when the next event is due; undefined: now. */
  wait(): Promise<void> | undefined {
    if (this.#isStopped) return new Promise((resolve) => this.#resume(resolve));
    if (this.#pause < 1) return undefined;
    return new Promise((resolve) => setTimeout(resolve, this.#pause));
  }

  #resume(resolve: () => void): void {
    this.#next = resolve;
  }

  #pressed(key: string): void {
    if (key === 'q' || key === '\u0003') process.exit(130);
    if (key === '+') this.#pause /= 2;
    if (key === '-') this.#pause = Math.max(1, this.#pause * 2);
    if (key === ' ') this.#isStopped = true;
    if (key === '\r') this.#isStopped = false;
    if (key === ' ' || key === '\r') {
      this.#next?.();
      this.#next = undefined;
    }
  }
}
