import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { decideLost } from '../../bin/decide.ts';
import type { Intent } from '../../core/facts/commit.ts';
import { type Decision, type FinalState, stateIn } from '../../core/facts/decision.ts';
import { parseAttemptId } from '../../core/facts/transaction.ts';
import {
  anIntent,
  arrive,
  BY,
  decidedIn,
  type LeftRegion,
  LONG_AGO,
  LOST,
  OTHER,
  spread,
  statesIn,
  twoSurvivors,
  write,
} from '../core/operate/lost-fixture.ts';
import { askedAs } from './survivors.ts';

/** What the lost Region had decided of an attempt, and what of it had arrived where. */
const attemptArbitrary = fc.record({
  decided: fc.constantFrom<FinalState | undefined>('committed', 'aborted', undefined),
  /** Which Regions have the record. */
  recordedIn: fc.subarray([BY, OTHER]),
  /** Which participants were prepared. */
  prepared: fc.subarray([LOST, BY, OTHER], { minLength: 1 }),
  /** Which of them were made final before the Region was lost. */
  final: fc.subarray([LOST, BY, OTHER]),
  /** Where an intent has arrived that another Region wrote, and whether it was final then. */
  arrived: fc.array(
    fc.record({ from: fc.constantFrom(LOST, BY, OTHER), to: fc.constantFrom(BY, OTHER), isFinal: fc.boolean() }),
  ),
});

type Attempt = typeof attemptArbitrary extends fc.Arbitrary<infer T> ? T : never;

function decisionOf(id: string, { decided, prepared }: Attempt): Decision | undefined {
  if (!decided) return undefined;
  const { transaction, attempt } = parseAttemptId(id);
  const places = prepared.map((region) => anIntent(id, region));
  return {
    ...{ transaction, attempt, state: decided, final: true, fingerprint: `of ${id}`, remaining: 0 },
    ...{ decidedAt: LONG_AGO, region: LOST },
    participants:
      decided === 'committed'
        ? places.map(({ stream, region, log, position }) => ({ stream, region, log, position, version: { [log]: 1 } }))
        : [],
    ...(decided === 'aborted' && {
      reason: { problem: { type: '', title: '', status: 409, detail: '', code: 'stream-busy', retryable: false } },
    }),
  };
}

/** Puts into the tables what had arrived. */
async function place(regions: readonly LeftRegion[], id: string, attempt: Attempt): Promise<void> {
  const decision = decisionOf(id, attempt);
  const stateOf = (region: string): Intent['state'] =>
    attempt.decided && attempt.final.includes(region) ? attempt.decided : 'prepared';
  for (const region of regions) {
    if (decision && attempt.recordedIn.includes(region.name)) arrive(region, decision);
    if (attempt.prepared.includes(region.name)) await write(region, anIntent(id, region.name, stateOf(region.name)));
    for (const { from, to, isFinal } of attempt.arrived)
      if (to === region.name && from === LOST && attempt.prepared.includes(from))
        arrive(region, anIntent(id, from, isFinal ? stateOf(from) : 'prepared'));
  }
}

/** What has to come of an attempt: what a Region that is left shows of it. */
function expectedOf(regions: readonly LeftRegion[], id: string, attempt: Attempt): FinalState {
  const recorded = attempt.decided && attempt.recordedIn.length > 0 ? attempt.decided : undefined;
  const isShown = regions.some((region) =>
    [LOST, BY, OTHER].some((writer) => statesIn(region).get(`${id} in ${writer}`) === 'committed'),
  );
  return recorded ?? (isShown ? 'committed' : 'aborted');
}

const spreads = ([by, other]: readonly [LeftRegion, LeftRegion], direction: number): void => {
  if (direction % 2 === 0) spread(by, other);
  if (direction % 3 === 0) spread(other, by);
};

it('decides every attempt as a Region has shown it, once, wherever it is interrupted and however often it is run', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(attemptArbitrary, { minLength: 1, maxLength: 4 }),
      fc.array(fc.record({ at: fc.nat(30), isBefore: fc.boolean(), direction: fc.nat(6) }), { maxLength: 4 }),
      async (attempts, stops) => {
        const { by, other, both } = await twoSurvivors();
        const ids = attempts.map((_, i) => `${LOST}:t${i}#1`);
        for (const [i, id] of ids.entries()) await place(both, id, attempts[i] as Attempt);
        const held = new Set(
          both.flatMap((region) =>
            [...statesIn(region)].filter(([, state]) => state === 'prepared').map(([key]) => key),
          ),
        );
        const expected = new Map(ids.map((id, i) => [id, expectedOf(both, id, attempts[i] as Attempt)]));

        for (const { at, isBefore, direction } of stops) {
          let calls = 0;
          const stopping = askedAs(both, async (call) => {
            const isLost = calls++ === at;
            if (!(isLost && isBefore)) await call();
            if (isLost) throw new Error('The command was stopped.');
          });
          await decideLost(stopping, { dryRun: false }).catch(() => undefined);
          spreads([by, other], direction);
        }
        await Promise.all([1, 2].map(() => decideLost(askedAs(both), { dryRun: false })));
        spreads([by, other], 6);
        spreads([by, other], 6);

        expect(await decideLost(askedAs(both), { dryRun: false })).toEqual({ decisions: [], intents: [], waiting: [] });
        for (const region of both)
          for (const [key, state] of statesIn(region)) {
            const id = key.split(' ', 1)[0] ?? '';
            if (held.has(key)) expect([key, state]).toEqual([key, expected.get(id)]);
            if ([...held].some((each) => each.startsWith(id))) expect(decidedIn(region).get(id)).toBe(expected.get(id));
          }
        for (const region of both)
          for (const { decision } of region.decisions.items())
            for (const { change } of region.table.items())
              if (
                'commit' in change &&
                change.commit.commitId === `${decision.transaction}#1` &&
                held.has(`${change.commit.commitId} in ${change.commit.region}`)
              )
                expect(stateIn(decision, change.commit)).toBe(change.commit.tx?.state);
      },
    ),
    { numRuns: 300 },
  );
});

it('writes the same to an intent of the lost Region, wherever it is made final', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(attemptArbitrary, { minLength: 1, maxLength: 3 }),
      fc.nat(6),
      async (attempts, direction) => {
        const { by, other, both } = await twoSurvivors();
        for (const [i, attempt] of attempts.entries()) await place(both, `${LOST}:t${i}#1`, attempt);
        const { intents } = await decideLost(askedAs(both), { dryRun: false });
        spreads([by, other], direction);
        const again = await decideLost(askedAs(both), { dryRun: false });
        const states = Map.groupBy([...intents, ...again.intents], ({ intent: { stream, log } }) => `${stream} ${log}`);
        for (const [key, finished] of states)
          expect([key, new Set(finished.map(({ state }) => state)).size]).toEqual([key, 1]);
      },
    ),
    { numRuns: 200 },
  );
});

it('has nothing to decide where all Regions see the same decisions, and makes final what the lost Region wrote', async () => {
  const { by, other } = await twoSurvivors({ strong: true });
  const shared = { ...other, ports: { ...other.ports, decisions: by.decisions } };
  const both = [by, shared];
  const [known, open] = [`${LOST}:known#1`, `${OTHER}:open#1`];
  const attempt: Attempt = { decided: 'committed', recordedIn: [], prepared: [LOST, BY], final: [], arrived: [] };
  const decision = decisionOf(known, attempt);
  if (decision) await by.decisions.put(decision);
  for (const id of [known, open]) arrive(by, anIntent(id, LOST));
  await write(shared, anIntent(open, OTHER));

  const decided = await decideLost(askedAs(both), { dryRun: false });
  expect(decided.decisions.map(({ transaction, state, region }) => [transaction, state, region])).toEqual([
    [`${LOST}:known`, 'committed', LOST],
    [`${OTHER}:open`, 'aborted', OTHER],
  ]);
  expect(decided.intents.map(({ region, intent, state }) => [region, intent.commitId, state])).toEqual([
    [BY, known, 'committed'],
    [BY, open, 'aborted'],
  ]);
  expect(statesIn(by).get(`${known} in ${LOST}`)).toBe('committed');
  // The lost Region does not forward the outcome any more, so that each Region announces it.
  for (const { announced } of both)
    expect(announced.map(({ detailType }) => detailType)).toEqual(['TransactionCommitted']);
  expect(await decideLost(askedAs(both), { dryRun: false })).toEqual({ decisions: [], intents: [], waiting: [] });
});

it('stops before an intent is made final, when a decision of the lost Region arrives after it was decided otherwise', async () => {
  const { by, other, both } = await twoSurvivors();
  const id = `${LOST}:late#1`;
  const attempt: Attempt = { decided: 'committed', recordedIn: [], prepared: [BY, OTHER], final: [], arrived: [] };
  await place(both, id, attempt);
  const decision = decisionOf(id, attempt);
  const late = askedAs(both, async (call) => {
    await call();
    if (decision && decidedIn(by).get(id) === 'aborted' && other.decisions.items().length === 0)
      arrive(other, decision);
  });
  await expect(decideLost(late, { dryRun: false })).rejects.toMatchObject({ code: 'decided-twice' });
  expect([...statesIn(by).values(), ...statesIn(other).values()]).toEqual(['prepared', 'prepared']);
  // The record that was written last is the one that stays.
  spread(by, other);
  const { decisions, intents } = await decideLost(askedAs(both), { dryRun: false });
  expect(decisions.map(({ state }) => state)).toEqual(['aborted']);
  expect(intents.map(({ state }) => state)).toEqual(['aborted', 'aborted']);
});
