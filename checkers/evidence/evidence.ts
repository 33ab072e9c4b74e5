import type { History, Line, LineOf, Violation } from '../history.ts';
import { CHANGED, homesOf } from './homes.ts';
import { type StreamType, typeNameOf } from './names.ts';
import { type Requests, requestsOf } from './requests.ts';
import { isSlow } from './slow-reads.ts';
import { type Stored, storedOf } from './stored.ts';

/** What a checker judges: a history, with what several checkers derive from it. Each is derived once, when it is first asked for. */
export class Evidence {
  readonly #lines: ReadonlyMap<string, readonly Line[]>;
  readonly #types: ReadonlyMap<string, StreamType>;
  #stored: ReadonlyMap<string, Stored> | undefined;
  #requests: Requests | undefined;
  #homes: ReturnType<typeof homesOf> | undefined;

  constructor(history: History) {
    this.#lines = Map.groupBy(history, ({ line }) => line);
    this.#types = new Map(this.lines('history').flatMap((header) => Object.entries(header.types)));
  }

  /** All lines of one kind, in their order. */
  lines<Name extends Line['line']>(name: Name): readonly LineOf<Name>[] {
    const isNamed = (line: Line): line is LineOf<Name> => line.line === name;
    return (this.#lines.get(name) ?? []).filter(isNamed);
  }

  /** The type of a stream; undefined if the header has none of that name. */
  typeOf(stream: string): StreamType | undefined {
    return this.#types.get(typeNameOf(stream));
  }

  /** What is stored in the end, by stream. */
  get stored(): ReadonlyMap<string, Stored> {
    this.#stored ??= storedOf(this.lines('replica'));
    return this.#stored;
  }

  /** The appends and transactions, and the result of each. */
  get requests(): Requests {
    this.#requests ??= requestsOf(
      { appends: this.lines('append'), transactions: this.lines('transact'), outcomes: this.lines('outcome') },
      this.stored,
    );
    return this.#requests;
  }

  /** The home Region of a `home` stream; `changed` if there were several; undefined if it is not known. */
  homeOf(stream: string): string | undefined {
    this.#homes ??= homesOf(this.lines('history'), this.stored);
    return this.#homes(stream);
  }

  /** True if a stream behaves like one object: it is `strong`, or a `home` stream whose home stayed, or moved as planned. */
  isSerial(stream: string): boolean {
    const mode = this.typeOf(stream)?.mode;
    const moves = this.moves;
    return mode === 'strong' || (mode === 'home' && (moves ? moves === 'planned' : this.homeOf(stream) !== CHANGED));
  }

  /** True if several Regions may commit an append that is sent again, each before it has seen the others' commits. It counts once. */
  mayHaveCopies(stream: string): boolean {
    const mode = this.typeOf(stream)?.mode;
    return mode === 'merge' || (mode === 'home' && this.moves === 'forced');
  }

  /** How homes moved; undefined: they did not, or it is not known. */
  get moves(): LineOf<'history'>['moves'] {
    return this.lines('history').find((header) => header.moves)?.moves;
  }

  /** True if a read of such a stream shows all that was acknowledged before it: a `home` stream in its home, a `strong` one anywhere. */
  isCurrent({ stream, region, local = false }: LineOf<'read'>): boolean {
    return this.typeOf(stream)?.mode === 'strong' ? !local : region === this.homeOf(stream);
  }

  /** True if a read may have given up on the decision of a transaction, and shows the state before it. */
  mayLackDecision(read: LineOf<'read'>): boolean {
    return isSlow(read) && this.typeOf(read.stream)?.mode !== 'strong';
  }
}

/** Looks for broken promises of one kind. Without the lines that it needs it finds none. */
export type Checker = (evidence: Evidence) => readonly Violation[];
