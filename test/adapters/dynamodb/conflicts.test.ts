import { describe, expect, test } from 'vitest';
import { dynamoDbClient } from '../../../adapters/dynamodb/client.ts';
import { toImage } from '../../../adapters/dynamodb/commit-item.ts';
import { decisionKey, oneRegionKey, toDecisionItem } from '../../../adapters/dynamodb/decision-item.ts';
import { dynamoDbDecisions } from '../../../adapters/dynamodb/decisions.ts';
import { dynamoDbEventStore } from '../../../adapters/dynamodb/event-store.ts';
import { finalOf } from '../../../core/facts/decision.ts';
import { aCommit, anIntent } from '../../contract/commits.ts';
import { aDecision, anAbort } from '../../contract/decisions.ts';
import { credentials, oneByOne, refusal, type StubAnswer, stubServer } from '../stub-server.ts';

async function adaptersBehind(...answers: readonly [StubAnswer, ...StubAnswer[]]) {
  const { endpoint, requests } = await stubServer(oneByOne(...answers));
  const client = dynamoDbClient({ endpoint, region: 'us-east-1', credentials });
  return {
    events: dynamoDbEventStore(client, 'events'),
    decisions: dynamoDbDecisions(client, 'transactions', { strong: true }),
    sent: () => requests.map(({ operation, body }) => ({ operation, input: JSON.parse(body) })),
  };
}
type Adapters = Awaited<ReturnType<typeof adaptersBehind>>;

const done: StubAnswer = { body: '{}' };
const conflict = refusal('TransactionConflictException');
const intent = anIntent();
const write = {
  commits: [aCommit({ stream: 'stock/1' }), aCommit({ stream: 'stock/2' })],
  free: [{ stream: 'stock/3', log: 'us-east-1', position: 7 }],
  decision: aDecision(),
};

/** Every write of one item. */
const writes: readonly (readonly [string, (adapters: Adapters) => Promise<unknown>])[] = [
  ['put', ({ events }) => events.put(intent)],
  ['finalise', ({ events }) => events.finalise(intent, 'committed')],
  ['putDecision', ({ events }) => events.putDecision(anAbort())],
  ['a put of a decision', ({ decisions }) => decisions.put(aDecision())],
];

describe('a write of one item', () => {
  test.each(writes)('%s that conflicts with a transaction is retried until that is over', async (_, call) => {
    const adapters = await adaptersBehind(conflict, conflict, conflict, done);
    expect(await call(adapters)).toBeUndefined();
    expect(adapters.sent()).toHaveLength(4);
  });

  test.each(writes)('%s that keeps conflicting with transactions is unavailable, and retryable', async (_, call) => {
    const adapters = await adaptersBehind(conflict);
    await expect(call(adapters)).rejects.toMatchObject({
      code: 'unavailable',
      retryable: true,
      cause: { name: 'TransactionConflictException' },
    });
    expect(adapters.sent().length).toBeLessThan(10);
  });

  test.each(writes)('%s that conflicts with a write of another Region is retried', async (_, call) => {
    const elsewhere = refusal('ReplicatedWriteConflictException');
    const adapters = await adaptersBehind(elsewhere, done);
    expect(await call(adapters)).toBeUndefined();
    expect(adapters.sent()).toHaveLength(2);
  });

  test('a write that keeps conflicting with other Regions is unavailable, and retryable', async () => {
    const { decisions } = await adaptersBehind(refusal('ReplicatedWriteConflictException'));
    await expect(decisions.put(aDecision())).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  });

  const failed = (Item?: object): StubAnswer => ({
    status: 400,
    body: JSON.stringify({ __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException', Item }),
  });
  const read = (Item?: object): StubAnswer => ({ body: JSON.stringify({ Item }) });
  const abort = anAbort();
  const decided = toDecisionItem(decisionKey(abort.transaction, abort.attempt), abort);

  test('a refused write returns the existing item from the refusal itself', async () => {
    const { decisions, sent } = await adaptersBehind(failed(decided));
    expect(await decisions.put(aDecision())).toEqual(abort);
    expect(sent()).toMatchObject([
      {
        operation: 'PutItem',
        input: {
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          Item: { pk: { S: abort.transaction }, sk: { S: '0000000000000001' } },
        },
      },
    ]);
  });

  test.each<[string, object, unknown, (adapters: Adapters) => Promise<unknown>]>([
    ['put', toImage(aCommit()), aCommit(), ({ events }) => events.put(intent)],
    [
      'finalise',
      toImage(finalOf(intent, 'committed')),
      undefined,
      ({ events }) => events.finalise(intent, 'committed'),
    ],
    [
      'putDecision',
      toDecisionItem(oneRegionKey(abort.transaction), abort),
      abort,
      ({ events }) => events.putDecision(aDecision()),
    ],
    ['a put of a decision', decided, abort, ({ decisions }) => decisions.put(aDecision())],
  ])('%s reads the existing item if the refusal does not include it', async (_, item, expected, call) => {
    const adapters = await adaptersBehind(failed(), read(item));
    expect(await call(adapters)).toEqual(expected);
    expect(adapters.sent()[1]).toMatchObject({ operation: 'GetItem', input: { ConsistentRead: true } });
  });

  test('a write that is refused although no item exists is an error', async () => {
    const { decisions } = await adaptersBehind(failed(), read());
    await expect(decisions.put(aDecision())).rejects.toMatchObject({ code: 'internal', retryable: false });
    const { events } = await adaptersBehind(failed(), read());
    await expect(events.finalise(intent, 'aborted')).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('found nothing'),
    });
  });
});

describe('a read of decisions', () => {
  test('reads every page strongly consistently', async () => {
    const LastEvaluatedKey = decisionKey('us-east-1:order-17', 1);
    const { decisions, events, sent } = await adaptersBehind(
      done,
      done,
      { body: JSON.stringify({ Items: [], LastEvaluatedKey }) },
      { body: JSON.stringify({ Items: [] }) },
    );
    expect(await events.findDecision('us-east-1:order-17')).toBeUndefined();
    expect(await decisions.find('us-east-1:order-17', 12)).toBeUndefined();
    expect(await decisions.attempts('us-east-1:order-17')).toEqual([]);
    expect(sent().map(({ operation, input }) => [operation, input.TableName, input.ConsistentRead])).toEqual([
      ['GetItem', 'events', true],
      ['GetItem', 'transactions', true],
      ['Query', 'transactions', true],
      ['Query', 'transactions', true],
    ]);
    expect(sent().slice(0, 2)).toMatchObject([
      { input: { Key: { pk: { S: 'tx/us-east-1:order-17' }, sk: { S: 'one-region' } } } },
      { input: { Key: { pk: { S: 'us-east-1:order-17' }, sk: { S: '0000000000000012' } } } },
    ]);
  });
});

describe('a transaction of one Region', () => {
  const cancelled = (...reasons: readonly object[]): StubAnswer => ({
    status: 400,
    body: JSON.stringify({
      __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
      Message: 'Transaction cancelled, please refer cancellation reasons for specific reasons',
      CancellationReasons: reasons,
    }),
  });
  const none = { Code: 'None' };
  const inConflict = { Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' };
  const held = (Item?: object) => ({ Code: 'ConditionalCheckFailed', Message: 'The conditional request failed', Item });

  test('is one TransactWriteItems of commits, checks and the outcome, with a token; each on the condition that its key is free', async () => {
    const { events, sent } = await adaptersBehind(done);
    expect(await events.transact(write)).toBeUndefined();
    const ifNothing = {
      TableName: 'events',
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    };
    expect(sent()).toEqual([
      {
        operation: 'TransactWriteItems',
        input: {
          ClientRequestToken: expect.any(String),
          TransactItems: [
            ...write.commits.map((commit) => ({ Put: { ...ifNothing, Item: toImage(commit) } })),
            {
              ConditionCheck: { ...ifNothing, Key: { pk: { S: 'stock/3' }, sk: { S: 'us-east-1#0000000000000007' } } },
            },
            { Put: { ...ifNothing, Item: toDecisionItem(oneRegionKey(write.decision.transaction), write.decision) } },
          ],
        },
      },
    ]);
  });

  const holder = anIntent({ stream: 'stock/3', position: 7 });
  const kept = anAbort();
  const outcome = held(toDecisionItem(oneRegionKey(kept.transaction), kept));
  test.each([
    ['a commit at one of its positions', [none, none, held(toImage(holder)), none], { taken: [holder], contended: [] }],
    [
      'the holders of several positions',
      [held(toImage(aCommit())), none, held(toImage(holder)), none],
      { taken: [aCommit(), holder], contended: [] },
    ],
    ['its outcome', [none, none, none, outcome], { decision: kept, taken: [], contended: [] }],
    [
      'its outcome, and its own commits',
      [held(toImage(aCommit())), none, none, outcome],
      { decision: kept, taken: [aCommit()], contended: [] },
    ],
    [
      'streams that others are writing',
      [none, inConflict, inConflict, none],
      { taken: [], contended: ['stock/2', 'stock/3'] },
    ],
    [
      'another run of the transaction',
      [none, none, none, inConflict],
      { taken: [], contended: ['tx/us-east-1:order-17'] },
    ],
    [
      'a held position and a contended stream',
      [held(toImage(holder)), inConflict, none, none],
      { taken: [holder], contended: ['stock/2'] },
    ],
    ['a conflict without an item', [held(), none, none, none], { taken: [], contended: ['stock/1'] }],
  ])('returns the conflict with %s', async (_, reasons, way) => {
    const { events, sent } = await adaptersBehind(cancelled(...reasons));
    expect(await events.transact(write)).toEqual(way);
    expect(sent()).toHaveLength(1);
  });

  const throttled = aCommit({ events: [{ type: 'Noted', schemaVersion: 1, data: 'ThrottlingError' }] });
  test.each([
    ['throttling', [held(toImage(holder)), { Code: 'ThrottlingError' }, none, none], 'unavailable'],
    ['too little throughput', [{ Code: 'ProvisionedThroughputExceeded' }, none, none, none], 'unavailable'],
    [
      'an item that is too large',
      [none, { Code: 'ValidationError', Message: 'Item size has exceeded the maximum allowed size' }, none, none],
      'too-large',
    ],
    ['an impossible reason', [none, { Code: 'ValidationError' }, none, none], 'internal'],
    [
      'an unexpected reason, with a commit that mentions throttling',
      [held(toImage(throttled)), { Code: 'ValidationError' }, none, none],
      'internal',
    ],
    ['no reason', [none, none, none, none], 'internal'],
  ])('cancelled for %s is an error', async (_, reasons, code) => {
    const { events } = await adaptersBehind(cancelled(...reasons));
    await expect(events.transact(write)).rejects.toMatchObject({ code, retryable: code === 'unavailable' });
  });

  test('still in progress in DynamoDB is retried with the same token; in the end it is unavailable', async () => {
    const busy = refusal('TransactionInProgressException');
    const passing = await adaptersBehind(busy, done);
    expect(await passing.events.transact(write)).toBeUndefined();
    expect(new Set(passing.sent().map(({ input }) => input.ClientRequestToken)).size).toBe(1);
    const { events } = await adaptersBehind(busy);
    await expect(events.transact(write)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  });

  test("that exceeds DynamoDB's limits is not sent", async () => {
    const { events, sent } = await adaptersBehind(done);
    const free = Array.from({ length: 98 }, (_, i) => ({ stream: `stock/free-${i}`, log: 'us-east-1', position: 1 }));
    await expect(events.transact({ ...write, free })).rejects.toMatchObject({ code: 'too-large' });
    expect(sent()).toEqual([]);
  });
});

describe('a scan', () => {
  test('skips outcomes of transactions, and continues after them', async () => {
    const key = oneRegionKey('us-east-1:order-17');
    const Items = [toImage(aCommit()), toDecisionItem(key, aDecision())];
    const { events, sent } = await adaptersBehind(
      { body: JSON.stringify({ Items, LastEvaluatedKey: key }) },
      { body: JSON.stringify({ Items: [] }) },
    );
    const { commits, cursor } = await events.scan(0, 1, undefined, 2);
    expect(commits).toEqual([aCommit()]);
    await events.scan(0, 1, cursor, 2);
    expect(sent()[1]?.input.ExclusiveStartKey).toEqual(key);
  });
});
