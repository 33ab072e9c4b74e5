import type { History, Line, LineOf, Violation } from '../history.ts';
import { homesOf } from './homes.ts';
import { type StreamType, typeNameOf } from './names.ts';
import { type Requests, requestsOf } from './requests.ts';
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
}

/** Looks for broken promises of one kind. Without the lines that it needs it finds none. */
export type Checker = (evidence: Evidence) => readonly Violation[];
