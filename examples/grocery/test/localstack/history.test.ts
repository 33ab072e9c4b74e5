import { expect, it, vi } from 'vitest';
import { record } from '../../../../bin/record/record.ts';
import { checkReachable } from '../../../../bin/smoke/read-checks.ts';
import { judgeHistory } from '../../../../checkers/index.ts';
import { describeWithLocalStack } from '../../../../test/localstack/describe-with-localstack.ts';
import { workload } from '../../workload.ts';
import { NAME } from './deployment.ts';

/** Functions start for the first time, on a slow machine. */
const TEST_MS = 240_000;

describeWithLocalStack('the history of clients of the deployed grocery', (endpoint) => {
  it('breaks no promise', { timeout: TEST_MS }, async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', endpoint);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
    const { value } = await checkReachable({ region: 'us-east-1', name: NAME });
    const { history, agree } = await record({
      ...{ regions: value.regions, workload, seed: 7, operations: 60, sessions: 6, lasts: 0 },
      ...{ key: String(Date.now()), withinMs: 120_000, onStep: () => undefined },
    });
    vi.unstubAllEnvs();
    expect(agree).toBe(true);
    expect(judgeHistory(history)).toEqual({ violations: [], undecided: [] });
    expect(history.filter(({ line }) => line === 'view')).toHaveLength(3);
  });
});
