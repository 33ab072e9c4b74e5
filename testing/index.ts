// Given / when / then for a team's own streams, in any test runner: what does not hold throws an AssertionError of Node.
import { AssertionError, deepStrictEqual } from 'node:assert';
import type { Commit } from '../core/facts/commit.ts';
import {
  commandOf,
  MeridianError,
  type Mode,
  parseEvents,
  parseInput,
  type StreamDefinition,
  type Totals,
  type VersionVector,
  type ViewDefinition,
} from '../core/index.ts';
import { Fold } from '../core/log/fold.ts';

/** An event as it is sent; one in an earlier `version` goes through its upcasters. */
interface GivenEvent {
  readonly type: string;
  readonly schemaVersion?: number;
  readonly data?: unknown;
}

/** What a command is asked about: `id` of the stream, without its type, and the time, milliseconds since 1970. */
interface Asked {
  /** @default test */
  readonly id?: string;
  /** @default 0 */
  readonly now?: number;
}

/** A refusal by the domain: `reject(…)`. */
interface Rejection {
  readonly rejected: string;
  readonly details: Readonly<Record<string, unknown>> | undefined;
}

/** The command decides that nothing changes. */
export const nothing = Symbol('nothing');

/**
 * The command is refused.
 * @param message a part of the message
 * @param details all that is told beside it; left out, it is not looked at
 */
export function rejected(message = '', details?: Readonly<Record<string, unknown>>): Rejection {
  return {
    rejected: message,
    details,
  };
}

/**
 * A stream with these events, one commit each, every writer having seen the ones before.
 * @throws MeridianError `unknown-event`, `validation`: it could not have such an event
 */
export function given<State>(
  definition: StreamDefinition<string, Mode, State>,
  ...events: readonly GivenEvent[]
): Given<State> {
  return new Given(definition, [], {}).and(...events);
}

/** A stream as a test has put it together. It does not change: each step answers a new one. */
export class Given<State> {
  readonly #definition: StreamDefinition<string, Mode, State>;
  /** In fold order. */
  readonly #commits: readonly Commit[];
  readonly #seen: VersionVector;

  constructor(definition: StreamDefinition<string, Mode, State>, commits: readonly Commit[], seen: VersionVector) {
    this.#definition = definition;
    this.#commits = commits;
    this.#seen = seen;
  }

  /** More events, by writers who have seen everything so far. */
  and(...events: readonly GivenEvent[]): Given<State> {
    return this.#with([['one', events]]);
  }

  /**
   * Events written at the same time: the writers of a branch have seen what was given so far, and their own branch, and
   * nothing of the others. The stamps of the first branch come first; a rule that must not depend on that is tested with
   * the branches in every order.
   */
  concurrently(...branches: readonly (readonly GivenEvent[])[]): Given<State> {
    if (this.#definition.mode === 'home')
      throw new Error(`${this.#definition.type} has a home: its events are never written at the same time.`);
    return this.#with(branches.map((events, i) => [`branch-${i + 1}`, events]));
  }

  /** The state after all of it. */
  get state(): State {
    let state = this.#definition.initial;
    const fold = new Fold({
      ...this.#definition,
      evolve: (_before, event, context) => {
        // What evolve changes in place would be changed for other Regions' folds too: here that throws.
        state = this.#definition.evolve(frozen(state), frozen(event), context);
        return state;
      },
    });
    for (const commit of this.#commits) fold.apply(commit);
    return state;
  }

  /** @throws AssertionError when the state is another one */
  hasState(expected: unknown): this {
    same(this.state, expected, `The state of ${this.#definition.type} is another one`);
    return this;
  }

  /** @throws AssertionError when the stream's row in a view of rows is another one; `undefined`: it has none */
  hasRow(view: ViewDefinition<State>, expected: unknown, id = 'test'): this {
    if (view.kind !== 'rows') throw new Error(`View ${view.name} has totals: use hasTotals.`);
    same(view.row(frozen(this.state), id), expected, `The row in ${view.name} is another one`);
    return this;
  }

  /** @throws AssertionError when the stream contributes something else to a view of totals */
  hasTotals(view: ViewDefinition<State>, expected: Totals, id = 'test'): this {
    if (view.kind !== 'totals') throw new Error(`View ${view.name} has rows: use hasRow.`);
    same(view.totals(frozen(this.state), id), expected, `The totals in ${view.name} are others`);
    return this;
  }

  /**
   * What a command decides on the state.
   * @throws MeridianError `unknown-command`, `validation`: it could not be asked so
   * @throws what `decide` throws, unless it is a refusal
   */
  when(command: string, input?: unknown, { id = 'test', now = 0 }: Asked = {}): Decision {
    const definition = this.#definition;
    const name = `${definition.type}.${command}`;
    const parsed = parseInput(definition, command, input);
    const state = frozen(this.state);
    try {
      const decided = commandOf(definition, command).decide(state, parsed, { id, now });
      return new Decision(name, { events: checkDecided(definition, name, decided) });
    } catch (error) {
      if (!(error instanceof MeridianError) || error.code !== 'rejected') throw error;
      return new Decision(name, { error });
    }
  }

  #with(branches: readonly (readonly [log: string, events: readonly GivenEvent[]])[]): Given<State> {
    const commits = [...this.#commits];
    let seen = this.#seen;
    for (const [log, events] of branches) {
      let context = this.#seen;
      for (const event of parseEvents(this.#definition, events)) {
        const before = context[log] ?? 0;
        const number = commits.length + 1;
        commits.push({
          stream: `${this.#definition.type}/test`,
          log,
          position: before + 1,
          commitId: `${number}`,
          fingerprint: `${number}`,
          events: [event],
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
}

/** What a command decided. */
class Decision {
  readonly #name: string;
  readonly #outcome:
    | { readonly events: readonly Decided[]; readonly error?: never }
    | { readonly events?: never; readonly error: MeridianError };

  constructor(name: string, outcome: { readonly events: readonly Decided[] } | { readonly error: MeridianError }) {
    this.#name = name;
    this.#outcome = outcome;
  }

  /** The events decided. @throws MeridianError `rejected` */
  get events(): readonly Decided[] {
    if (this.#outcome.error) throw this.#outcome.error;
    return this.#outcome.events;
  }

  /**
   * Exactly these events, in this order; `nothing`; or `rejected(…)`.
   * @throws AssertionError when something else was decided
   */
  // biome-ignore lint/suspicious/noThenProperty: the third word of given / when / then; what awaits a decision is told so
  then(...expected: readonly Decided[] | readonly [typeof nothing] | readonly [Rejection]): void {
    const [first] = expected;
    if (typeof first === 'function') throw new Error('A decision is no promise: do not await or return it.');
    if (first === undefined) throw new Error('Say what is expected: events, nothing or rejected(…).');
    if (typeof first === 'object' && 'rejected' in first) {
      this.#isRejected(first);
      return;
    }
    const { error } = this.#outcome;
    if (error) throw failure(`${this.#name} was rejected: ${error.message}`, error, expected);
    const events = expected.filter((each) => typeof each === 'object' && 'type' in each);
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

/** An event as it was decided, without its version. */
interface Decided {
  readonly type: string;
  readonly data?: unknown;
}

/** @throws Error when an event is not one that could be stored */
function checkDecided(definition: StreamDefinition, name: string, events: readonly Decided[]): readonly Decided[] {
  try {
    return json(parseEvents(definition, events).map(({ type, data }) => ({ type, data })));
  } catch (cause) {
    throw new Error(`${name} decided an event that its schema refuses: ${cause}`, { cause });
  }
}

function eventTypesOf(events: readonly Decided[] = []): string {
  return events.length > 0 ? events.map(({ type }) => type).join(', ') : 'nothing';
}

/** As a store gives it back: JSON, without what is undefined. */
function json<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

function same(actual: unknown, expected: unknown, what: string): void {
  try {
    // Copies, since two objects of different makers that say the same are the same here.
    deepStrictEqual(structuredClone(actual), structuredClone(expected));
  } catch (error) {
    throw failure(`${what}:\n${error instanceof Error ? error.message : error}`, actual, expected);
  }
}

function failure(message: string, actual: unknown, expected: unknown): AssertionError {
  return new AssertionError({ message, actual, expected, operator: 'deepStrictEqual' });
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value))
    for (const part of Object.values(Object.freeze(value))) frozen(part);
  return value;
}
