// A rule says how one part of a state is made of the changes to it, so that all Regions reach the same state: changes come
// in fold order, and for each it is known what its writer had seen.
import type { EvolveContext, KnowsConflicts } from '../definition/conflicts.ts';
import type { RecordedEvent } from '../definition/stream.ts';
import type { Disagreement } from '../facts/conflict.ts';

/** A change to one part of a state. */
export interface Made<Change> {
  /** The id of its event, which no other event has. */
  readonly by: string;
  readonly change: Change;
}

/** What the writer of a change had seen. */
export interface Writer<Change> {
  /** Whether it had seen an earlier change, by the id of its event. */
  saw(by: string): boolean;
  /**
   * The changes that are folded before this one although it had not seen them, in fold order. Computed on access, from all
   * events that it had not seen.
   */
  readonly unseen: readonly Made<Change>[];
}

/** How one part of a state is made of the changes to it. Pure, and its states are JSON. */
export interface Rule<State, Change> {
  /** What conflicts are shown with. @default custom */
  readonly name?: string;
  /** The state without changes. */
  readonly initial: State;
  apply(state: State, made: Made<Change>, writer: Writer<Change>): State;
  /**
   * What two changes conflict about whose writers had not seen each other; none: they do not conflict.
   * @default about the whole part, whatever the changes are, and the rule decides
   */
  conflicts?(a: Change, b: Change): readonly Conflicting[];
}

/** What two changes of one part conflict about. */
export interface Conflicting {
  /** A field, key or element. @default the whole part */
  readonly at?: string;
  /** True if both stay, until a later change that has seen them. @default the rule decides between them */
  readonly isOpen?: boolean;
}

/** The rules of the parts of a state, by name. */
// biome-ignore lint/suspicious/noExplicitAny: a rule takes its own changes only, so no single type includes all rules
export type Rules = Readonly<Record<string, Rule<any, any>>>;

/** The state that rules make: each part by its name. */
export type StateOf<Parts extends Rules> = {
  readonly [Part in keyof Parts]: Parts[Part] extends Rule<infer State, infer _Change> ? State : never;
};

/** What an event changes: each part at most once. One that is undefined is not changed. */
export type ChangesOf<Parts extends Rules> = {
  readonly [Part in keyof Parts]?: Parts[Part] extends Rule<infer _State, infer Change> ? Change | undefined : never;
};

/** What each type of event changes. */
export type ChangesBy<Parts extends Rules, Event extends RecordedEvent> = {
  readonly [Type in Event['type']]: (event: Extract<Event, { readonly type: Type }>) => ChangesOf<Parts>;
};

/** The state of a stream without events, if rules make it. */
export function initialBy<Parts extends Rules>(rules: Parts): StateOf<Parts>;
// Each member of the result is the state of the rule with its name, which the compiler cannot infer.
export function initialBy(rules: Rules): object {
  return Object.fromEntries(Object.entries(rules).map(([part, { initial }]) => [part, initial]));
}

/**
 * An `evolve` that makes each part of a state by its rule, and knows which events conflict.
 * @param changes what each type of event changes: a pure function of the event
 */
export function evolveBy<Parts extends Rules, Event extends RecordedEvent>(
  rules: Parts,
  changes: ChangesBy<Parts, Event>,
): (state: StateOf<Parts>, event: Event, context: EvolveContext<Event>) => StateOf<Parts> {
  function evolve(state: StateOf<Parts>, event: Event, context: EvolveContext<Event>): StateOf<Parts> {
    const parts = Object.entries(changesOf(changes, event)).flatMap(([part, change]): [string, unknown][] => {
      if (change === undefined) return [];
      const rule = Object.hasOwn(rules, part) ? rules[part] : undefined;
      if (!rule) throw new Error(`An event of the type ${event.type} changes ${part}, which has no rule.`);
      const writer = {
        saw: context.saw,
        get unseen() {
          return context.concurrent.flatMap((other) => {
            const others = new Map<string, unknown>(Object.entries(changesOf(changes, other)));
            const of = others.get(part);
            return of === undefined ? [] : [{ by: other.id, change: of }];
          });
        },
      };
      return [[part, rule.apply(state[part], { by: event.id, change }, writer)]];
    });
    return { ...state, ...Object.fromEntries(parts) };
  }
  function disagreements(a: Event, b: Event): readonly Disagreement[] {
    const others = new Map(Object.entries(changesOf(changes, b)));
    return Object.entries(changesOf(changes, a)).flatMap(([part, change]) => {
      const [other, rule] = [others.get(part), Object.hasOwn(rules, part) ? rules[part] : undefined];
      if (change === undefined || other === undefined || !rule) return [];
      const conflicts: readonly Conflicting[] = rule.conflicts ? rule.conflicts(change, other) : [{}];
      return conflicts.map(({ at, isOpen = false }) => ({
        part: at === undefined ? part : `${part}.${at}`,
        rule: rule.name ?? 'custom',
        isOpen,
      }));
    });
  }
  const knows: KnowsConflicts<Event> = { disagreements };
  return Object.assign(evolve, knows);
}

/** What an event changes, by part. */
function changesOf(changes: object, event: RecordedEvent): object {
  if (!Object.hasOwn(changes, event.type))
    throw new Error(`It is not said what an event of the type ${event.type} changes.`);
  return Reflect.apply(Reflect.get(changes, event.type), undefined, [event]);
}
