import { describe, expect, it } from 'vitest';
import { attemptIdOf } from '../../../core/facts/decision.ts';
import { placementOf } from '../../../core/facts/placement.ts';
import { defineDomain } from '../../../core/index.ts';
import { note } from '../../../testing/toy.ts';
import { aDecision, anAbort } from '../../contract/decisions.ts';
import { anIntent, arrive, aSurvivor, BY, LOST, OTHER, twoSurvivors, write } from './lost-fixture.ts';
import { ask, noted } from './verify-fixture.ts';

const ID = `${LOST}:t#1`;
const ELSEWHERE = `${OTHER}:t#1`;
const anAttempt = { transaction: `${LOST}:t`, attempt: 1, region: LOST };
const placeOf = ({ stream, log, position, commitId }: ReturnType<typeof anIntent>) => ({
  stream,
  log,
  position,
  commitId,
});

describe('the intents of a lost Region', () => {
  it('are those that are not final, and that it wrote or drives', async () => {
    const { by } = await twoSurvivors();
    await write(by, anIntent(ID, BY));
    arrive(by, anIntent(ELSEWHERE, LOST));
    await write(by, anIntent(ELSEWHERE, BY));
    await write(by, anIntent(`${LOST}:final#1`, BY, 'committed'));
    await by.table.put(noted(1));
    const { scanned, intents, cursor } = await ask(by.ports, 'lost-scan', { lost: LOST });
    expect([scanned, cursor]).toEqual([5, undefined]);
    expect(intents.map(({ commitId, region }) => [commitId, region]).sort()).toEqual([
      [ID, BY],
      [ELSEWHERE, LOST],
    ]);
  });

  it('are read page by page, of given attempts in any state', async () => {
    const { by } = await twoSurvivors();
    for (let i = 0; i < 101; i++) await by.table.put(noted(i + 1));
    await write(by, anIntent(ID, BY, 'aborted'));
    await write(by, anIntent(`${LOST}:other#1`, BY));
    await by.table.putDecision(aDecision({ transaction: `${BY}:one` }));
    const asked = { lost: LOST, attempts: [ID] };
    const first = await ask(by.ports, 'lost-scan', asked);
    const second = await ask(by.ports, 'lost-scan', { ...asked, cursor: first.cursor });
    const intent = anIntent(ID, BY);
    expect([...first.intents, ...second.intents]).toEqual([
      {
        ...placeOf(intent),
        fingerprint: `of ${ID}`,
        region: BY,
        state: 'aborted',
        deadline: intent.tx?.deadline,
        version: { [BY]: 1 },
      },
    ]);
    // A commit that is no intent may have any id.
    expect((await ask(by.ports, 'lost-scan', { lost: LOST, attempts: ['us-east-1-1'] })).intents).toEqual([]);
  });
});

describe('a decision in the place of a lost Region', () => {
  it('is the first one that is recorded, and is announced, because that Region does not do it', async () => {
    const { by } = await twoSurvivors();
    const [first, second] = [anAbort(anAttempt), aDecision({ ...anAttempt, fingerprint: 'other' })];
    for (const decision of [first, second])
      expect(await ask(by.ports, 'lost-decide', { lost: LOST, decision })).toEqual({ decision: first });
    expect(by.announced.map(({ detailType }) => detailType)).toEqual(['TransactionAborted', 'TransactionAborted']);
    expect(await ask(by.ports, 'lost-decisions', { transactions: [`${LOST}:t`, `${LOST}:none`] })).toEqual({
      decisions: [first],
    });
  });

  it('is not announced by the Region that drives the transaction: its stream of decisions does that', async () => {
    const { other } = await twoSurvivors();
    const decision = anAbort({ ...anAttempt, transaction: `${OTHER}:t` });
    expect(await ask(other.ports, 'lost-decide', { lost: LOST, decision })).toEqual({ decision });
    expect(other.announced).toEqual([]);
  });

  it('has to be repeated when the bus refuses it', async () => {
    const { by } = await twoSurvivors();
    const refusing = { ...by.ports, bus: { put: async (all: readonly unknown[]) => all.map(() => 'throttled') } };
    const decision = anAbort(anAttempt);
    const asked = ask(refusing, 'lost-decide', { lost: LOST, decision });
    await expect(asked).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    expect(await ask(by.ports, 'lost-decide', { lost: LOST, decision })).toEqual({ decision });
  });

  it.each([
    ['of a Region that is left, in another one', `${OTHER}:t`],
    ['of a third Region', 'eu-west-1:t'],
  ])('is refused %s', async (_, transaction) => {
    const { by } = await twoSurvivors();
    const decision = anAbort({ ...anAttempt, transaction });
    await expect(ask(by.ports, 'lost-decide', { lost: LOST, decision })).rejects.toMatchObject({ code: 'validation' });
    expect(by.decisions.items()).toEqual([]);
  });
});

describe('an intent', () => {
  it.each([LOST, BY])('that %s wrote is made final here, once', async (region) => {
    const { by } = await twoSurvivors();
    const intent = anIntent(ID, region);
    await by.table.put(intent);
    const asked = { lost: LOST, intent: placeOf(intent), state: 'committed' } as const;
    expect(await ask(by.ports, 'lost-finish', asked)).toEqual({ finished: true });
    expect(await ask(by.ports, 'lost-finish', asked)).toEqual({ finished: false });
    expect((await by.table.at(intent.stream, region, 1))?.tx?.state).toBe('committed');
    await expect(ask(by.ports, 'lost-finish', { ...asked, state: 'aborted' })).rejects.toMatchObject({
      code: 'internal',
    });
  });

  it('that has not arrived is left alone', async () => {
    const { by } = await twoSurvivors();
    const asked = { lost: LOST, intent: placeOf(anIntent(ID, LOST)), state: 'committed' } as const;
    expect(await ask(by.ports, 'lost-finish', asked)).toEqual({ finished: false });
    expect(by.table.items()).toEqual([]);
  });

  it('in the log that all Regions write is refused', async () => {
    const { by } = await twoSurvivors();
    const intent = { ...placeOf(anIntent(ID, LOST)), log: 'global' };
    const asked = ask(by.ports, 'lost-finish', { lost: LOST, intent, state: 'aborted' });
    await expect(asked).rejects.toMatchObject({ details: { faults: [{ path: 'intent.log' }] } });
  });

  it('that another Region wrote is refused', async () => {
    const { by } = await twoSurvivors();
    await by.table.put(anIntent(ID, OTHER));
    const asked = { lost: LOST, intent: placeOf(anIntent(ID, OTHER)), state: 'aborted' } as const;
    await expect(ask(by.ports, 'lost-finish', asked)).rejects.toMatchObject({ code: 'validation' });
  });
});

describe('what is decided in the place of a Region', () => {
  const decision = anAbort(anAttempt);
  const finishing = { intent: placeOf(anIntent(ID, LOST)), state: 'aborted' } as const;

  it.each([
    ['that is not taken for lost', { acting: BY, sources: [LOST], lost: [], kind: 'planned' as const }],
    ['that writes its streams at home', undefined],
  ])('is refused of one %s', async (_, of) => {
    const region = aSurvivor(BY);
    const entry = of && { forced: 0, epoch: 1, by: LOST, at: 0, ...of };
    region.placements.replicate({ region: LOST, revision: 1, entries: entry ? { [LOST]: entry } : {} });
    await region.table.put(anIntent(ID, LOST));
    for (const asked of [
      ask(region.ports, 'lost-decide', { lost: LOST, decision }),
      ask(region.ports, 'lost-finish', { lost: LOST, ...finishing }),
    ])
      await expect(asked).rejects.toMatchObject({ code: 'validation', details: { faults: [{ path: 'lost' }] } });
    expect(region.decisions.items()).toEqual([]);
  });

  it('is refused of one that is not taken for lost, also where no type has a home', async () => {
    const { ports } = aSurvivor(BY);
    const without = { ...ports, domain: defineDomain({ streams: [note], views: [] }) };
    await expect(ask(without, 'lost-decide', { lost: LOST, decision })).rejects.toMatchObject({ code: 'validation' });
  });

  it('is refused in the Region itself', async () => {
    const { by } = await twoSurvivors();
    const itself = { ...by.ports, region: LOST };
    await expect(ask(itself, 'lost-decide', { lost: LOST, decision })).rejects.toMatchObject({ code: 'validation' });
  });

  it('is allowed of one that was drained, once all of its moves are complete', async () => {
    const region = aSurvivor(BY);
    const entry = { forced: 0, epoch: 1, by: BY, kind: 'planned', acting: BY, sources: [], lost: [], at: 0 } as const;
    region.placements.replicate({ region: BY, revision: 1, entries: { [LOST]: entry } });
    expect(placementOf(await region.placements.records())[LOST]?.acting).toBe(BY);
    const asked = await ask(region.ports, 'lost-decide', { lost: LOST, decision });
    expect(attemptIdOf(asked.decision)).toBe(ID);
  });
});
