import type * as z from 'zod';
import type { Domain } from '../core/definition/domain.ts';
import type { NewEventOf, StreamDefinition } from '../core/definition/stream.ts';
import type { ViewDefinition } from '../core/definition/view.ts';

// Types derived from the type of a domain. The domain itself does not exist when the client runs.

/** A value after a round trip through JSON: a Date has become a string, for example. */
export type AsJson<T> = unknown extends T
  ? unknown
  : T extends { toJSON(...args: never): infer Json }
    ? AsJson<Json>
    : T extends (...args: never) => unknown
      ? never
      : T extends ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>
        ? Readonly<Record<string, never>>
        : T extends object
          ? { [Member in keyof T]: AsJson<T[Member]> }
          : T;

/** The streams of a domain. */
export type StreamOf<D extends Domain> =
  D['streams'] extends ReadonlyMap<string, infer Stream extends StreamDefinition> ? Stream : never;

export type StreamTypeOf<D extends Domain> = StreamOf<D>['type'];

/** The stream with a given type name; any stream if the domain's types are not known. */
export type StreamNamed<D extends Domain, Type extends StreamTypeOf<D>> = Extract<
  StreamsByType<D>[Type],
  StreamDefinition
>;

type StreamsByType<D extends Domain> = { readonly [Stream in StreamOf<D> as Stream['type']]: Stream };

export type StateOf<Stream extends StreamDefinition> = AsJson<Stream['initial']>;

export type CommandOf<Stream extends StreamDefinition> = keyof Stream['commands'] & string;

/** The input of a command, as a caller sends it. */
export type InputOf<Stream extends StreamDefinition, Command extends CommandOf<Stream>> = z.input<
  Stream['commands'][Command]['input']
>;

/** An event as a caller sends it. */
export type SentEventOf<Stream extends StreamDefinition> = NewEventOf<Stream['events']>;

/** An event's type and data, as read. */
export type ReadEventOf<Stream extends StreamDefinition> = {
  [Type in keyof Stream['events'] & string]: {
    readonly type: Type;
    /** The data in the schema version that it was stored in, which may be an earlier one: see `schemaVersion`. */
    readonly data: AsJson<z.output<Stream['events'][Type]['schema']>>;
  };
}[keyof Stream['events'] & string];

export type ViewOf<D extends Domain> =
  D['views'] extends ReadonlyMap<string, infer View extends ViewDefinition> ? View : never;

export type ViewNameOf<D extends Domain> = ViewOf<D>['name'];

/** The view with a given name; any view if the domain's types are not known. */
export type ViewNamed<D extends Domain, Name extends ViewNameOf<D>> = Extract<ViewsByName<D>[Name], ViewDefinition>;

type ViewsByName<D extends Domain> = { readonly [View in ViewOf<D> as View['name']]: View };

/** A row of a view, as read. */
export type RowOf<View extends ViewDefinition> = View extends { readonly kind: 'rows'; row(...args: never): infer Row }
  ? AsJson<Exclude<Row, undefined>>
  : View extends { readonly kind: 'totals'; present?(...args: never): infer Row }
    ? AsJson<Row>
    : never;

/** A transaction's participants: each stream must be in mode `home` or `strong`. */
export type ParticipantOf<D extends Domain> = AskedOf<Extract<StreamOf<D>, { readonly mode: 'home' | 'strong' }>>;

type AskedOf<Stream extends StreamDefinition> = Stream extends StreamDefinition
  ?
      | {
          [Command in CommandOf<Stream>]: ToStream<Stream> & CommandMember<Command, InputOf<Stream, Command>>;
        }[CommandOf<Stream>]
      | (ToStream<Stream> & { readonly events: readonly SentEventOf<Stream>[] })
      | (ToStream<Stream> & { readonly expected: string })
  : never;

interface ToStream<Stream extends StreamDefinition> {
  /** `<type>/<id>`. A stream may occur only once. */
  readonly stream: `${Stream['type']}/${string}`;
  /**
   * The exact version that the stream must be at. A participant without a command or events only checks this version.
   */
  readonly expected?: string | undefined;
}

type CommandMember<Command extends string, Input> = { readonly command: Command } & (undefined extends Input
  ? { readonly input?: Input }
  : { readonly input: Input });
