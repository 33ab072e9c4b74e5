// What events do to a state, by the kind of the stream, and when an operation on it is refused: as the form of a history says.
import { canonical } from '../evidence/json.ts';
import type { StreamType } from '../evidence/names.ts';
import type { Effect, Kind } from '../history.ts';

/** A noted text, with the ids of the earlier ones that its writer had not seen. */
export interface Entry {
  readonly id: string;
  readonly commitId: string;
  readonly text: string;
  readonly unseen: readonly string[];
}

type Item = number | string | Entry;

/** A number, and how much of it each log may take. */
export interface Escrow {
  readonly value: number;
  readonly rights: Readonly<Record<string, number>>;
}

/** The ids of the claims, and of those that were refunded, in fold order. */
export interface Claims {
  readonly claims: readonly string[];
  readonly refunds: readonly string[];
}

export type State = number | null | readonly Item[] | Escrow | Claims;

const initial = {
  list: [],
  register: null,
  balance: 0,
  seats: [],
  counter: 0,
  set: [],
  escrow: { value: 0, rights: {} },
  claims: { claims: [], refunds: [] },
  entries: [],
} as const satisfies Readonly<Record<Kind, State>>;

/** The state of a stream without events. */
export function initialOf(kind: Kind): State {
  return initial[kind];
}

/** An event with its origin. */
export interface FoldedEvent {
  readonly id: string;
  readonly commitId: string;
  readonly log: string;
  readonly effect: Effect;
}

/** @param unseen the events, folded before this one, that its writer had not seen */
export function evolve(state: State, event: FoldedEvent, unseen: () => readonly FoldedEvent[]): State {
  const { effect } = event;
  switch (effect.do) {
    case 'write':
      return effect.value;
    case 'add':
      return numberIn(state) + effect.amount;
    case 'append':
      return [...itemsIn(state), effect.value];
    case 'take':
      return [...itemsIn(state), effect.by];
    case 'release':
      return withoutFirst(itemsIn(state), effect.by);
    case 'insert':
      return itemsIn(state).includes(effect.value) ? state : [...itemsIn(state), effect.value];
    case 'remove':
      return unseen().some((other) => other.effect.do === 'insert' && other.effect.value === effect.value)
        ? state
        : withoutFirst(itemsIn(state), effect.value);
    case 'grant':
      return withRights(state, event.log, effect.amount);
    case 'use':
      return withRights(state, event.log, -effect.amount);
    case 'move':
      return withRights(withRights(state, event.log, -effect.amount), effect.to, effect.amount);
    case 'claim': {
      const { claims, refunds } = claimsIn(state);
      return { claims: [...claims, event.commitId], refunds };
    }
    case 'refund': {
      const { claims, refunds } = claimsIn(state);
      return { claims, refunds: [...refunds, effect.id] };
    }
    case 'note': {
      const { id, commitId } = event;
      return [...itemsIn(state), { id, commitId, text: effect.text, unseen: unseen().map((other) => other.id) }];
    }
  }
}

/** The value and what a log may take, both changed by an amount. */
function withRights(state: State, log: string, amount: number): Escrow {
  const { value, rights } = isEscrow(state) ? state : initial.escrow;
  const held = new Map(Object.entries(rights));
  held.set(log, (held.get(log) ?? 0) + amount);
  return { value: value + amount, rights: Object.fromEntries(held) };
}

function withoutFirst(items: readonly Item[], item: Item): readonly Item[] {
  const at = items.indexOf(item);
  return at < 0 ? items : items.toSpliced(at, 1);
}

function numberIn(state: State): number {
  return typeof state === 'number' ? state : 0;
}

export function itemsIn(state: State): readonly Item[] {
  return Array.isArray(state) ? state : [];
}

export function claimsIn(state: unknown): Claims {
  return isClaims(state) ? state : initial.claims;
}

/** True if a state is one of the kind `claims`. */
function isClaims(state: unknown): state is Claims {
  return state !== null && typeof state === 'object' && 'claims' in state && 'refunds' in state;
}

/** What an operation meets that is decided on a state. */
export type Decided = 'changes' | 'changes nothing' | 'refused';

/** Seats without a capacity are never sold out. */
export function decide(
  { kind, capacity = Number.POSITIVE_INFINITY }: StreamType,
  state: State,
  effect: Effect,
): Decided {
  const isChange = (changes: boolean): Decided => (changes ? 'changes' : 'changes nothing');
  switch (effect.do) {
    case 'add':
      return kind === 'balance' && effect.amount < 0 && numberIn(state) + effect.amount < 0
        ? 'refused'
        : isChange(effect.amount !== 0);
    case 'take':
      return itemsIn(state).length >= capacity ? 'refused' : 'changes';
    case 'claim': {
      const { claims, refunds } = claimsIn(state);
      return claims.some((id) => !refunds.includes(id)) ? 'refused' : 'changes';
    }
    case 'release':
      return isChange(itemsIn(state).includes(effect.by));
    case 'insert':
      return isChange(!itemsIn(state).includes(effect.value));
    case 'remove':
      return isChange(itemsIn(state).includes(effect.value));
    default:
      return 'changes';
  }
}

/** Whether there are states in which an operation is refused. */
export function mayBeRefused({ kind, capacity }: StreamType, effect: Effect): boolean {
  if (effect.do === 'claim') return true;
  return effect.do === 'take' ? capacity !== undefined : effect.do === 'add' && kind === 'balance' && effect.amount < 0;
}

/** Whether there are states in which an operation changes nothing, so that no commit need be written for it. */
export function mayChangeNothing(effect: Effect): boolean {
  return ['release', 'insert', 'remove'].includes(effect.do) || (effect.do === 'add' && effect.amount === 0);
}

/** A text that is equal for equal states. The texts of a set have no order. */
export function keyOf(kind: Kind, state: unknown): string {
  if (kind === 'entries' || kind === 'escrow' || kind === 'claims') return canonical(state);
  return JSON.stringify(kind === 'set' && Array.isArray(state) ? state.toSorted() : state) ?? 'undefined';
}

/** True if a state is one of the kind `escrow`. */
export function isEscrow(state: unknown): state is Escrow {
  return state !== null && typeof state === 'object' && 'value' in state && 'rights' in state;
}

/** The only Region that decides an effect on a stream with escrow; undefined if every Region does. */
export function giverIn(effect: Effect): string | undefined {
  return effect.do === 'grant' ? effect.region : effect.do === 'move' ? effect.from : undefined;
}
