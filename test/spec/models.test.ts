import { describe, expect, it } from 'vitest';
import { models } from '../../spec/models.ts';
import { runTests, simulate } from '../../spec/quint.ts';

/** Quint needs its seconds, on a busy machine ten times as many. */
const TIMEOUT_MS = 300_000;

const [TRACES, SEED] = [10, 1];

describe.each(models)('the model in $file', { timeout: TIMEOUT_MS }, ({ file, instances: [instance] }) => {
  it('passes its own tests', async () => {
    const { passed, failed } = await runTests(file, instance?.main ?? '');
    expect(failed).toEqual([]);
    expect(passed).not.toEqual([]);
  });
});

// The traces that drive the core check those of transactions and of placement, and `npm run model` every instance and every rule.
const others = models.filter(({ file }) => file === 'replication.qnt');

describe.each(others)(
  'the model in $file',
  { timeout: TIMEOUT_MS },
  ({ file, invariants, steps, instances, broken }) => {
    const of = { file, invariants, steps, seed: SEED };

    it.each(instances)('has invariants that hold in some random traces of $main', async ({ main, reached }) => {
      expect(await simulate({ ...of, main, reached, traces: TRACES })).toMatchObject({ traces: TRACES, violated: [] });
    });

    it.each(broken.slice(0, 1))('violates $violates in $main', async ({ main, violates, within }) => {
      expect((await simulate({ ...of, main, reached: [violates], traces: within })).violated).toContain(violates);
    });
  },
);

describe('placement as it was first written down', { timeout: TIMEOUT_MS }, () => {
  it('has a trace in which a forced move loses to a planned one, and two Regions write', async () => {
    expect(await runTests('placement.qnt', 'without_forced')).toEqual({ passed: ['forcedMoveLosesTest'], failed: [] });
  });
});
