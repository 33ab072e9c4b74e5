import type * as z from 'zod';
import type { Domain } from '../core/definition/domain.ts';
import type { NewEventOf, StreamDefinition } from '../core/definition/stream.ts';
import type { ViewDefinition } from '../core/definition/view.ts';

// What the type of a domain says of its streams and views. Nothing of the domain is there when the client runs.

/** A value as JSON brings it back: a Date has become a text, for example. */
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

/** The stream of a type. Of a domain whose types are not known it is any stream. */
export type StreamNamed<D extends Domain, Type extends string> = Extract<StreamOf<D>, { readonly type: Type }>;

export type StateOf<Stream extends StreamDefinition> = AsJson<Stream['initial']>;

export type CommandOf<Stream extends StreamDefinition> = keyof Stream['commands'] & string;

/** The input of a command, as a caller sends it. */
export type InputOf<Stream extends StreamDefinition, Command extends CommandOf<Stream>> = z.input<
  Stream['commands'][Command]['input']
>;

/** An event as a caller sends it. */
export type SentEventOf<Stream extends StreamDefinition> = NewEventOf<Stream['events']>;

/** An event's type and data, as they are read. */
export type ReadEventOf<Stream extends StreamDefinition> = {
  [Type in keyof Stream['events'] & string]: {
    readonly type: Type;
    /** Of an event that was stored in an earlier version of its type, as it was stored: see `schemaVersion`. */
    readonly data: AsJson<z.output<Stream['events'][Type]['schema']>>;
  };
}[keyof Stream['events'] & string];

export type ViewOf<D extends Domain> =
  D['views'] extends ReadonlyMap<string, infer View extends ViewDefinition> ? View : never;

export type ViewNameOf<D extends Domain> = ViewOf<D>['name'];

export type ViewNamed<D extends Domain, Name extends string> = Extract<ViewOf<D>, { readonly name: Name }>;

/** A row of a view, as it is read. */
export type RowOf<View extends ViewDefinition> = View extends { readonly kind: 'rows'; row(...args: never): infer Row }
  ? AsJson<Exclude<Row, undefined>>
  : View extends { readonly kind: 'totals'; present?(...args: never): infer Row }
    ? AsJson<Row>
    : never;

/** What a transaction asks of its streams: each is at home in one Region. */
export type ParticipantOf<D extends Domain> = AskedOf<Extract<StreamOf<D>, { readonly mode: 'home' }>>;

type AskedOf<Stream extends StreamDefinition> = Stream extends StreamDefinition
  ?
      | {
          [Command in CommandOf<Stream>]: ToStream<Stream> & CommandMember<Command, InputOf<Stream, Command>>;
        }[CommandOf<Stream>]
      | (ToStream<Stream> & { readonly events: readonly SentEventOf<Stream>[] })
      | (ToStream<Stream> & { readonly expected: string })
  : never;

interface ToStream<Stream extends StreamDefinition> {
  /** `<type>/<id>`. Each stream once. */
  readonly stream: `${Stream['type']}/${string}`;
  /** The exact version that the stream has to be at: without a command or events, all that is asked of it. */
  readonly expected?: string | undefined;
}

type CommandMember<Command extends string, Input> = { readonly command: Command } & (undefined extends Input
  ? { readonly input?: Input }
  : { readonly input: Input });
