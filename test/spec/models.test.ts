import { describe, expect, it } from 'vitest';
import { models } from '../../spec/models.ts';
import { runTests, simulate } from '../../spec/quint.ts';

/** Quint needs its seconds, on a busy machine ten times as many. */
const TIMEOUT_MS = 300_000;

const [TRACES, SEED] = [20, 1];

describe.each(models)('the model in $file', { timeout: TIMEOUT_MS }, (model) => {
  const { file, invariants, steps } = model;
  const [instance] = model.instances;
  const [broken] = model.broken;
  if (!instance || !broken) throw new Error(`${file} has no instances.`);

  it('passes its own tests, and its invariants hold in some random traces', async () => {
    const { main, reached } = instance;
    const [tests, simulated] = await Promise.all([
      runTests(file, main),
      simulate({ file, main, invariants, reached, traces: TRACES, steps, seed: SEED }),
    ]);
    expect(tests.failed).toEqual([]);
    expect(tests.passed).not.toEqual([]);
    expect(simulated).toMatchObject({ traces: TRACES, violated: [] });
  });

  it('violates an invariant with a rule off', async () => {
    const { main, violates, within } = broken;
    const of = { file, main, invariants, reached: [violates], traces: within, steps, seed: SEED };
    expect((await simulate(of)).violated).toContain(violates);
  });
});

describe('placement as it was first written down', { timeout: TIMEOUT_MS }, () => {
  it('has a trace in which a forced move loses to a planned one, and two Regions write', async () => {
    expect(await runTests('placement.qnt', 'without_forced')).toEqual({ passed: ['forcedMoveLosesTest'], failed: [] });
  });
});
