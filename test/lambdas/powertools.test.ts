import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { instrument } from '../../lambdas/instrument.ts';
import { powertools } from '../../lambdas/powertools.ts';
import { context } from './invocation.ts';

const lineSchema = z.looseObject({});

/** The lines that Lambda would send to CloudWatch. */
let lines: z.infer<typeof lineSchema>[];
beforeEach(() => {
  lines = [];
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      lines.push(lineSchema.parse(JSON.parse(String(text))));
      return true;
    });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

function metricsOf() {
  return lines.filter((line) => '_aws' in line);
}

describe('metrics', () => {
  const measured = (result: () => string) => {
    const { metric, ...telemetry } = powertools('trial');
    return instrument(telemetry, async () => {
      metric('Published', 'Count', 3);
      return result();
    });
  };

  it('are written with the invocation, under the name of the deployment', async () => {
    await measured(() => 'done')({}, context);
    expect(metricsOf()).toMatchObject([
      {
        service: 'trial',
        Published: 3,
        _aws: { CloudWatchMetrics: [{ Namespace: 'trial', Metrics: [{ Name: 'Published', Unit: 'Count' }] }] },
      },
    ]);
  });

  it('are also written with an invocation that fails', async () => {
    const handler = measured(() => {
      throw new Error('failed');
    });
    await expect(handler({}, context)).rejects.toThrow('failed');
    expect(metricsOf()).toMatchObject([{ Published: 3 }]);
  });

  it('are written once: the next invocation starts from zero', async () => {
    const handler = measured(() => 'done');
    await handler({}, context);
    await handler({}, context);
    expect(metricsOf()).toMatchObject([{ Published: 3 }, { Published: 3 }]);
  });

  it('about a stream type are written in all, and by type', async () => {
    const { metric, ...telemetry } = powertools('trial');
    await instrument(telemetry, async () => metric('ConflictOpen', 'Count', 1, 'note'))({}, context);
    const dimensions = z.object({
      _aws: z.object({
        CloudWatchMetrics: z.tuple([z.object({ Namespace: z.literal('trial'), Dimensions: z.unknown() })]),
      }),
    });
    expect(metricsOf()).toMatchObject([
      { service: 'trial', type: 'note', ConflictOpen: 1 },
      { service: 'trial', ConflictOpen: 1 },
    ]);
    expect(metricsOf().map((line) => dimensions.parse(line)._aws.CloudWatchMetrics[0].Dimensions)).toEqual([
      [['service', 'type']],
      [['service']],
    ]);
  });

  it('are not written if nothing was measured', async () => {
    const warned = vi.spyOn(console, 'warn').mockReturnValue();
    await instrument(powertools('trial'), async () => 'done')({}, context);
    expect(lines).toEqual([]);
    expect(warned).not.toHaveBeenCalled();
  });
});

describe('logs', () => {
  it('name their invocation and deployment', async () => {
    const telemetry = powertools('trial');
    const handler = instrument(telemetry, async () => telemetry.log.warn('Look at this', { id: 'a' }));
    await handler({}, context);
    expect(lines).toMatchObject([
      { level: 'WARN', message: 'Look at this', id: 'a', service: 'trial', function_request_id: '1' },
    ]);
  });

  it('have the stack of an unexpected error', async () => {
    powertools('trial').unexpected(new TypeError('A bug.'));
    expect(lines).toMatchObject([
      {
        level: 'ERROR',
        message: 'Unexpected error',
        error: { name: 'TypeError', message: 'A bug.', stack: expect.stringContaining('powertools.test.ts') },
      },
    ]);
  });

  it('name the trace of the invocation, if Lambda traces it', async () => {
    vi.stubEnv('_X_AMZN_TRACE_ID', 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1');
    const telemetry = powertools('trial');
    await instrument(telemetry, async () => telemetry.log.warn('Look at this', {}))({}, context);
    expect(lines).toMatchObject([{ xray_trace_id: '1-5759e988-bd862e3fe1be46a994272793' }]);
  });
});
