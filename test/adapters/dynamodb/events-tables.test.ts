import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { dynamoDbEventsTables } from '../../../adapters/dynamodb/events-tables.ts';
import { defineDomain, defineStream } from '../../../core/index.ts';
import { account } from '../../../testing/toy.ts';
import { aCommit } from '../../contract/commits.ts';

const { home: _home, ...common } = account;
const domain = defineDomain({ streams: [defineStream({ ...common, type: 'till', mode: 'strong' })], views: [] });

describe('code that does not know the table of strong streams yet', () => {
  it('refuses them, retryable, rather than use the other table, in which two Regions would write one item', async () => {
    const client = new DynamoDBClient({ region: 'us-east-1' });
    const knowing = dynamoDbEventsTables(client, 'events', undefined, { domain });
    const commit = aCommit({ stream: 'till/one', log: 'global' });
    const refusal = expect.objectContaining({ code: 'quorum-unreachable', retryable: true });
    await expect(knowing.load('till/one')).rejects.toThrow(refusal);
    // The resolver loads no streams, and knows no domain.
    const resolving = dynamoDbEventsTables(client, 'events', undefined);
    for (const tables of [knowing, resolving]) {
      await expect(tables.put(commit)).rejects.toThrow(refusal);
      await expect(tables.at('till/one', 'global', 1)).rejects.toThrow(refusal);
      await expect(tables.finalise(commit, 'aborted')).rejects.toThrow(refusal);
    }
  });

  it('scans the other table', async () => {
    const tables = dynamoDbEventsTables(new DynamoDBClient({ region: 'us-east-1' }), 'events', undefined, { domain });
    expect(await tables.scan(0, 1, 'strong:', 10)).toEqual({ commits: [], outcomes: [], cursor: undefined });
  });
});
