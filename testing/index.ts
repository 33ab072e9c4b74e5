// Given / when / then for a team's own streams, in any test runner: a failed expectation throws Node's AssertionError.
import { AssertionError, deepStrictEqual } from 'node:assert';
import type * as z from 'zod';
import { asStored } from '../core/definition/event-version.ts';
import { hasRepairs, reconcileWith } from '../core/definition/stream.ts';
import { type Commit, repairIdOf, type StoredEvent } from '../core/facts/commit.ts';
import { isOpen } from '../core/facts/conflict.ts';
import { deepFreeze } from '../core/facts/deep-freeze.ts';
import type { SentEvent } from '../core/facts/operation.ts';
import {
  commandOf,
  type EventVersions,
  type FieldSums,
  hasEscrow,
  type InputSchemas,
  MeridianError,
  type Mode,
  parseEvents,
  parseInput,
  type RowView,
  type StreamDefinition,
  type TotalView,
  type VersionVector,
  type ViewDefinition,
} from '../core/index.ts';
import { conflictsIn, conflictsToRepair } from '../core/log/conflicts.ts';
import { Fold } from '../core/log/fold.ts';
import { rowOf, totalsOf } from '../core/view/view-output.ts';

export type { EffectOf, StateOf, Use, UseDescription, ViewUse, Workload } from '../workload/workload.ts';
export { defineUse, defineWorkload } from '../workload/workload.ts';

/**
 * An event as it was sent: in its type's current version, or in an earlier version that it names. An earlier version
 * passes through the upcasters; its data is checked when the test runs.
 */
export type GivenEvent<Events extends EventVersions> = {
  [Type in keyof Events & string]:
    | { readonly type: Type; readonly schemaVersion: number; readonly data: unknown }
    | { readonly type: Type; readonly schemaVersion?: undefined; readonly data: z.input<Events[Type]['schema']> };
}[keyof Events & string];

/** An event that a command decided, parsed by its schema. */
export type DecidedEvent<Events extends EventVersions> = {
  readonly [Type in keyof Events & string]: { readonly type: Type; readonly data: z.output<Events[Type]['schema']> };
}[keyof Events & string];

/** The context of a command: the stream's `id`, without its type, and the time in milliseconds since 1970. */
export interface Asked {
  /** @default test */
  readonly id?: string;
  /** @default 0 */
  readonly now?: number;
  /**
   * The log that is written, in a type with `escrow`. Events given one after the other are in the log `one`, those of the first branch
   * in `branch-1`, and so on; each is the log of a Region with its name. @default one
   */
  readonly log?: string;
  /** The Regions of the deployment, in a type with `escrow`. @default the log that is written, and those that have events */
  readonly regions?: readonly string[];
}

/** A command's input, which may be omitted if its schema accepts `undefined`. */
type CommandArguments<Input extends z.ZodType> =
  undefined extends z.input<Input> ? [input?: z.input<Input>, asked?: Asked] : [input: z.input<Input>, asked?: Asked];

/** A refusal by the domain: `reject(…)`. */
export interface Rejection {
  readonly rejected: string;
  readonly details: Readonly<Record<string, unknown>> | undefined;
}

/** The command decides that nothing changes. */
export const nothing = Symbol('nothing');

/**
 * The command is rejected.
 * @param message a part of the message
 * @param details the details of the rejection; not compared if omitted
 */
export function rejected(message = '', details?: Readonly<Record<string, unknown>>): Rejection {
  return {
    rejected: message,
    details,
  };
}

/**
 * A stream with these events, one per commit; every writer has seen the previous events. @throws MeridianError
 * `unknown-event`, `validation`: the stream cannot have such an event
 */
export function given<State, Events extends EventVersions, Inputs extends InputSchemas>(
  definition: StreamDefinition<string, Mode, State, Events, Inputs>,
  ...events: readonly GivenEvent<Events>[]
): Given<State, Events, Inputs> {
  return new Given<State, Events, Inputs>(definition, [], {}).and(...events);
}

/** A conflict of events whose writers had not seen each other. */
export interface GivenConflict {
  /** The parts of the state that both sides change; `state` if the type does not say which. */
  readonly about: readonly string[];
  /** True if both sides stay, because no later event has resolved it. */
  readonly open: boolean;
}

/** A stream built by a test. It is immutable: each step returns a new one. */
export class Given<State, Events extends EventVersions, Inputs extends InputSchemas> {
  readonly #definition: StreamDefinition<string, Mode, State>;
  /** The commits, in fold order. */
  readonly #commits: readonly Commit[];
  readonly #seen: VersionVector;

  constructor(definition: StreamDefinition<string, Mode, State>, commits: readonly Commit[], seen: VersionVector) {
    this.#definition = definition;
    this.#commits = commits;
    this.#seen = seen;
  }

  /** Adds events, by writers who have seen all events so far. */
  and(...events: readonly GivenEvent<Events>[]): Given<State, Events, Inputs> {
    return this.#with([['one', events]]);
  }

  /**
   * Events written at the same time: the writers of a branch have seen the events given so far and those of their own
   * branch, but none of the other branches. The first branch has the lowest stamps. To test a rule that must not depend
   * on this order, give the branches in every order. In a `home` stream only if its type has `reconcile`: it is for what two Regions have written.
   */
  concurrently(...branches: readonly (readonly GivenEvent<Events>[])[]): Given<State, Events, Inputs> {
    const { mode, type } = this.#definition;
    if (mode === 'strong' || (mode === 'home' && !hasRepairs(this.#definition)))
      throw new Error(`${type} is a ${mode} stream: its events are never concurrent.`);
    return this.#with(branches.map((events, i) => [`branch-${i + 1}`, events]));
  }

  /** The state after all events. */
  get state(): State {
    let state = this.#definition.initial;
    const fold = new Fold({
      ...this.#definition,
      evolve: (_before, event, context) => {
        // The arguments are frozen, so that an `evolve` that mutates them throws: it would affect the folds of other
        // Regions too.
        state = this.#definition.evolve(deepFreeze(state), deepFreeze(event), context);
        return state;
      },
    });
    for (const commit of this.#commits) fold.apply(commit);
    return state;
  }

  /** The conflicts of the events, in fold order: what each is about, and whether both sides stay. */
  get conflicts(): readonly GivenConflict[] {
    const found = conflictsIn(this.#definition, this.#commits, { limit: this.#commits.length });
    return found.map((conflict) => ({ about: conflict.about.map(({ part }) => part), open: isOpen(conflict) }));
  }

  /** What `reconcile` adds, because conflicts wait for a repair. @throws what `reconcile` throws */
  get repair(): readonly DecidedEvent<Events>[] {
    return checkDecided<Events>(this.#definition, `reconcile of ${this.#definition.type}`, this.#repairOf(this));
  }

  /**
   * The stream after its conflicts were repaired. Every `reconcile` must hold to this law: on its own result it adds nothing more. Call it in
   * a property test with any branches. @throws AssertionError when it adds something twice
   */
  repaired(): Given<State, Events, Inputs> {
    const events = parseEvents(this.#definition, this.#repairOf(this));
    const after = this.#withRepair(events);
    const more = after.#repairOf(this);
    if (more.length === 0) return after;
    throw failure(`reconcile of ${this.#definition.type} adds ${eventTypesOf(more)} to its own result`, more, []);
  }

  /** What `reconcile` adds to this state for the conflicts of a stream. */
  #repairOf(of: Given<State, Events, Inputs>): readonly SentEvent[] {
    const definition = this.#definition;
    const found = conflictsIn(definition, of.#commits, { limit: Number.POSITIVE_INFINITY });
    const waiting = found.filter(({ waits }) => waits);
    if (waiting.length === 0) return [];
    return reconcileWith(definition, deepFreeze(this.state), conflictsToRepair(definition, waiting));
  }

  /** @throws AssertionError when the state differs */
  hasState(expected: State): this {
    same(this.state, expected, `The state of ${this.#definition.type} differs`);
    return this;
  }

  /** @throws AssertionError when the stream's row in a view of rows differs; `undefined`: it has no row */
  hasRow<Row>(view: RowView<State, string, Row>, expected: NoInfer<Row> | undefined, id?: string): this;
  hasRow(view: ViewDefinition<State>, expected: unknown, id = 'test'): this {
    if (view.kind !== 'rows') throw new Error(`View ${view.name} has totals: use hasTotals.`);
    same(rowOf(view, deepFreeze(this.state), id), expected, `The row in ${view.name} differs`);
    return this;
  }

  /** @throws AssertionError when the stream's contribution to a view of totals differs */
  hasTotals<Field extends string>(
    view: TotalView<State, string, Field>,
    expected: Readonly<Record<string, FieldSums<NoInfer<Field>>>>,
    id?: string,
  ): this;
  hasTotals(view: ViewDefinition<State>, expected: unknown, id = 'test'): this {
    if (view.kind !== 'totals') throw new Error(`View ${view.name} has rows: use hasRow.`);
    same(totalsOf(view, deepFreeze(this.state), id), expected, `The totals in ${view.name} differ`);
    return this;
  }

  /**
   * What a command decides on the state. @throws MeridianError `unknown-command`, `validation`: there is no such command, or its
   * input is invalid
   * @throws what `decide` throws, unless it is a refusal
   */
  when<Name extends keyof Inputs & string>(command: Name, ...asked: CommandArguments<Inputs[Name]>): Decision<Events>;
  when(command: string, input?: unknown, { id = 'test', now = 0, log = 'one', regions }: Asked = {}): Decision<Events> {
    const definition = this.#definition;
    const name = `${definition.type}.${command}`;
    const parsed = parseInput(definition, command, input);
    const state = deepFreeze(this.state);
    try {
      const writer = hasEscrow(definition) && { writer: { log, logs: this.#logs(log, regions) } };
      const decided = commandOf(definition, command).decide(state, parsed, { id, now, ...writer });
      return new Decision(name, { events: checkDecided<Events>(definition, name, decided) });
    } catch (error) {
      if (!(error instanceof MeridianError) || error.code !== 'rejected') throw error;
      return new Decision(name, { error });
    }
  }

  #logs(
    own: string,
    regions: readonly string[] = [own, ...this.#commits.map(({ log }) => log)],
  ): Readonly<Record<string, string>> {
    return Object.fromEntries(regions.map((log) => [log, log]));
  }

  #with(
    branches: readonly (readonly [log: string, events: readonly GivenEvent<Events>[]])[],
  ): Given<State, Events, Inputs> {
    const commits = [...this.#commits];
    let seen = this.#seen;
    for (const [log, events] of branches) {
      let context = this.#seen;
      for (const { data, ...event } of parseEvents(this.#definition, events)) {
        const before = context[log] ?? 0;
        const number = commits.length + 1;
        commits.push({
          stream: `${this.#definition.type}/test`,
          log,
          position: before + 1,
          commitId: `${number}`,
          fingerprint: `${number}`,
          events: [{ ...event, data: asStored(data) }],
          context,
          previous: before,
          hlc: number.toString(16).padStart(16, '0'),
          region: log,
          meta: {},
        });
        context = { ...context, [log]: before + 1 };
      }
      seen = { ...seen, [log]: context[log] ?? 0 };
    }
    return new Given(this.#definition, commits, seen);
  }

  /** One commit that has seen everything. */
  #withRepair(events: readonly StoredEvent[]): Given<State, Events, Inputs> {
    const { type } = this.#definition;
    const before = this.#seen.repair ?? 0;
    const place = { log: 'repair', position: before + 1 };
    const number = this.#commits.length + 1;
    const commit: Commit = {
      ...{ stream: `${type}/test`, ...place, commitId: repairIdOf(place), fingerprint: `${number}` },
      ...{ events, context: this.#seen, previous: before, hlc: number.toString(16).padStart(16, '0') },
      ...{ region: 'repair', meta: {}, repair: true },
    };
    return new Given(this.#definition, [...this.#commits, commit], { ...this.#seen, repair: place.position });
  }
}

/** What a command decided. */
export class Decision<Events extends EventVersions> {
  readonly #name: string;
  readonly #outcome:
    | { readonly events: readonly DecidedEvent<Events>[]; readonly error?: never }
    | { readonly events?: never; readonly error: MeridianError };

  constructor(
    name: string,
    outcome: { readonly events: readonly DecidedEvent<Events>[] } | { readonly error: MeridianError },
  ) {
    this.#name = name;
    this.#outcome = outcome;
  }

  /** The events decided. @throws MeridianError `rejected` */
  get events(): readonly DecidedEvent<Events>[] {
    if (this.#outcome.error) throw this.#outcome.error;
    return this.#outcome.events;
  }

  /**
   * Expects exactly these events in this order, `nothing`, or `rejected(…)`. @throws AssertionError when something else
   * was decided
   */
  // biome-ignore lint/suspicious/noThenProperty: the third word of given / when / then; awaiting a decision throws
  then(expected: DecidedEvent<Events> | typeof nothing | Rejection, ...more: readonly DecidedEvent<Events>[]): void {
    if (typeof expected === 'function') throw new Error('A decision is not a promise: do not await or return it.');
    if (expected === undefined) throw new Error('Pass what is expected: events, nothing or rejected(…).');
    const isEvent = typeof expected === 'object' && 'type' in expected;
    if (!isEvent && more.length > 0) throw new Error('Expect either events, or nothing, or rejected(…).');
    if (typeof expected === 'object' && 'rejected' in expected) {
      this.#isRejected(expected);
      return;
    }
    const events = isEvent ? [expected, ...more] : [];
    const { error } = this.#outcome;
    if (error) throw failure(`${this.#name} was rejected: ${error.message}`, error, isEvent ? events : expected);
    same(this.events, json(events), `${this.#name} decided something else`);
  }

  #isRejected({ rejected, details }: Rejection): void {
    const { events, error } = this.#outcome;
    if (!error) throw failure(`${this.#name} was not rejected, it decided ${eventTypesOf(events)}`, events, rejected);
    if (!error.message.includes(rejected))
      throw failure(`${this.#name} was rejected with another message: ${error.message}`, error.message, rejected);
    if (details) same(error.details, details, `${this.#name} was rejected with other details`);
  }
}

/** @throws Error when an event could not be stored */
function checkDecided<Events extends EventVersions>(
  definition: StreamDefinition,
  name: string,
  events: readonly SentEvent[],
): readonly DecidedEvent<Events>[] {
  const isDecided = (event: SentEvent): event is DecidedEvent<Events> => Object.hasOwn(definition.events, event.type);
  try {
    return json(
      parseEvents(definition, events)
        .map(({ type, data }) => ({ type, data }))
        .filter(isDecided),
    );
  } catch (cause) {
    throw new Error(`${name} decided an event that its schema refuses: ${cause}`, { cause });
  }
}

function eventTypesOf(events: readonly { readonly type: string }[] = []): string {
  return events.length > 0 ? events.map(({ type }) => type).join(', ') : 'nothing';
}

/** Returns a value as a store would return it: as JSON, without undefined members. */
function json<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

function same(actual: unknown, expected: unknown, what: string): void {
  try {
    // Compares copies, because objects with equal contents but different prototypes count as equal here.
    deepStrictEqual(structuredClone(actual), structuredClone(expected));
  } catch (error) {
    throw failure(`${what}:\n${error instanceof Error ? error.message : error}`, actual, expected);
  }
}

function failure(message: string, actual: unknown, expected: unknown): AssertionError {
  return new AssertionError({ message, actual, expected, operator: 'deepStrictEqual' });
}
