import { describe, expect, it } from 'vitest';
import { drivenCore } from './driven-core.ts';
import { type ModelStep, tracesOf } from './traces.ts';

/** Drives the core by a trace, and compares the state after each step. */
async function follow(trace: readonly ModelStep[], strong: boolean): Promise<void> {
  const core = drivenCore(strong);
  for (const [i, step] of trace.entries()) {
    await core.step(step);
    const last = trace.slice(Math.max(0, i - 3), i + 1);
    const title = last.map(({ action, picks }) => `${action} ${JSON.stringify(picks)}`).join('\n');
    expect(step.state, title).toMatchObject(Object(await core.state()));
  }
}

/** Quint needs its seconds, on a busy machine ten times as many. */
const TIMEOUT_MS = 300_000;

describe('the core', { timeout: TIMEOUT_MS }, () => {
  it.each([
    ['eventual', false],
    ['mrsc', true],
  ])('does what the model does, step by step, with %s decisions', async (main, strong) => {
    const of = { file: 'transaction.qnt', main, variable: 'transaction::w', invariants: ['isSound'] };
    const traces = await tracesOf(of, { traces: 15, steps: 40, seed: 1 });
    for (const trace of traces) await follow(trace, strong);
    const actions = new Set(traces.flatMap((trace) => trace.map(({ action }) => action)));
    const all = ['prepare', 'decide', 'finish', 'resolve', 'resolveAttempt', 'end', 'turn', 'appendTo', 'expire'];
    expect([...actions]).toEqual(expect.arrayContaining(all));
    // A decision that is strongly consistent does not have to arrive, and there is no short cut.
    expect(actions.has('arrive') && actions.has('shortCut')).toBe(!strong);
  });
});
