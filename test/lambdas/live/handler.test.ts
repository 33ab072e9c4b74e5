import { describe, expect, it } from 'vitest';
import { MeridianError } from '../../../core/index.ts';
import { makeHandler } from '../../../lambdas/live/handler.ts';
import { functionUrlEvent } from '../../../world/network/function-url-event.ts';
import { context, recordedTelemetry } from '../invocation.ts';

const well = async () => ({ region: 'us-east-1', live: true }) as const;

function asking(read: () => ReturnType<typeof well> = well) {
  const telemetry = recordedTelemetry();
  const handler = makeHandler({ check: { read }, telemetry });
  return {
    telemetry,
    ask: (method = 'GET', path = '/health/live', more: Parameters<typeof functionUrlEvent>[0] | object = {}) =>
      handler(functionUrlEvent({ method, path, ...more }), context),
  };
}

describe('the unsigned URL', () => {
  it('returns 200 for a Region that lives, with its name and nothing else', async () => {
    const { statusCode, headers, body } = await asking().ask();
    expect([statusCode, headers]).toEqual([200, { 'content-type': 'application/json' }]);
    expect(JSON.parse(body)).toEqual({ region: 'us-east-1', live: true });
  });

  it('returns no body for HEAD', async () => {
    expect(await asking().ask('HEAD')).toMatchObject({ statusCode: 200, body: '' });
  });

  it('returns 503 for a Region that cannot serve, without the cause, which is logged once', async () => {
    const error = new MeridianError('unavailable', 'not now', { retryable: true, cause: new Error('secret') });
    const { ask, telemetry } = asking(async () => {
      throw error;
    });
    const { statusCode, body } = await ask();
    expect(await ask()).toMatchObject({ statusCode });
    expect(statusCode).toBe(503);
    expect(body).not.toContain('secret');
    expect(telemetry.lines.map(({ details }) => details.error)).toEqual([error]);
  });

  it.each([
    ['GET', '/health'],
    ['GET', '/'],
    ['GET', '/health/live/'],
    ['GET', '/streams/note/<script>'],
    ['POST', '/health/live'],
    ['DELETE', '/health/live'],
  ])('returns 404 for %s %s, reads nothing and repeats nothing of it', async (method, path) => {
    const { ask } = asking(() => expect.fail('it was read'));
    const { statusCode, body } = await ask(method, path);
    expect(statusCode).toBe(404);
    expect(body).not.toContain('script');
  });
});
