// A number that is never negative although every Region takes from it: each takes what its own log may take.
import type { Checker } from './evidence/evidence.ts';
import { show } from './evidence/json.ts';
import type { Stored } from './evidence/stored.ts';
import { covers, showDot } from './evidence/version.ts';
import type { HistoryCommit, LineOf, Violation } from './history.ts';
import { displacedOf } from './reference/fold.ts';
import { type Escrow, giverIn, isEscrow } from './reference/kinds.ts';

/** What was shown of streams with escrow, and who granted and moved. */
export const escrow: Checker = (evidence) => {
  const has = (stream: string): boolean => evidence.typeOf(stream)?.kind === 'escrow';
  const shown = [...evidence.lines('read'), ...evidence.lines('replica')].filter(({ stream }) => has(stream));
  return [
    ...shown.flatMap((line) => {
      const seen = seenIn(evidence.stored.get(line.stream), line);
      const wrong = isEscrow(line.state) ? broken(line.state, missingAfter(seen)) : undefined;
      if (wrong === undefined) return [];
      const what = `${line.region} shows ${show(line.state)} for ${line.stream}: ${wrong}`;
      return [{ property: 'escrow', what, ops: line.line === 'read' ? [line.op] : [], streams: [line.stream] }];
    }),
    ...[...evidence.stored.values()].filter(({ stream }) => has(stream)).flatMap(givenElsewhere),
  ];
};

/** The commits that what was shown was folded from. */
function seenIn(stored: Stored | undefined, { version }: LineOf<'read' | 'replica'>): readonly HistoryCommit[] {
  return (stored?.visible ?? []).filter((commit) => version !== undefined && covers(version, commit));
}

/**
 * What logs may miss because ids were used for two requests, by log: one of the two counts, and what the other had given may have been
 * taken. A copy of the same request takes nothing away: only one log gives, which repeats nothing.
 */
function missingAfter(seen: readonly HistoryCommit[]): ReadonlyMap<string, number> {
  const missing = new Map<string, number>();
  for (const { log, events } of displacedOf(seen))
    for (const { effect } of events) {
      const to = effect.do === 'grant' ? log : effect.do === 'move' ? effect.to : undefined;
      if (to !== undefined && 'amount' in effect) missing.set(to, (missing.get(to) ?? 0) + effect.amount);
    }
  return missing;
}

/** @param missing what was taken from each log after it was given under an id that another request had used */
function broken({ value, rights }: Escrow, missing: ReadonlyMap<string, number>): string | undefined {
  const held = Object.entries(rights);
  if (value < -missing.values().reduce((sum, amount) => sum + amount, 0)) return 'the value is negative';
  if (held.reduce((sum, [, amount]) => sum + amount, 0) !== value) return 'what the logs may take is not the value';
  const [log] = held.find(([name, amount]) => amount < -(missing.get(name) ?? 0)) ?? [];
  return log === undefined ? undefined : `the log ${log} has taken more than it might`;
}

/** A retry of a grant or a move must not be decided twice, so the Region that it names decides. */
function givenElsewhere({ stream, visible }: Stored): readonly Violation[] {
  return visible.flatMap((commit) =>
    commit.events.flatMap(({ effect }) => {
      const giver = giverIn(effect) ?? commit.region;
      if (giver === commit.region) return [];
      const what = `${commit.region} has written ${showDot(commit)} of ${stream}, which ${giver} has to give`;
      return [{ property: 'escrow', what, ops: [], streams: [stream] }];
    }),
  );
}
