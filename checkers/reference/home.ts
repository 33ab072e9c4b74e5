// A `home` or a `strong` stream as an object with one state, and the operations on it as steps of that object.

import type { Evidence } from '../evidence/evidence.ts';
import { show } from '../evidence/json.ts';
import type { StreamType } from '../evidence/names.ts';
import { type Append, changedNothing, mayHaveWritten, type Transaction } from '../evidence/requests.ts';
import { covers, type Dot, type Version } from '../evidence/version.ts';
import type { Effect, LineOf } from '../history.ts';
import { decide, evolve, initialOf, keyOf, mayBeRefused, type State } from './kinds.ts';
import type { Step } from './linearize.ts';

/** Such a stream between two operations. */
export interface Home {
  readonly value: State;
  /** The dot of the last commit, if it is known. */
  readonly last: Dot | 'none' | 'not known';
  /** The state before the last commit, if that belongs to a transaction: a read may have given up on its decision. */
  readonly before?: State;
  /** The ids of the appends that have taken effect, of those that were refused in another try. */
  readonly applied: readonly string[];
}

export interface HomeStep extends Step<Home> {
  readonly ops: readonly number[];
  /** For messages. */
  readonly what: string;
}

/** A stream whose operations are asked for. */
interface HomeStream {
  readonly evidence: Evidence;
  readonly stream: string;
  readonly type: StreamType;
}

/** The stream without commits. */
export function startOf({ kind }: StreamType): Home {
  return { value: initialOf(kind), last: 'none', applied: [] };
}

export function keyOfHome({ value, last, before }: Home): string {
  return JSON.stringify([value, last, before]);
}

/** The operations on a stream: each append and each part of a transaction once, however often it was tried. */
export function stepsOn(of: HomeStream): readonly HomeStep[] {
  const { appends, transactions } = of.evidence.requests;
  return [
    ...appends
      .filter(({ stream }) => stream === of.stream)
      .flatMap((append) => [...changesOf(of, append), ...answersOf(of, append)]),
    ...transactions.flatMap((transaction) => partOf(of, transaction)),
    ...readsOf(of),
  ];
}

/** Steps that are not known to be committed are tried last. */
const LAST = Number.MAX_SAFE_INTEGER;

/** The effect of an append that is committed, or may be. */
function changesOf({ type }: HomeStream, append: Append): readonly HomeStep[] {
  const { id, fate, begin, end, commits } = append;
  const tries = append.tries.filter(mayHaveWritten);
  const [first] = tries;
  if (!first || fate === 'none') return [];
  const { effect } = first;
  const dot = tries.find((each) => each.dot)?.dot ?? commits?.[0];
  const isRefusedToo = tries.length < append.tries.length;
  const apply = (home: Home) => {
    if (!tries.some(({ expected }) => isExpected(expected, home))) return undefined;
    // A release of nothing is not written.
    if (effect.do === 'release' && decide(type, home.value, effect) !== 'changes') return undefined;
    const next = changed(type, home, effect, dot);
    return next && isRefusedToo ? { ...next, applied: [...home.applied, id] } : next;
  };
  const what = `append ${first.op}, ${show(effect)}`;
  const ops = tries.map(({ op }) => op);
  return [{ begin, end, apply, what, ops, must: fate === 'committed', isRead: false, guess: dot?.position ?? LAST }];
}

/** What answers without an effect say about the state. */
function answersOf({ type }: HomeStream, append: Append): readonly HomeStep[] {
  return append.tries.flatMap((each) => {
    const isPossible = conditionOf(type, each);
    const { op, effect, begin, end, code = 'nothing changed' } = each;
    return isPossible
      ? [lookOf({ begin, end, ops: [op], what: `append ${op}, ${show(effect)}: ${code}` }, isPossible)]
      : [];
  });
}

/** When an append gets such an answer; undefined if the answer says nothing about the state. */
function conditionOf(type: StreamType, each: LineOf<'append'>): ((home: Home) => boolean) | undefined {
  const { id, effect, expected, code, result } = each;
  if (changedNothing(each)) return ({ value }) => decide(type, value, effect) === 'changes nothing';
  if (result !== 'refused') return undefined;
  if (code === 'rejected' && mayBeRefused(type, effect))
    return ({ value, applied }) => decide(type, value, effect) === 'refused' && !applied.includes(id);
  if (code === 'version-conflict' && expected) return (home) => !isCertainlyAt(expected, home);
  return undefined;
}

/** A step that looks at the state only. */
function lookOf(
  {
    end = Number.POSITIVE_INFINITY,
    ...of
  }: Pick<HomeStep, 'begin' | 'ops' | 'what'> & { readonly end?: number | undefined },
  isPossible: (home: Home) => boolean,
): HomeStep {
  const apply = (home: Home) => (isPossible(home) ? home : undefined);
  return { ...of, end, apply, must: true, isRead: true, guess: LAST };
}

/** The part of a transaction on the stream: its effect, or what it has checked. */
function partOf({ evidence, stream, type }: HomeStream, transaction: Transaction): readonly HomeStep[] {
  const { id, fate, begin, end } = transaction;
  const tries = transaction.tries.filter(mayHaveWritten);
  const [first] = tries;
  if (!first || fate === 'none') return [];
  const must = fate === 'committed';
  const ops = tries.map(({ op }) => op);
  const changes = first.participants.flatMap((part): readonly HomeStep[] => {
    if (part.stream !== stream) return [];
    const { effect } = part;
    const dot = evidence.stored
      .get(stream)
      ?.commitsOfTransaction(id)
      .find(({ events }) => events.length > 0);
    const apply = (home: Home) => {
      const next = changed(type, home, effect, dot);
      return next && next !== home ? { ...next, before: home.value } : next;
    };
    const what = `transaction ${first.op}, ${show(effect)}`;
    return [{ begin, end, ops, what, apply, must, isRead: false, guess: dot?.position ?? LAST }];
  });
  const checks = first.checks.flatMap(({ state, ...check }): readonly HomeStep[] => {
    if (check.stream !== stream || !must || state === undefined) return [];
    const key = keyOf(type.kind, state);
    const what = `the check of transaction ${first.op}, ${show(state)}`;
    return [lookOf({ begin, end, ops, what }, ({ value }) => keyOf(type.kind, value) === key)];
  });
  return [...changes, ...checks];
}

/** The reads that have to show the state at their time. */
function readsOf({ evidence, stream, type: { kind } }: HomeStream): readonly HomeStep[] {
  return evidence.lines('read').flatMap((read) => {
    const { op, begin, end, result, state, atLeast = {} } = read;
    if (read.stream !== stream || !evidence.isCurrent(read) || result !== 'ok' || state === undefined) return [];
    const key = keyOf(kind, state);
    return lookOf({ begin, end, ops: [op], what: `read ${op}, ${show(state)}` }, ({ value, last, before }) => {
      if (keyOf(kind, value) === key) return true;
      const isNamed = typeof last === 'object' && covers(atLeast, last);
      return before !== undefined && evidence.mayLackDecision(read) && !isNamed && keyOf(kind, before) === key;
    });
  });
}

/** @returns the stream as it was if nothing changes; undefined if the effect is refused */
function changed(type: StreamType, home: Home, effect: Effect, dot: Dot | undefined): Home | undefined {
  const decided = decide(type, home.value, effect);
  if (decided === 'refused') return undefined;
  if (decided === 'changes nothing' && !dot) return home;
  const value = evolve(home.value, { id: '', commitId: '', log: '', effect }, () => []);
  return { value, last: dot ? { log: dot.log, position: dot.position } : 'not known', applied: home.applied };
}

/** Whether an append that names a version may be made now. */
function isExpected(expected: Version | undefined, { last }: Home): boolean {
  return expected === undefined || typeof last !== 'object' || covers(expected, last);
}

/** Whether the stream is at exactly this version, so that no append may be refused for it. */
function isCertainlyAt(expected: Version, { last }: Home): boolean {
  const positions = Object.values(expected).filter((position) => position > 0);
  if (last === 'not known') return false;
  return last === 'none' ? positions.length === 0 : positions.length === 1 && expected[last.log] === last.position;
}
