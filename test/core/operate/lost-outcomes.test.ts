import { describe, expect, it } from 'vitest';
import { attemptIdOf } from '../../../core/facts/decision.ts';
import { advanceVersion } from '../../../core/facts/version.ts';
import { intentsToFinish, outcomesOfLost } from '../../../core/operate/lost-outcomes.ts';
import type { LostIntent } from '../../../core/wire/lost.ts';
import { aBusyAttempt, aDecision } from '../../contract/decisions.ts';
import { anIntent, BY, LOST, OTHER } from './lost-fixture.ts';

const DECIDING = { by: BY, now: 7 };

function found(
  id: string,
  region: string,
  state: LostIntent['state'] = 'prepared',
  of: Partial<LostIntent> = {},
): LostIntent {
  const { stream, log, position, commitId, fingerprint, context, tx } = anIntent(id, region, state);
  const deadline = tx?.deadline ?? 0;
  const version = advanceVersion(context, { log, position });
  return { stream, log, position, commitId, fingerprint, region, state, deadline, version, ...of };
}

const outcomes = (
  intents: readonly LostIntent[],
  decisions = [] as Parameters<typeof outcomesOfLost>[0]['decisions'],
) => outcomesOfLost({ lost: LOST, intents, decisions }, DECIDING);

describe('the outcome of an attempt that a lost Region drives', () => {
  const id = `${LOST}:t#2`;
  const known = aDecision({ transaction: `${LOST}:t`, attempt: 2 });

  it('is the decision that a Region has', () => {
    expect(outcomes([found(id, BY)], [aDecision({ ...known, attempt: 3 }), known])).toEqual([known]);
  });

  it('is committed if an intent of it is, with all that have arrived and are not aborted', () => {
    const intents = [found(id, BY), found(id, OTHER, 'committed'), found(id, OTHER), found(id, LOST)];
    const [outcome] = outcomes(intents);
    expect(outcome).toMatchObject({
      state: 'committed',
      final: true,
      fingerprint: `of ${id}`,
      decidedAt: 7,
      region: BY,
    });
    expect(outcome?.participants.map(({ region }) => region)).toEqual([BY, OTHER, LOST]);
    const { stream, log, position, version } = found(id, BY);
    expect(outcome?.participants[0]).toEqual({ stream, region: BY, log, position, version });
    const [without] = outcomes([found(id, BY, 'aborted'), found(id, OTHER, 'committed')]);
    expect(without?.participants.map(({ region }) => region)).toEqual([OTHER]);
  });

  it('lists one intent of each stream, the committed one if there is one', () => {
    const moved = found(id, BY);
    const before = { ...moved, log: LOST, region: LOST };
    const pairs: readonly LostIntent[][] = [
      [before, { ...moved, state: 'committed' }],
      [{ ...before, state: 'committed' }, moved],
    ];
    expect(pairs.map((intents) => outcomes(intents)[0]?.participants.map(({ log }) => log))).toEqual([[BY], [LOST]]);
    const [first] = outcomes([before, moved, found(id, OTHER, 'committed')]);
    expect(first?.participants.map(({ log }) => log)).toEqual([LOST, OTHER]);
  });

  it('is aborted otherwise, and final unless a later attempt is known', () => {
    expect(outcomes([found(id, BY), found(id, OTHER, 'aborted')])).toEqual([
      expect.objectContaining({ state: 'aborted', final: true, participants: [], remaining: 0, region: BY }),
    ]);
    const later = outcomes([found(id, BY), found(`${LOST}:t#3`, BY)]);
    expect(later.map(({ attempt, final }) => [attempt, final])).toEqual([
      [2, false],
      [3, true],
    ]);
    const followed = outcomes([found(id, BY)], [aBusyAttempt({ transaction: `${LOST}:t`, attempt: 3 })]);
    expect(followed.map(({ final }) => final)).toEqual([false]);
    const earlier = outcomes([found(id, BY)], [aBusyAttempt({ transaction: `${LOST}:t`, attempt: 1 })]);
    expect(earlier.map(({ final, reason }) => [final, reason?.problem.code])).toEqual([[true, 'region-unreachable']]);
    expect(outcomes([found(id, BY), found(`${LOST}:u#3`, BY)]).map(({ final }) => final)).toEqual([true, true]);
  });

  it('of an attempt that another Region drives is made there', () => {
    expect(outcomes([found(`${OTHER}:t#1`, LOST)]).map(({ region }) => region)).toEqual([OTHER]);
  });
});

describe('intents of decided attempts', () => {
  it('are made final where they were written, those of the lost Region wherever they are not', () => {
    const id = `${LOST}:t#1`;
    const [own, lost, copy] = [found(id, BY), found(id, LOST), found(id, OTHER)];
    const decision = aDecision({ transaction: `${LOST}:t`, attempt: 1, participants: [own] });
    expect(attemptIdOf(decision)).toBe(id);
    const held = new Map([
      [BY, [own, lost, copy, found(`${LOST}:u#1`, BY)]],
      [OTHER, [lost]],
    ]);
    expect(
      intentsToFinish(held, [decision], LOST).map(({ region, intent, state }) => [region, intent.log, state]),
    ).toEqual([
      [BY, BY, 'committed'],
      [BY, LOST, 'aborted'],
      [OTHER, LOST, 'aborted'],
    ]);
  });
});
