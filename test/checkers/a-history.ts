// Histories by hand: lines with everything that a test is not about filled in.
import { Evidence } from '../../checkers/evidence/evidence.ts';
import type { Effect, HistoryCommit, Line, LineOf } from '../../checkers/history.ts';

export const EAST = 'us-east-1';
export const WEST = 'us-west-2';
const REGIONS = [EAST, WEST] as const;

export const TYPES = {
  list: { mode: 'home', kind: 'list' },
  register: { mode: 'home', kind: 'register' },
  account: { mode: 'home', kind: 'balance' },
  seats: { mode: 'home', kind: 'seats', capacity: 2 },
  counter: { mode: 'merge', kind: 'counter' },
  set: { mode: 'merge', kind: 'set' },
  tickets: { mode: 'merge', kind: 'escrow' },
  note: { mode: 'merge', kind: 'entries' },
} as const;

/** The evidence of these lines, after a header. */
export function evidence(...lines: readonly Line[]): Evidence {
  return new Evidence([header(), ...lines]);
}

export function header(of: Partial<LineOf<'history'>> = {}): LineOf<'history'> {
  return { line: 'history', format: 1, source: 'simulator', regions: [...REGIONS], types: TYPES, ...of };
}

/** Operation number n takes from 10 n to 10 n + 5 ms, in a session of its own, unless something else is given. */
function operation({ op }: { readonly op: number }) {
  return { op, session: `s${op}`, region: EAST, begin: op * 10, end: op * 10 + 5 };
}

type Given<Name extends Line['line'], Needed extends keyof LineOf<Name>> = Partial<LineOf<Name>> &
  Pick<LineOf<Name>, Needed>;

/** An append that is accepted. Its id is `a` and the number of the operation. */
export function append(of: Given<'append', 'op' | 'stream' | 'effect'>): LineOf<'append'> {
  return { line: 'append', ...operation(of), id: `a${of.op}`, result: 'ok', ...of };
}

export function read(of: Given<'read', 'op' | 'stream'>): LineOf<'read'> {
  return { line: 'read', ...operation(of), result: 'ok', ...of };
}

/** A transaction that commits. Its id is `us-east-1:t` and the number of the operation. */
export function transact(of: Given<'transact', 'op' | 'participants'>): LineOf<'transact'> {
  return { line: 'transact', ...operation(of), id: `${EAST}:t${of.op}`, checks: [], result: 'ok', ...of };
}

export function outcome(of: Given<'outcome', 'id' | 'at' | 'state'>): LineOf<'outcome'> {
  return { line: 'outcome', region: EAST, ...of };
}

/** The stamp of a millisecond. */
export function stampAt(ms: number, counter = 0): string {
  return ms.toString(16).padStart(12, '0') + counter.toString(16).padStart(4, '0');
}

interface GivenCommit extends Partial<Omit<HistoryCommit, 'events'>> {
  readonly stream: string;
  /** Id of the append. */
  readonly commitId: string;
  /** Missing: a commit without events. */
  readonly effect?: Effect;
}

/** A commit in the log of its Region, which is based on the ones before it in this log. */
export function commit(of: GivenCommit): HistoryCommit {
  const { stream, effect, ...given } = of;
  const { log = EAST, position = 1 } = of;
  const type = effect?.do ?? 'none';
  return {
    ...{ log, position, region: log, hlc: stampAt(position * 1000), state: 'visible' },
    context: position > 1 ? { [log]: position - 1 } : {},
    ...given,
    events: effect ? [{ id: `${stream}@${log}.${position}.0`, type, effect }] : [],
  };
}

/** A stream in a Region in the end. */
export function replica(
  stream: string,
  commits: readonly HistoryCommit[],
  state: unknown,
  of: Partial<LineOf<'replica'>> = {},
): LineOf<'replica'> {
  const version: Record<string, number> = {};
  for (const { log, position } of commits) version[log] = Math.max(version[log] ?? 0, position);
  return { line: 'replica', region: EAST, stream, commits: [...commits], version, state, ...of };
}

/** A stream that is the same in every Region in the end. */
export function everywhere(
  stream: string,
  commits: readonly HistoryCommit[],
  state: unknown,
): readonly LineOf<'replica'>[] {
  return REGIONS.map((region) => replica(stream, commits, state, { region }));
}

/** The names of the properties that violations are about. */
export function named(violations: readonly { readonly property: string }[]): readonly string[] {
  return [...new Set(violations.map(({ property }) => property))];
}
