import { DeleteItemCommand, QueryCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { beforeAll, expect, test } from 'vitest';
import { dynamoDbSnapshotStore } from '../../../adapters/dynamodb/snapshot-store.ts';
import { aStream } from '../../contract/commits.ts';
import { describeWithDynamoDbLocal } from '../../contract/dynamodb-local.ts';
import { aLargeSnapshot, aSnapshot } from '../../contract/snapshot-store.contract.ts';
import { refusal, type StubRequest, stubServer } from '../stub-server.ts';

describeWithDynamoDbLocal('an incomplete snapshot', (local) => {
  let table: string;
  beforeAll(async () => {
    table = await local().createTable();
  });

  const itemsOf = async (stream: string) => {
    const { Items = [] } = await local()
      .client()
      .send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: 'pk = :stream',
          ExpressionAttributeValues: { ':stream': { S: stream } },
          ProjectionExpression: 'pk, sk',
        }),
      );
    return Items.map(({ pk = { S: '' }, sk = { S: '' } }) => ({ pk, sk }));
  };
  const heads = async (stream: string) => (await itemsOf(stream)).filter(({ sk }) => sk.S?.startsWith('head#'));

  /**
   * A store that refuses writes of items after the first `count`: its process died there. Parts are written
   * concurrently, and the first refusal ends the put: it is raised once the earlier writes have completed, so that
   * none of them completes after the test's next step.
   */
  const dyingAfter = async (count: number) => {
    const landed: Promise<unknown>[] = [];
    const { endpoint } = await stubServer(async (request) => {
      if (request.operation === 'PutItem' && landed.length >= count) {
        await Promise.all(landed);
        return refusal('ValidationException', 'died');
      }
      const answer = forward(request);
      if (request.operation === 'PutItem') landed.push(answer);
      const { status, body } = await answer;
      return { status, body };
    });
    return dynamoDbSnapshotStore(local().client(endpoint), table, 15_000);
  };
  const forward = async ({ body, headers }: StubRequest) => {
    const answer = await fetch(local().endpoint, {
      method: 'POST',
      body,
      headers: {
        authorization: headers.authorization ?? '',
        'content-type': headers['content-type'] ?? '',
        'x-amz-target': String(headers['x-amz-target']),
        'x-amz-date': String(headers['x-amz-date']),
      },
    });
    return { status: answer.status, body: await answer.text() };
  };

  test('whose writer died at any point is not returned: the previous snapshot is, and the next put cleans up', async () => {
    const store = dynamoDbSnapshotStore(local().client(), table, 15_000);
    for (const writes of [0, 1, 2, 3]) {
      const stream = aStream();
      const before = aSnapshot({ stream, latestStamp: '018f000000000001' });
      await store.put(before);
      const torn = aLargeSnapshot(stream, { latestStamp: '018f000000000002' });
      await expect((await dyingAfter(writes)).put(torn)).rejects.toMatchObject({ code: 'internal' });
      expect(await heads(stream)).toHaveLength(1);
      expect(await store.newest(stream, 1)).toEqual(before);
      for (const digit of ['3', '4']) await store.put(aSnapshot({ stream, latestStamp: `018f00000000000${digit}` }));
      expect(await itemsOf(stream)).toHaveLength(2);
    }
  });

  test('that is being deleted, or was overwritten, is skipped', async () => {
    const store = dynamoDbSnapshotStore(local().client(), table, 15_000);
    for (const what of ['delete', 'overwrite']) {
      const stream = aStream();
      const before = aSnapshot({ stream, latestStamp: '018f000000000001' });
      await store.put(before);
      await store.put(aLargeSnapshot(stream, { latestStamp: '018f000000000002' }));
      expect((await store.newest(stream, 1))?.latestStamp).toBe('018f000000000002');
      const Key = (await itemsOf(stream)).find(({ sk }) => sk.S?.endsWith('#2'));
      const change =
        what === 'delete'
          ? new DeleteItemCommand({ TableName: table, Key })
          : new UpdateItemCommand({
              ...{ TableName: table, Key, UpdateExpression: 'SET #bytes = :other' },
              ExpressionAttributeNames: { '#bytes': 'bytes' },
              ExpressionAttributeValues: { ':other': { B: Buffer.from('other') } },
            });
      await local()
        .client()
        .send(change as DeleteItemCommand);
      expect(await store.newest(stream, 1)).toEqual(before);
    }
  });
});
