// How the streams of a domain are used, in the words of the checkers: a history can then be recorded of any domain that has streams of
// kinds which the checkers can judge.
import type * as z from 'zod';
import type { Effect, Kind, LineOf } from '../checkers/history.ts';
import type { EventVersions, InputSchemas, Mode, StreamDefinition } from '../core/index.ts';

/** What operations on the streams of a kind do. */
const EFFECTS = {
  list: ['append'],
  register: ['write'],
  balance: ['add'],
  seats: ['take', 'release'],
  counter: ['add'],
  set: ['insert', 'remove'],
  escrow: ['grant', 'use', 'move'],
  claims: ['claim', 'refund'],
  entries: ['note'],
} as const satisfies Readonly<Record<Kind, readonly Effect['do'][]>>;

/** What an operation does to a stream of a kind. */
export type EffectOf<Of extends Kind> = Extract<Effect, { do: (typeof EFFECTS)[Of][number] }>;

/** A noted text. */
interface NotedEntry {
  readonly id: string;
  readonly commitId: string;
  readonly text: string;
  /** The ids of the earlier entries that its writer had not seen. */
  readonly unseen: readonly string[];
}

interface States {
  readonly list: readonly number[];
  readonly register: number | null;
  readonly balance: number;
  readonly seats: readonly string[];
  readonly counter: number;
  readonly set: readonly string[];
  readonly escrow: { readonly value: number; readonly rights: Readonly<Record<string, number>> };
  readonly claims: { readonly claims: readonly string[]; readonly refunds: readonly string[] };
  readonly entries: readonly NotedEntry[];
}

/** What the streams of a kind contain. */
export type StateOf<Of extends Kind> = States[Of];

type CommandOf<Inputs extends InputSchemas> = {
  [Name in keyof Inputs & string]: { readonly command: Name; readonly input: z.input<Inputs[Name]> };
}[keyof Inputs & string];

type StoredEventOf<Events extends EventVersions> = {
  [Type in keyof Events & string]: { readonly type: Type; readonly data: z.output<Events[Type]['schema']> };
}[keyof Events & string];

/** How the streams of a type are used, as its author describes it. */
export interface UseDescription<Of extends Kind, State, Events extends EventVersions, Inputs extends InputSchemas> {
  /** What a stream of this type is to the checkers. */
  readonly kind: Of;
  /** Of `seats`: how many there are. @default they are never sold out */
  readonly capacity?: number;
  /**
   * A stream's id.
   * @param key digits that make it a new one
   * @param region where a `home` stream has its home
   * @default the key; of a `home` stream `<Region>.<key>`
   */
  readonly id?: (key: string, region: string) => string;
  /**
   * The command that has an effect.
   * @param id of the operation, for inputs that have to be new ones
   */
  readonly command: (effect: EffectOf<Of>, id: string) => CommandOf<Inputs>;
  /** What an event has done. */
  readonly effect: (event: StoredEventOf<Events>) => EffectOf<Of>;
  /** What a stream contains, in the form of its kind. @default its state */
  readonly state?: (state: State) => StateOf<Of>;
  /** What every stream begins with, before clients use it. @default nothing */
  readonly first?: readonly EffectOf<Of>[];
}

/** An event as a Region shows it. */
interface ShownEvent {
  readonly type: string;
  readonly data: unknown;
}

/** How the streams of a type are used. */
export interface Use {
  readonly type: string;
  readonly mode: Mode;
  readonly kind: Kind;
  readonly capacity: number | undefined;
  readonly first: readonly Effect[];
  id(key: string, region: string): string;
  /** The home of a stream; undefined if every Region writes it. @throws MeridianError `rejected`: the type has no such id */
  home(id: string, regions: readonly string[]): string | undefined;
  /** @throws Error if streams of this kind have no such effect */
  command(effect: Effect, id: string): { readonly command: string; readonly input: unknown };
  /** @throws Error if the type has no such event */
  effect(event: ShownEvent): Effect;
  state(state: unknown): unknown;
}

/** Describes how the streams of a type are used. */
export function defineUse<Of extends Kind, State, Events extends EventVersions, Inputs extends InputSchemas>(
  definition: StreamDefinition<string, Mode, State, Events, Inputs>,
  description: UseDescription<Of, State, Events, Inputs>,
): Use;
export function defineUse(
  definition: StreamDefinition,
  {
    kind,
    capacity,
    id,
    command,
    effect,
    state,
    first = [],
  }: UseDescription<Kind, unknown, EventVersions, InputSchemas>,
): Use {
  const { type, mode, events } = definition;
  const allowed: readonly string[] = EFFECTS[kind];
  return {
    ...{ type, mode, kind, capacity, first },
    id: id ?? ((key, region) => (mode === 'home' ? `${region}.${key}` : key)),
    home: (of, regions) => (definition.mode === 'home' ? definition.home(of, regions) : undefined),
    command(asked, of) {
      if (!allowed.includes(asked.do)) throw new Error(`${type} is a ${kind}: there is no ${asked.do}.`);
      return command(asked, of);
    },
    effect(event) {
      if (!Object.hasOwn(events, event.type)) throw new Error(`${type} has no event ${event.type}.`);
      return effect(event);
    },
    state: state ?? ((is) => is),
  };
}

/** What a view shows of the streams of a type. */
export interface ViewUse {
  /** The type. */
  readonly of: string;
  /** `rows`: the state of every stream; `totals`: sums over streams */
  readonly shows: 'rows' | 'totals';
  /** What a stream adds to a total: its state, if that is a number; the number of its items; or 1 to the total of each of its texts. */
  readonly sumOf?: 'state' | 'length' | 'texts';
  /** The total that it adds to: that of its id, of its id up to the first dot, or `all`. @default its id */
  readonly keyBy?: 'id' | 'prefix' | 'all';
  /**
   * What a row shows, in the form of the type's kind; undefined: nothing.
   * @param row undefined: the stream has none
   * @default the row
   */
  readonly value?: (row: unknown) => unknown;
}

/** How the streams and the views of a domain are used. */
export interface Workload {
  /** By stream type. */
  readonly uses: Readonly<Record<string, Use>>;
  /** By view. @default no view is looked at */
  readonly views?: Readonly<Record<string, ViewUse>>;
}

/** Describes how a domain is used. @throws Error if a use has another name than its type, or a view is of a type without a use */
export function defineWorkload<const Described extends Workload>(workload: Described): Described {
  for (const [name, { type }] of Object.entries(workload.uses))
    if (name !== type) throw new Error(`The workload has the use of ${type} under the name ${name}.`);
  for (const [view, { of }] of Object.entries(workload.views ?? {}))
    if (!Object.hasOwn(workload.uses, of))
      throw new Error(`The workload has view ${view} of ${of}, but no use of ${of}.`);
  return workload;
}

/** How a stream is used. @throws Error if the workload has no use of its type */
export function useOf({ uses }: Workload, stream: string): Use {
  const type = stream.slice(0, stream.indexOf('/'));
  const use = Object.hasOwn(uses, type) ? uses[type] : undefined;
  if (!use) throw new Error(`No workload has streams of type ${type}.`);
  return use;
}

/** What the types are, for the checkers. */
export function typesOf({ uses }: Workload): LineOf<'history'>['types'] {
  return Object.fromEntries(
    Object.values(uses).map(({ type, mode, kind, capacity }) => [
      type,
      { mode, kind, ...(capacity !== undefined && { capacity }) },
    ]),
  );
}
