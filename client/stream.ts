import type { Meta } from '../core/facts/commit.ts';
import type { Accepted } from '../core/wire/receipt.ts';
import {
  type CommitPage,
  type ConflictOptions,
  type ConflictPage,
  type Consistency,
  commitsCall,
  conflictsCall,
  type PageOptions,
  type StreamParts,
  stateCall,
  submitCall,
  type WaitOptions,
} from './call.ts';
import { clientError } from './error.ts';
import { type FollowedEvent, type FollowOptions, follow } from './follow.ts';
import type { CallOptions } from './options.ts';
import type { Regions } from './regions.ts';
import { recordAnswer, type Session } from './session.ts';

/** The options of an append or a command. */
export interface WriteOptions extends CallOptions {
  /**
   * The id that makes repeated sends take effect once. Specify it to be able to retry after a crash.
   * @default generated for this call
   */
  readonly id?: string | undefined;
  /** Metadata stored with the commit. */
  readonly meta?: Meta | undefined;
}

/** Options for a `home` or a `strong` stream. */
export interface HomeWriteOptions extends WriteOptions {
  /** The exact version that the stream must be at, otherwise `version-conflict`. @default any */
  readonly expected?: string | undefined;
}

/** Options for a `merge` stream. */
export interface MergeWriteOptions extends WriteOptions {
  /** The version that the decision is based on. @default what the Region has seen */
  readonly basedOn?: string | undefined;
}

export interface ReadOptions extends CallOptions, WaitOptions {
  /**
   * The earlier point whose state is read: a version of the stream, or a time, by the clocks of the Regions that wrote.
   * @default the state that the Region has seen
   */
  readonly at?: string | Date | undefined;
  /** How a `strong` stream is read; others are always read from the Region that is asked. @default strong */
  readonly consistency?: Consistency | undefined;
}

/** A stream's state. */
export interface ReadState<State = unknown> {
  readonly stream: string;
  readonly state: State;
  /** The version, to be passed as `expected` or `basedOn`. */
  readonly version: string;
  readonly mode: string;
  /** True if a `strong` stream was read from the replica of the Region alone: it may be behind. */
  readonly local?: true;
  /** The Region that responded. */
  readonly region: string;
}

/** A stream of any domain. */
export class AnyStream {
  readonly #regions: Regions;
  readonly #session: Session;
  readonly #parts: StreamParts;

  constructor(regions: Regions, session: Session, parts: StreamParts) {
    this.#regions = regions;
    this.#session = session;
    this.#parts = parts;
  }

  get name(): string {
    return `${this.#parts.type}/${this.#parts.id}`;
  }

  command(command: string, input?: unknown, options: HomeWriteOptions & MergeWriteOptions = {}): Promise<Accepted> {
    return this.#write({ command, input }, options);
  }

  append(
    events:
      | { readonly type: string; readonly data?: unknown }
      | readonly { readonly type: string; readonly data?: unknown }[],
    options: HomeWriteOptions & MergeWriteOptions = {},
  ): Promise<Accepted> {
    return this.#write({ events: [events].flat() }, options);
  }

  async read({ at, consistency, waitSeconds, ...options }: ReadOptions = {}): Promise<ReadState> {
    const point = pointOf(at);
    // The state at a version is the same wherever it has been seen, whatever else has.
    const atLeast = at === undefined || isTime(at) ? this.#session.versionOf(this.name) : undefined;
    const call = stateCall(this.#parts, { atLeast, at: point, consistency, waitSeconds });
    const { answer, region } = await this.#regions.ask(call, options);
    if (point !== undefined && answer.at === undefined)
      throw clientError('unexpected-answer', `${region} runs a version of Meridian that reads no earlier states.`, {
        region,
      });
    recordAnswer(this.#session, answer.version);
    return answer;
  }

  async commits({ signal, ...page }: PageOptions & WaitOptions & CallOptions = {}): Promise<CommitPage> {
    const { answer } = await this.#regions.ask(commitsCall(this.#parts, page), { signal });
    recordAnswer(this.#session, answer.version);
    return answer;
  }

  /** The commits that conflict with earlier ones, because neither writer had seen the other, at what this session has seen. */
  async conflicts({ signal, ...asked }: ConflictOptions & WaitOptions & CallOptions = {}): Promise<ConflictPage> {
    const call = conflictsCall(this.#parts, asked, this.#session.versionOf(this.name));
    const { answer } = await this.#regions.ask(call, { signal });
    recordAnswer(this.#session, answer.version);
    return answer;
  }

  follow(options: FollowOptions = {}): AsyncGenerator<FollowedEvent, void, void> {
    return follow(this.#regions, (page) => this.commits(page), options);
  }

  async #write(
    operation: object,
    { signal, id = this.#regions.runtime.newId(), expected, basedOn, meta }: HomeWriteOptions & MergeWriteOptions,
  ): Promise<Accepted> {
    const call = submitCall({ id, ...{ stream: this.name, ...operation, expected, basedOn, meta } });
    const { answer } = await this.#regions.ask(call, { signal });
    recordAnswer(this.#session, answer.version);
    return answer;
  }
}

/** No version has a colon, and every time of the day has one. */
function isTime(at: string | Date): boolean {
  return at instanceof Date || at.includes(':');
}

/** An invalid date is sent too: the Region refuses it with the reason. */
function pointOf(at: string | Date | undefined): string | undefined {
  return at instanceof Date && !Number.isNaN(at.getTime()) ? at.toISOString() : at?.toString();
}
