import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ACTIONS, ALL_CALLS, aimsAt, CAUSES, LESS, SELDOM } from '../../simulator/calls.ts';
import { Coverage } from '../../simulator/coverage.ts';
import { isProfile, PROFILE_NAMES, planHistory } from '../../simulator/plan.ts';
import { runHistory } from '../../simulator/run-history.ts';

/** The actions of a model: not those that only choose between them, nor the one that takes a recorded write. */
function actionsOf(model: string): readonly string[] {
  const text = readFileSync(new URL(`../../spec/${model}.qnt`, import.meta.url), 'utf8');
  const names = [...text.matchAll(/^ {2}action (\w+)/gm)].flatMap(([, name]) => name ?? []);
  return names.filter((name) => !['init', 'step', 'progress', 'disturbance', 'take'].includes(name));
}

describe('the calls of functions', () => {
  it('that happen least are some of them', () => {
    const named = [...SELDOM, ...LESS, ...CAUSES.flatMap(({ call, of }) => [call, of])];
    expect(named.filter((call) => !ALL_CALLS.includes(call))).toEqual([]);
  });

  it.each(Object.keys(ACTIONS))('are known for every action of the model %s', (model) => {
    expect(Object.keys(ACTIONS[model] ?? {}).sort()).toEqual([...actionsOf(model)].sort());
  });

  it('are all that a history makes', async () => {
    const made = new Set<string>();
    for (const profile of PROFILE_NAMES.filter(isProfile)) {
      const { covered } = await runHistory(planHistory(3, profile));
      for (const each of [...covered.seen, ...covered.possible]) made.add(each.split(' ').slice(0, 2).join(' '));
    }
    expect([...made].filter((call) => !ALL_CALLS.includes(call))).toEqual([]);
    expect(made.size).toBeGreaterThan(0.6 * ALL_CALLS.length);
  });
});

describe('the ways in which a call can fail', () => {
  it('are all that chance is asked for in a history', async () => {
    const aims = new Set(ALL_CALLS.flatMap(aimsAt).map(({ call, fault }) => `${call} ${fault}`));
    for (const profile of ['aimed', 'everything'] as const) {
      const { covered } = await runHistory(planHistory(4, profile));
      expect(covered.possible.filter((outcome) => !aims.has(outcome))).toEqual([]);
    }
  });

  it('are each taken by one of 111 consecutive seeds, and those of calls that happen least by one of 30', () => {
    for (const seed of [1, 2, 1_000_000]) {
      expect(neverTaken(seed, 111, ALL_CALLS)).toEqual([]);
      expect(neverTaken(seed, 30, [...SELDOM, ...LESS])).toEqual([]);
    }
  });
});

/** The ways in which calls can fail that no schedule of these seeds has. */
function neverTaken(first: number, seeds: number, calls: readonly string[]): readonly string[] {
  const taken = new Set(
    Array.from({ length: seeds }, (_, i) => planHistory(first + i, 'aimed', 1).steps).flatMap((steps) =>
      steps.flatMap((step) => (step.kind === 'weather' ? `${step.call} ${step.fault}` : [])),
    ),
  );
  const all = calls.flatMap(aimsAt).map(({ call, fault }) => `${call} ${fault}`);
  return all.filter((aim) => !taken.has(aim));
}

describe('the coverage of histories', () => {
  it('names what could have come of a call and never did, also of one that was never made', () => {
    const coverage = new Coverage();
    coverage.add({
      seen: ['coordinate decisions.put ok', 'coordinate decisions.put port.slow'],
      possible: ['coordinate decisions.put port.slow', 'coordinate decisions.put process.dies'],
    });
    expect(coverage.actions['transaction.decide']).toEqual({
      outcomes: 3,
      unseen: ['coordinate decisions.put process.dies'],
    });
    expect(coverage.unseen).toContain('turn events.mark ok');
    coverage.add({ seen: ['coordinate decisions.put process.dies'], possible: [] });
    expect(coverage.actions['transaction.decide']?.unseen).toEqual([]);
  });
});
