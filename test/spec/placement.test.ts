import { describe, expect, it } from 'vitest';
import { placement } from '../../spec/models.ts';
import { DrivenPlacement } from './driven-placement.ts';
import { type ModelStep, tracesOf } from './traces.ts';

/** Drives the core by a trace, and compares the state after each step, and before it, which Regions may append. */
async function follow(trace: readonly ModelStep[]): Promise<void> {
  const core = new DrivenPlacement();
  await core.start();
  for (const [i, step] of trace.entries()) {
    const title = trace
      .slice(0, i + 1)
      .filter(({ action }) => action !== '')
      .map(({ action, picks }) => `${action} ${picks.region} ${picks.f}`)
      .join('\n');
    expect(await core.writers(), `before\n${title}`).toEqual(step.before);
    await core.step(step);
    expect(step.state, title).toMatchObject(Object(await core.state()));
  }
}

/** Quint needs its seconds, on a busy machine ten times as many. */
const TIMEOUT_MS = 300_000;

const ALL = ['begin', 'finish', 'seal', 'deliver', 'learn', 'refresh', 'plan', 'force', 'complete'];

describe('the core', { timeout: TIMEOUT_MS }, () => {
  it('moves a home as the model does, step by step, and lets the same Regions append', async () => {
    const { file, invariants } = placement;
    const of = { file, main: 'observed', variable: 'placement::w', invariants };
    const observed = { init: 'initObserved', step: 'stepObserved', before: 'writers' };
    const traces = await tracesOf({ ...of, observed }, { traces: 30, steps: 60, seed: 1 });
    for (const trace of traces) await follow(trace);
    expect([...new Set(traces.flatMap((trace) => trace.map(({ action }) => action)))]).toEqual(
      expect.arrayContaining(ALL),
    );
  });
});
