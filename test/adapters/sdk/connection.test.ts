import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { dynamoDbClient } from '../../../adapters/dynamodb/client.ts';
import { dynamoDbDecisions } from '../../../adapters/dynamodb/decisions.ts';
import { dynamoDbEventStore } from '../../../adapters/dynamodb/event-store.ts';
import { dynamoDbSightings } from '../../../adapters/dynamodb/sightings.ts';
import { dynamoDbSnapshotStore } from '../../../adapters/dynamodb/snapshot-store.ts';
import { dynamoDbViewStore } from '../../../adapters/dynamodb/view-store.ts';
import { eventBridgeBus } from '../../../adapters/eventbridge/bus.ts';
import { eventBridgeClient } from '../../../adapters/eventbridge/client.ts';
import { connection } from '../../../adapters/sdk/connection.ts';
import { sdkError } from '../../../adapters/sdk/sdk-error.ts';
import { sqsClient } from '../../../adapters/sqs/client.ts';
import { sqsDelayedQueue } from '../../../adapters/sqs/delayed-queue.ts';
import { sqsQueue } from '../../../adapters/sqs/queue.ts';
import { sfnClient } from '../../../adapters/stepfunctions/client.ts';
import { stepFunctionsMachine } from '../../../adapters/stepfunctions/machine.ts';
import { DATABASE_MS, MESSAGING_MS, SNAPSHOT_MS } from '../../../core/limits/budgets.ts';
import { aCommit, anIntent } from '../../contract/commits.ts';
import { aDecision } from '../../contract/decisions.ts';
import { aSnapshot } from '../../contract/snapshot-store.contract.ts';
import { credentials, type StubAnswer, type StubRequest, stubServer } from '../stub-server.ts';

describe('connection', () => {
  test('every request fits three times into the time limit of a call, including connecting', () => {
    const { maxAttempts, requestHandler } = connection;
    expect(maxAttempts * (requestHandler.requestTimeout + requestHandler.connectionTimeout)).toBeLessThan(DATABASE_MS);
  });

  /** Advances the SDK's timers on demand: the timeouts of single requests, and the pauses between retries. */
  const stopTime = () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  test('a request without a response times out, and is retried', async () => {
    const { endpoint, requests } = await stubServer((_, index) => (index === 0 ? 'silence' : { body: '{}' }));
    stopTime();
    const client = dynamoDbClient({ endpoint, region: 'us-east-1', credentials });
    const put = dynamoDbEventStore(client, 'events').put(aCommit());
    while (requests.length === 0) await turn();
    vi.advanceTimersByTime(connection.requestHandler.requestTimeout - 1);
    await turn();
    expect(requests).toHaveLength(1);
    while (requests.length === 1) {
      vi.advanceTimersByTime(1);
      await turn();
    }
    expect(await put).toBeUndefined();
    expect(requests).toHaveLength(2);
  });

  /**
   * Every adapter, behind a server with this response. The only timeout that occurs is that of the whole call, when
   * `timeIsUp` is called.
   */
  const adaptersBehind = async (
    answer: (request: StubRequest, index: number, timeIsUp: () => void) => StubAnswer | Promise<StubAnswer>,
  ) => {
    const call = new AbortController();
    const timeIsUp = () => call.abort(new DOMException('The time is up.', 'TimeoutError'));
    const { endpoint, requests } = await stubServer((request, index) => answer(request, index, timeIsUp));
    stopTime();
    const bounds = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(call.signal);
    onTestFinished(() => bounds.mockRestore());
    const options = { endpoint, region: 'us-east-1', credentials };
    const client = dynamoDbClient(options);
    return {
      requests,
      bounds: () => bounds.mock.calls.flat(),
      events: dynamoDbEventStore(client, 'events'),
      decisions: dynamoDbDecisions(client, 'transactions', { strong: true }),
      snapshots: dynamoDbSnapshotStore(client, 'snapshots'),
      views: dynamoDbViewStore(client, 'views'),
      sightings: dynamoDbSightings(client, 'views'),
      bus: eventBridgeBus(eventBridgeClient(options), 'meridian'),
      queue: sqsQueue(sqsClient(options), `${endpoint}/123456789012/queue`),
      resolver: sqsDelayedQueue(sqsClient(options), `${endpoint}/123456789012/queue`),
      machine: stepFunctionsMachine(sfnClient(options), 'arn:aws:states:us-east-1:123456789012:stateMachine:m'),
    };
  };
  type Adapters = Awaited<ReturnType<typeof adaptersBehind>>;
  const unavailable = { code: 'unavailable', retryable: true };
  const places = Array.from({ length: 250 }, (_, i) => ({ stream: `note/${i}`, shard: 0 }));
  const entry = { stream: 'note/1', shard: 0, version: {}, revision: 1, totals: {} };

  test.each<[string, number, (adapters: Adapters) => Promise<unknown>]>([
    ['load', DATABASE_MS, ({ events }) => events.load('note/1')],
    ['loadFirst', DATABASE_MS, ({ events }) => events.loadFirst('note/1', {}, 10)],
    ['loadLog', DATABASE_MS, ({ events }) => events.loadLog('note/1', 'us-east-1', 0)],
    ['put', DATABASE_MS, ({ events }) => events.put(aCommit())],
    ['load after a version', DATABASE_MS, ({ events }) => events.load('note/1', { eu: 7 })],
    ['finalise', DATABASE_MS, ({ events }) => events.finalise(anIntent(), 'committed')],
    ['transact', DATABASE_MS, ({ events }) => events.transact({ commits: [], free: [], decision: aDecision() })],
    ['findDecision', DATABASE_MS, ({ events }) => events.findDecision('us-east-1:order-17')],
    ['putDecision', DATABASE_MS, ({ events }) => events.putDecision(aDecision())],
    ['a put of a decision', DATABASE_MS, ({ decisions }) => decisions.put(aDecision())],
    ['find', DATABASE_MS, ({ decisions }) => decisions.find('us-east-1:order-17', 1)],
    ['attempts', DATABASE_MS, ({ decisions }) => decisions.attempts('us-east-1:order-17')],
    ['a scan of the events', DATABASE_MS, ({ events }) => events.scan(0, 1, undefined, 1)],
    ['a scan of the decisions', DATABASE_MS, ({ decisions }) => decisions.scan(0, 1, undefined, 1)],
    ['newest', SNAPSHOT_MS, ({ snapshots }) => snapshots.newest('note/1', 1)],
    ['a put of a snapshot', SNAPSHOT_MS, ({ snapshots }) => snapshots.put(aSnapshot())],
    ['drop', SNAPSHOT_MS, ({ snapshots }) => snapshots.drop('note/1', 1, '018f000000000001')],
    ['entries', DATABASE_MS, ({ views }) => views.entries('v', places)],
    ['apply', DATABASE_MS, ({ views }) => views.apply('v', [entry], [])],
    ['rows', DATABASE_MS, ({ views }) => views.rows('v', 4, { limit: 10 })],
    ['totals', DATABASE_MS, ({ views }) => views.totals('v', 4, { limit: 10 })],
    ['total', DATABASE_MS, ({ views }) => views.total('v', 4, 'red')],
    ['record', DATABASE_MS, ({ sightings }) => sightings.record('us-east-1', '018f000000000001')],
    ['all', DATABASE_MS, ({ sightings }) => sightings.all()],
    ['a put on the bus', MESSAGING_MS, ({ bus }) => bus.put([{ source: 's', detailType: 't', detail: '{}' }])],
    ['a send to the queue', MESSAGING_MS, ({ queue }) => queue.send(['{}'])],
    ['a send to a delayed queue', MESSAGING_MS, ({ resolver }) => resolver.send([{ body: '{}', delay: 1 }])],
    [
      'a start of the machine',
      MESSAGING_MS,
      ({ machine }) =>
        machine.start({ id: 'i', participants: [], fingerprint: 'r', timeout: 1, meta: {}, deadline: 1 }),
    ],
  ])('%s without a response is unavailable when its time is up', async (_, ms, call) => {
    const adapters = await adaptersBehind((_request, _index, timeIsUp) => {
      timeIsUp();
      return 'silence';
    });
    await expect(call(adapters)).rejects.toMatchObject(unavailable);
    expect(new Set(adapters.bounds())).toEqual(new Set([ms]));
  });

  const noEnd: StubAnswer = {
    body: JSON.stringify({ Items: [], LastEvaluatedKey: { pk: { S: 'p' }, sk: { S: 'note/1' } } }),
  };
  const leftOut = ({ body }: StubRequest): StubAnswer => ({
    body: JSON.stringify({ Responses: {}, UnprocessedKeys: JSON.parse(body).RequestItems }),
  });

  test.each<[string, (adapters: Adapters) => Promise<unknown>, (request: StubRequest) => StubAnswer]>([
    ['pages of attempts', ({ decisions }) => decisions.attempts('us-east-1:order-17'), () => noEnd],
    ['pages of a stream', ({ events }) => events.load('note/1'), () => noEnd],
    ['pages of rows', ({ views }) => views.rows('v', 2, { limit: 10 }), () => noEnd],
    ['pages of totals', ({ views }) => views.totals('v', 2, { limit: 10 }), () => noEnd],
    ['unprocessed keys', ({ views }) => views.entries('v', places), leftOut],
  ])('a call that receives %s, each in time, ends at its time limit', async (_, call, answer) => {
    const adapters = await adaptersBehind((request, index, timeIsUp) => {
      if (index === 4) timeIsUp();
      return answer(request);
    });
    await expect(call(adapters)).rejects.toMatchObject({ ...unavailable, cause: expect.any(Error) });
    expect(adapters.requests.length).toBeGreaterThan(1);
    expect(adapters.bounds()).toEqual([DATABASE_MS]);
  });

  test.each([
    ['Item size has exceeded the maximum allowed size'],
    ['Item size to update has exceeded the maximum allowed size'],
    ['Total size of the entries in the request is over the limit.'],
  ])('"%s" is too large, and not worth a retry', (message) => {
    const refused = Object.assign(new Error(message), { $metadata: { httpStatusCode: 400 } });
    expect(sdkError('do it', refused)).toMatchObject({ code: 'too-large', retryable: false, cause: refused });
  });

  test.each([[undefined], [200], [408], [429], [500], [503]])('status %s is worth a retry', (httpStatusCode) => {
    const failed = Object.assign(new Error('no luck'), { $metadata: { httpStatusCode } });
    expect(sdkError('do it', failed)).toMatchObject({ code: 'unavailable', retryable: true, cause: failed });
  });

  test('an error that does not come from a request is unchanged', () => {
    const fault = new TypeError('a mistake in the program');
    expect(sdkError('do it', fault)).toBe(fault);
    expect(sdkError('do it', 'thrown text')).toBe('thrown text');
  });
});
