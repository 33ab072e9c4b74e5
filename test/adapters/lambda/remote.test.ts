import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { lambdaRemote } from '../../../adapters/lambda/remote.ts';
import { ThrottledError } from '../../../core/index.ts';
import { credentials, oneByOne, refusal, type StubAnswer, stubServer } from '../stub-server.ts';

function answered(body: string, headers: Readonly<Record<string, string>> = {}): StubAnswer {
  return { body, headers };
}
const failed = answered('{"errorType":"Error","errorMessage":"out of memory"}', {
  'x-amz-function-error': 'Unhandled',
});

async function remoteBehind(answers: readonly [StubAnswer, ...StubAnswer[]], timeout = 10_000) {
  const { endpoint, requests } = await stubServer(oneByOne(...answers));
  return { remote: lambdaRemote({ functionName: 'meridian-command', endpoint, credentials, timeout }), requests };
}

describe('remote', () => {
  test('a request and its response pass as JSON, to the function of that Region', async () => {
    const { remote, requests } = await remoteBehind([answered('{"status":200,"city":"Zürich"}')]);
    expect(await remote.invoke('us-west-2', { stream: 'stock/1', actor: '東京' })).toEqual({
      status: 200,
      city: 'Zürich',
    });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      path: '/2015-03-31/functions/meridian-command/invocations',
      body: '{"stream":"stock/1","actor":"東京"}',
      headers: { authorization: expect.stringContaining('/us-west-2/lambda/') },
    });
  });

  test('each Region gets its own client, which is reused', async () => {
    const { remote, requests } = await remoteBehind([answered('{}')]);
    for (const region of ['us-west-2', 'us-east-2', 'us-west-2']) await remote.invoke(region, {});
    const regionOf = /\/([a-z0-9-]+)\/lambda\//;
    expect(requests.map(({ headers }) => regionOf.exec(headers.authorization ?? '')?.[1])).toEqual([
      'us-west-2',
      'us-east-2',
      'us-west-2',
    ]);
  });

  test('a function that returns nothing returns undefined', async () => {
    const { remote } = await remoteBehind([answered('')]);
    expect(await remote.invoke('us-west-2', {})).toBeUndefined();
  });

  test('a function that fails is region-unreachable, retryable, with its error as cause', async () => {
    const { remote } = await remoteBehind([failed]);
    await expect(remote.invoke('us-west-2', {})).rejects.toMatchObject({
      code: 'region-unreachable',
      retryable: true,
      cause: { message: expect.stringContaining('out of memory') },
    });
  });

  test.each([
    ['throttling', refusal('TooManyRequestsException', 'Rate Exceeded', 429)],
    ['a failure of the service', refusal('ServiceException', 'internal', 500)],
    ['a lost response', 'lost'],
  ] as const)('after %s the call is sent again', async (_, fault) => {
    const { remote, requests } = await remoteBehind([fault, answered('"done"')]);
    expect(await remote.invoke('us-west-2', {})).toBe('done');
    expect(requests).toHaveLength(2);
  });

  test.each([
    ['persistent throttling', refusal('TooManyRequestsException', 'Rate Exceeded', 429)],
    ['a Region that drops every connection', 'lost'],
    ['a Region that does not respond', 'silence'],
  ] as const)('%s is region-unreachable, and retryable', async (_, fault) => {
    const { remote } = await remoteBehind([fault], 1_000);
    await expect(remote.invoke('us-west-2', {})).rejects.toMatchObject({
      code: 'region-unreachable',
      retryable: true,
      cause: expect.any(Error),
    });
  });

  test('persistent throttling is distinguished from a Region that does not respond: the call has not run', async () => {
    const throttled = await remoteBehind([refusal('TooManyRequestsException', 'Rate Exceeded', 429)]);
    await expect(throttled.remote.invoke('us-west-2', {})).rejects.toBeInstanceOf(ThrottledError);
    const lost = await remoteBehind(['lost'], 1_000);
    await expect(lost.remote.invoke('us-west-2', {})).rejects.not.toBeInstanceOf(ThrottledError);
  });

  test('the timeout is that of the whole call, including retries', async () => {
    const call = new AbortController();
    const bounds = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(call.signal);
    onTestFinished(() => bounds.mockRestore());
    const { endpoint, requests } = await stubServer((_request, index) => {
      if (index === 0) return 'lost';
      call.abort(new DOMException('The time is up.', 'TimeoutError'));
      return 'silence';
    });
    const remote = lambdaRemote({ functionName: 'f', endpoint, credentials, timeout: 600 });
    await expect(remote.invoke('us-west-2', {})).rejects.toMatchObject({ code: 'region-unreachable' });
    expect(bounds.mock.calls).toEqual([[600]]);
    expect(requests).toHaveLength(2);
  });

  test('a Region where no server listens is region-unreachable', async () => {
    const remote = lambdaRemote({ functionName: 'f', endpoint: 'http://127.0.0.1:1', credentials, timeout: 3_000 });
    await expect(remote.invoke('us-west-2', {})).rejects.toMatchObject({ code: 'region-unreachable', retryable: true });
  });

  test('a missing permission is not retryable, and is reported', async () => {
    const { remote } = await remoteBehind([refusal('AccessDeniedException', 'not authorized', 403)]);
    await expect(remote.invoke('us-west-2', {})).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining('AccessDeniedException'),
    });
  });
});
