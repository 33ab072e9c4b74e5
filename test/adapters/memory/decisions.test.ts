import { describe, expect, test } from 'vitest';
import { type DecisionChange, memoryDecisions } from '../../../adapters/memory/decisions.ts';
import type { Decision } from '../../../core/index.ts';
import { meddle } from '../../contract/commits.ts';
import { aDecision, anAbort } from '../../contract/decisions.ts';

describe('memory decisions', () => {
  const decisionsThatTell = () => {
    const told: Decision[] = [];
    return { told, decisions: memoryDecisions({ strong: false, onPut: ({ decision }) => told.push(decision) }) };
  };

  test('every new decision is reported once, whether it was made here or in another Region', async () => {
    const { decisions, told } = decisionsThatTell();
    const [own, other] = [aDecision(), anAbort({ attempt: 2, region: 'us-west-2' })];
    await decisions.put(own);
    await decisions.put(anAbort());
    for (const _ of ['once', 'again']) decisions.replicate(other);
    expect(told).toEqual([own, other]);
    expect(await decisions.attempts(own.transaction)).toEqual([own, other]);
  });

  test('a reported decision can already be read', async () => {
    const seen: number[] = [];
    const onPut = async ({ decision: { transaction } }: DecisionChange) =>
      seen.push((await decisions.attempts(transaction)).length);
    const decisions = memoryDecisions({ strong: true, onPut });
    await decisions.put(aDecision());
    expect(seen).toEqual([1]);
  });

  test('stores that replicate to each other share an immutable decision', async () => {
    const there = memoryDecisions({ strong: false });
    const here = memoryDecisions({ strong: false, onPut: ({ decision }, write) => there.replicate(decision, write) });
    await here.put(aDecision());
    const decision = await there.find(aDecision().transaction, 1);
    expect(decision).toBe(await here.find(aDecision().transaction, 1));
    meddle(decision);
    expect(decision).toEqual(aDecision());
  });

  test('changing a decision object after it was replicated does not affect the store', async () => {
    const { decisions } = decisionsThatTell();
    const decision = structuredClone(aDecision());
    decisions.replicate(decision);
    meddle(decision);
    expect(await decisions.find(aDecision().transaction, 1)).toEqual(aDecision());
  });
});
