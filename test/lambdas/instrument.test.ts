import { describe, expect, it } from 'vitest';
import { instrument } from '../../lambdas/instrument.ts';
import { context, recordedTelemetry } from './invocation.ts';

describe('an instrumented handler', () => {
  it("uses all of its remaining time: only Lambda's timeout ends it", async () => {
    const handler = instrument(recordedTelemetry(), async () => {
      // A real pause: middy's own timer, of 10 ms, would have to expire first. It comes from node:timers,
      // which cannot be faked.
      await new Promise((resolve) => setTimeout(resolve, 50));
      return 'done';
    });
    expect(await handler({}, { ...context, getRemainingTimeInMillis: () => 10 })).toBe('done');
  });

  it('runs inside its middlewares, in their order', async () => {
    const ran: string[] = [];
    const telemetry = {
      ...recordedTelemetry(),
      middlewares: ['outer', 'inner'].map((name) => ({
        before: () => void ran.push(`before ${name}`),
        after: () => void ran.push(`after ${name}`),
      })),
    };
    await instrument(telemetry, async () => void ran.push('handler'))({}, context);
    expect(ran).toEqual(['before outer', 'before inner', 'handler', 'after inner', 'after outer']);
  });
});
