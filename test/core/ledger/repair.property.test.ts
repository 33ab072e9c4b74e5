import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEvents, reconcileWith } from '../../../core/definition/stream.ts';
import { type Commit, repairIdOf } from '../../../core/facts/commit.ts';
import { nextStamp } from '../../../core/facts/hlc.ts';
import { conflictsToRepair } from '../../../core/log/conflicts.ts';
import { History } from '../../../core/log/history.ts';
import { type Claims, prize, winnerOf } from '../../../testing/toy.ts';
import { shuffled } from '../log/graph.ts';

const STREAM = 'prize/car';
const REGIONS = ['ap', 'eu', 'us'];

const step = fc.record({
  writer: fc.constantFrom(...REGIONS),
  /** A bit mask: which of the existing commits reach the writer before it writes. */
  learns: fc.nat(0xffff),
  does: fc.constantFrom('claim', 'claim', 'repair'),
  /** The claim that is repeated, in any Region, if it is not refused there. */
  copies: fc.option(fc.nat(20), { freq: 4 }),
  passes: fc.constantFrom(0, 1, 1000, -5000),
});

function historyOf(commits: Iterable<Commit>): History {
  return new History(prize, STREAM, commits);
}

function stateOf(history: History): Claims {
  return history.state as Claims;
}

/** What a Region puts next: a claim that its state allows, or a repair if a conflict waits; undefined: nothing. */
function nextOf(
  history: History,
  { does, id }: { readonly does: string; readonly id: string },
): Commit['events'] | undefined {
  if (does === 'claim')
    return winnerOf(stateOf(history)) ? undefined : [{ type: 'Claimed', schemaVersion: 1, data: { by: id } }];
  const { waiting } = history;
  if (waiting.length === 0) return undefined;
  const events = reconcileWith(prize, history.state, conflictsToRepair(prize, waiting));
  return parseEvents(prize, events);
}

/** A commit at the next position of a Region, which holds these commits. */
function commitOf(
  history: History,
  log: string,
  of: Pick<Commit, 'events' | 'repair'> & { readonly id: string; readonly now: number },
): Commit {
  const position = history.lastPosition(log) + 1;
  const { id, now, events, repair } = of;
  return {
    ...{ stream: STREAM, log, position, events, region: log, meta: {}, context: history.seen },
    previous: history.lastPositionWithEvents(log),
    commitId: repair ? repairIdOf({ log, position }) : id,
    fingerprint: repair ? `${log}.${position}` : id,
    digest: JSON.stringify(events),
    hlc: nextStamp(now, history.latestStamp),
    ...(repair && { repair }),
  };
}

/** The commits of one stream that three Regions claim and repair, each with what it had received from the others. */
const graphs = fc.array(step, { maxLength: 16 }).map((steps) => {
  const all: Commit[] = [];
  const held = new Map(REGIONS.map((region) => [region, new Set<Commit>()]));
  let now = Date.UTC(2001, 0, 1);
  for (const { writer, learns, does, copies, passes } of steps) {
    const mine = held.get(writer) ?? new Set<Commit>();
    for (const [i, commit] of all.entries()) if ((learns >> i) % 2 === 1) mine.add(commit);
    now += Math.max(0, passes);
    const history = historyOf(mine);
    const copied = copies === null ? undefined : all[copies];
    const id = copied && !copied.repair ? copied.commitId : `claim-${all.length}`;
    const isKnown = [...mine].some(({ commitId }) => commitId === id);
    const events = isKnown ? undefined : nextOf(history, { does, id });
    if (!events) continue;
    const repair = does === 'repair' ? ({ repair: true } as const) : {};
    const commit = commitOf(history, writer, { events, id, now: now + Math.min(0, passes), ...repair });
    mine.add(commit);
    all.push(commit);
  }
  return all;
});

const cases = graphs.chain((all) => fc.record({ all: fc.constant(all), arrived: shuffled([...all, ...all]) }));

function placeOf({ log, position }: Pick<Commit, 'log' | 'position'>): string {
  return `${log}.${position}`;
}

/** What waits, and which repairs count. */
function shown(history: History) {
  const conflicts = history.conflicts({ limit: 1_000 });
  return {
    waiting: history.waiting.map(({ commit, against }) => [placeOf(commit), ...against.map(placeOf)]),
    repairedBy: conflicts.map(({ repairedBy }) => repairedBy && placeOf(repairedBy)),
    state: history.state,
  };
}

/** Repairs in one Region that has everything, until nothing waits. @returns the commits, and how many were added */
function settled(all: readonly Commit[]): { readonly history: History; readonly added: number } {
  const history = historyOf(all);
  for (let added = 0; ; added++) {
    const events = nextOf(history, { does: 'repair', id: '' });
    if (!events) return { history, added };
    history.add([commitOf(history, 'us', { events, id: '', now: Date.UTC(2002, 0, 1) + added, repair: true })]);
  }
}

describe('the repairs of a stream', () => {
  it('are the same, and so is what waits for one, in whatever order and however often commits arrive', () => {
    fc.assert(
      fc.property(cases, ({ all, arrived }) => {
        const one = historyOf([]);
        for (const commit of arrived) one.add([commit]);
        expect(shown(one)).toEqual(shown(historyOf(all)));
      }),
      { numRuns: 500 },
    );
  });

  it('compensate each loser exactly once in the end, with at most one more repair', () => {
    fc.assert(
      fc.property(graphs, (all) => {
        const { history, added } = settled(all);
        expect(added).toBeLessThanOrEqual(1);
        const { claims, refunds } = stateOf(history);
        const winner = winnerOf(stateOf(history))?.id;
        expect(refunds.toSorted()).toEqual(
          claims
            .map(({ id }) => id)
            .filter((id) => id !== winner)
            .sort(),
        );
        expect(winner === undefined).toBe(claims.length === 0);
      }),
      { numRuns: 500 },
    );
  });

  it('return nothing more on what they have returned', () => {
    fc.assert(
      fc.property(graphs, (all) => {
        const history = historyOf(all);
        const conflicts = conflictsToRepair(prize, history.waiting);
        const { history: after } = settled(all);
        expect(reconcileWith(prize, after.state, conflicts)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
