import { describe, expect, it } from 'vitest';
import { MeridianError, participateStep } from '../../../core/index.ts';
import { decisionOf, decisionOrAbort, readDecision } from '../../../core/log/decisions.ts';
import { aBusyAttempt, aDecision, anAbort } from '../../contract/decisions.ts';
import { aRegion } from '../a-region.ts';
import { aWorld } from '../transaction/regions.ts';

const ATTEMPT = 'us:order-1#1';
const committed = aDecision({ transaction: 'us:order-1' });

describe('the decision on an attempt', () => {
  it('is known in every Region at once if decisions are strong', async () => {
    const { us, eu, calls } = aWorld();
    expect(await decisionOf(eu, ATTEMPT)).toBeUndefined();
    await us.decisions.put(committed);
    expect(await decisionOf(eu, ATTEMPT)).toEqual(committed);
    expect(calls).toEqual([]);
  });

  it('is queried in the driving Region if decisions are eventual, unless the local replica has it', async () => {
    const { us, eu, calls } = aWorld({ strong: false });
    expect(await decisionOf(us, ATTEMPT)).toBeUndefined();
    expect(calls).toEqual([]);
    expect(await decisionOf(eu, ATTEMPT, 500)).toBeUndefined();
    await us.decisions.put(committed);
    expect(await decisionOf(eu, ATTEMPT)).toEqual(committed);
    expect(calls).toMatchObject([
      { region: 'us', within: 500 },
      { region: 'us', within: undefined },
    ]);
    eu.decisions.replicate(committed);
    expect(await decisionOf(eu, ATTEMPT)).toEqual(committed);
    expect(calls).toHaveLength(2);
  });

  it('belongs to one attempt, not to other attempts of the same transaction', async () => {
    const { us } = aWorld();
    await us.decisions.put(aBusyAttempt({ transaction: 'us:order-1' }));
    expect(await decisionOf(us, 'us:order-1#2')).toBeUndefined();
  });

  it('is read from the local replica if no Region can be queried', async () => {
    const { eu, us } = aWorld({ strong: false });
    await us.decisions.put(committed);
    expect(await readDecision(eu, ATTEMPT, false)).toBeUndefined();
    const { participants: _participants, ...cutOff } = eu;
    expect(await readDecision(cutOff, ATTEMPT, true)).toBeUndefined();
    expect(await readDecision(eu, ATTEMPT, true)).toEqual(committed);
  });

  it('counts for readers as missing if it cannot be read within 2 s, with retries', async () => {
    const { us, eu, cut } = aWorld({ strong: false });
    cut.add('us');
    await expect(decisionOf(eu, ATTEMPT)).rejects.toThrow(expect.objectContaining({ code: 'region-unreachable' }));
    const begun = eu.runtime.elapsed();
    expect(await readDecision(eu, ATTEMPT, true)).toBeUndefined();
    expect(eu.runtime.slept.length).toBeGreaterThan(1);
    expect(eu.runtime.elapsed() - begun).toBeLessThanOrEqual(2000);
    await us.decisions.put(committed);
    const runtime = { ...eu.runtime, sleep: async () => void cut.clear() };
    expect(await readDecision({ ...eu, runtime }, ATTEMPT, true)).toEqual(committed);
  });

  it('does not hide our own bugs from readers', async () => {
    const { us } = aWorld();
    for (const fault of [new Error('a bug'), new MeridianError('internal', 'The item is broken.')]) {
      const decisions = { ...us.decisions, find: () => Promise.reject(fault) };
      await expect(readDecision({ ...us, decisions }, ATTEMPT, false)).rejects.toBe(fault);
    }
  });

  it('is returned by the driving Region only', async () => {
    const { eu } = aWorld({ strong: false });
    await expect(participateStep(eu, { step: 'decision', attemptId: ATTEMPT })).rejects.toThrow(
      expect.objectContaining({ code: 'misdirected' }),
    );
  });
});

describe('an attempt past its deadline', () => {
  it('is aborted, and stays aborted', async () => {
    const { us } = aWorld();
    const aborted = await decisionOrAbort(us, ATTEMPT, 'digest');
    expect(aborted).toMatchObject({
      transaction: 'us:order-1',
      attempt: 1,
      state: 'aborted',
      final: true,
      fingerprint: 'digest',
      reason: { problem: { code: 'deadline-exceeded', status: 409, retryable: false } },
      region: 'us',
    });
    us.runtime.advance(1000);
    expect(await decisionOrAbort(us, ATTEMPT, 'digest')).toEqual(aborted);
    expect(await us.decisions.put(committed)).toEqual(aborted);
  });

  it('stays committed, or busy, if that came first', async () => {
    const { us, eu } = aWorld();
    await us.decisions.put(committed);
    expect(await decisionOrAbort(eu, ATTEMPT, 'digest')).toEqual(committed);
    const busy = aBusyAttempt({ transaction: 'us:order-2' });
    await us.decisions.put(busy);
    expect(await decisionOrAbort(eu, 'us:order-2#1', 'digest')).toEqual(busy);
  });

  it.each([0, 1])(
    'has one decision if it is aborted and committed at the same moment: the first one (%i)',
    async (first) => {
      const { us, eu } = aWorld();
      const commit = async () => (await us.decisions.put(committed)) ?? committed;
      const acts = [commit, () => decisionOrAbort(eu, ATTEMPT, 'digest')];
      const [a, b] = await Promise.all((first ? acts.reverse() : acts).map((act) => act()));
      expect(a).toEqual(b);
      expect(await us.decisions.attempts('us:order-1')).toEqual([a]);
      expect(a?.state).toBe(first ? 'aborted' : 'committed');
    },
  );

  it('is aborted by the driving Region if decisions are eventual, whichever Region asks', async () => {
    const { us, eu } = aWorld({ strong: false });
    const aborted = await decisionOrAbort(eu, ATTEMPT, 'digest');
    expect(aborted).toMatchObject({ state: 'aborted', region: 'us' });
    expect(await us.decisions.find('us:order-1', 1)).toEqual(aborted);
    expect(await eu.decisions.find('us:order-1', 1)).toBeUndefined();
  });

  it('keeps the earlier reason', async () => {
    const { us } = aWorld();
    const { reason } = anAbort();
    expect(await decisionOrAbort(us, ATTEMPT, 'digest', { reason })).toMatchObject({ reason });
  });

  it('cannot be decided if the driving Region is unreachable, or cannot be called', async () => {
    const { eu, cut } = aWorld({ strong: false });
    const { participants: _participants, ...cutOff } = eu;
    await expect(decisionOrAbort(cutOff, ATTEMPT, 'digest')).rejects.toThrow(
      expect.objectContaining({ code: 'unavailable', retryable: true }),
    );
    const forgetful = { invoke: async () => ({ kind: 'decision' }) };
    await expect(decisionOrAbort({ ...eu, participants: forgetful }, ATTEMPT, 'digest')).rejects.toThrow(
      expect.objectContaining({ code: 'unavailable' }),
    );
    cut.add('us');
    await expect(decisionOrAbort(eu, ATTEMPT, 'digest')).rejects.toThrow(
      expect.objectContaining({ code: 'region-unreachable' }),
    );
  });

  it.each([undefined, {}, { kind: 'prepared' }, { kind: 'decision', decision: { transaction: 'us:order-1' } }])(
    'accepts no decision from the invalid response %j',
    async (answer) => {
      const eu = { ...aWorld({ strong: false }).eu, participants: { invoke: async () => answer } };
      await expect(decisionOf(eu, ATTEMPT)).rejects.toThrow();
    },
  );

  it('is decided locally if there is only one Region', async () => {
    const alone = aRegion();
    expect(await decisionOrAbort(alone, ATTEMPT, 'digest')).toMatchObject({ state: 'aborted' });
  });
});
