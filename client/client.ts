import type { Domain } from '../core/definition/domain.ts';
import type { StreamDefinition } from '../core/definition/stream.ts';
import type { ViewDefinition } from '../core/definition/view.ts';
import type { Health, TransactionShown } from '../core/wire/api.ts';
import type { Accepted } from '../core/wire/receipt.ts';
import {
  type ConflictOptions,
  type ConflictPage,
  healthCall,
  type ListedConflictOptions,
  type ListedConflictPage,
  ledgerCall,
  type PageOptions,
  transactionCall,
  type WaitOptions,
} from './call.ts';
import type { FollowedEvent, FollowOptions } from './follow.ts';
import type { CallOptions, ClientOptions } from './options.ts';
import { Regions } from './regions.ts';
import { Session } from './session.ts';
import {
  AnyStream,
  type HomeWriteOptions,
  type MergeWriteOptions,
  type ReadOptions,
  type ReadState,
} from './stream.ts';
import { type AnyParticipant, type Committed, type TransactOptions, transact } from './transact.ts';
import type {
  CommandOf,
  InputOf,
  ParticipantOf,
  ReadEventOf,
  RowOf,
  SentEventOf,
  StateOf,
  StreamNamed,
  StreamTypeOf,
  ViewNamed,
  ViewNameOf,
} from './types.ts';
import { AnyView, type IncludeOptions, type RowsOptions } from './view.ts';

/**
 * A client of a deployment, with the streams and views of its domain. Without a type argument the domain is not known:
 * any name is allowed, and inputs, states, data and rows have the type `unknown`.
 */
export interface Client<D extends Domain = Domain> {
  /** Records what this client has seen, so that it is never shown an older state. */
  readonly session: Session;
  /**
   * A client of the same deployment for another user: it shares this client's knowledge of the Regions, but not its
   * session.
   */
  withSession(session: Session): Client<D>;
  /** A stream. Sends no request. */
  stream<Type extends StreamTypeOf<D>>(type: Type, id: string): StreamClient<StreamNamed<D, Type>>;
  /** A view. Sends no request. */
  view<Name extends ViewNameOf<D>>(name: Name): ViewClient<ViewNamed<D, Name>>;
  /**
   * Changes several `home` streams together, or none of them, and waits for the outcome.
   * @throws ClientError `aborted`, with the reason: nothing was written; `undecided`; any other code, with
   *   `maybeWritten` if it may be committed
   */
  transact(participants: readonly ParticipantOf<D>[], options?: TransactOptions): Promise<Committed>;
  /** The outcome of a transaction. @throws ClientError `not-found`: there is no record of the transaction */
  transaction(id: string, options?: CallOptions): Promise<TransactionShown>;
  /**
   * A page of the conflicts of all streams, by time, as far as the Regions have listed them: a second or so after the commits have met.
   * `next` is present if there may be more: pass it as `after`. @throws ClientError
   */
  conflicts(options?: ListedConflictOptions & CallOptions): Promise<ListedConflictPage>;
  /**
   * Reports how far a Region has caught up with each Region. Only that Region is asked.
   * @param options `region`: the client's own by default
   */
  health(options?: CallOptions & { readonly region?: string | undefined }): Promise<Health>;
}

/** A stream of a domain. */
export interface StreamClient<Stream extends StreamDefinition> {
  /** `<type>/<id>` */
  readonly name: string;
  /**
   * Runs a command. @returns the id and the new version; `log` and `position` are missing if nothing had to be written
   * @throws ClientError `rejected`: the domain's refusal; `version-conflict`; any other code, with `maybeWritten` if it
   *   may be written
   */
  command<Command extends CommandOf<Stream>>(
    command: Command,
    ...asked: undefined extends InputOf<Stream, Command>
      ? [input?: InputOf<Stream, Command>, options?: WriteOptionsOf<Stream>]
      : [input: InputOf<Stream, Command>, options?: WriteOptionsOf<Stream>]
  ): Promise<Accepted>;
  /**
   * Appends events as they are, in one commit. This bypasses the rules of `decide`.
   * @throws ClientError as `command`
   */
  append(
    events: SentEventOf<Stream> | readonly SentEventOf<Stream>[],
    options?: WriteOptionsOf<Stream>,
  ): Promise<Accepted>;
  /**
   * The state, at least as new as what the session has seen of the stream, or the state at an earlier point. @throws
   * ClientError `not-caught-up` if no Region has seen as much
   */
  read(options?: ReadOptions): Promise<ReadState<StateOf<Stream>>>;
  /**
   * A page of the conflicts: commits whose writers had not seen each other. `next` is present if there are more: pass it as
   * `after`. @throws ClientError as `read`
   */
  conflicts(options?: ConflictOptions & WaitOptions & CallOptions): Promise<ConflictPage>;
  /**
   * Yields the events, and new ones as they arrive, until the signal is aborted.
   * @throws ClientError failures that are not temporary
   */
  follow(options?: FollowOptions): AsyncIterable<EventOf<Stream>>;
}

/** An event of a stream. */
export type EventOf<Stream extends StreamDefinition> = Omit<FollowedEvent, 'type' | 'data'> & ReadEventOf<Stream>;

/** The options of a write: `basedOn` for a `merge` stream, `expected` for the others; both if the mode is unknown. */
export type WriteOptionsOf<Stream extends StreamDefinition> = (Stream['mode'] extends 'merge'
  ? unknown
  : HomeWriteOptions) &
  ('merge' extends Stream['mode'] ? MergeWriteOptions : unknown);

/** A view of a domain. A row may be older than what was read before, unless the options say what it must include. */
export interface ViewClient<View extends ViewDefinition> {
  /** One row. @throws ClientError `not-found`; `not-caught-up` if no Region's row includes as much */
  row(key: string, options?: IncludeOptions): Promise<RowOf<View>>;
  /** All rows, in the order of their keys; pages are requested as needed. @throws ClientError */
  rows(options?: RowsOptions): AsyncIterable<{ readonly key: string; readonly value: RowOf<View> }>;
  /** A page of rows. @throws ClientError */
  page(options?: PageOptions & IncludeOptions): Promise<{
    readonly rows: readonly { readonly key: string; readonly value: RowOf<View> }[];
    readonly next?: string | undefined;
  }>;
}

/**
 * A client of a deployment: `client<typeof domain>({ endpoints, region, credentials })`. Only the type of the domain is needed;
 * without it, `client({ … })` is a client of any domain.
 * The client retries with the same id, asks another Region where possible, and never shows a user an older state of a stream than
 * before. @throws ClientError `no-endpoint`: `endpoints` lacks `region` or one of `regions`
 */
export function client<D extends Domain>(options: ClientOptions): Client<D>;
// The client has no domain at run time. It trusts the Regions, which run the domain, to return responses of these
// types.
export function client(options: ClientOptions): object {
  return over(new Regions(options), options.session ?? new Session());
}

/** A client of any domain. */
interface AnyClient extends Pick<Client, 'session' | 'transaction' | 'conflicts' | 'health'> {
  withSession(session: Session): AnyClient;
  stream(type: string, id: string): AnyStream;
  view(name: string): AnyView;
  transact(participants: readonly AnyParticipant[], options?: TransactOptions): Promise<Committed>;
}

function over(regions: Regions, session: Session): AnyClient {
  return {
    session,
    withSession: (other) => over(regions, other),
    stream: (type, id) => new AnyStream(regions, session, { type, id }),
    view: (name) => new AnyView(regions, session, name),
    transact: (participants, options) => transact(regions, session, participants, options),
    transaction: async (id, options) => (await regions.ask(transactionCall(id), options)).answer,
    conflicts: async ({ signal, ...asked } = {}) => (await regions.ask(ledgerCall(asked), { signal })).answer,
    health: async ({ region, ...options } = {}) =>
      (await regions.ask(healthCall, { ...options, first: region, only: true })).answer,
  };
}
