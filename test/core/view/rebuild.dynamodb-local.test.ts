import { paginateScan } from '@aws-sdk/client-dynamodb';
import { expect, it } from 'vitest';
import { dynamoDbEventStore } from '../../../adapters/dynamodb/event-store.ts';
import { dynamoDbViewStore } from '../../../adapters/dynamodb/view-store.ts';
import { memoryDecisions } from '../../../adapters/memory/decisions.ts';
import {
  beginRebuild,
  cleanRebuild,
  defineDomain,
  defineView,
  projectTriggers,
  readRows,
  stepRebuild,
} from '../../../core/index.ts';
import { note } from '../../../testing/toy.ts';
import { aCommit } from '../../contract/commits.ts';
import { describeWithDynamoDbLocal } from '../../contract/dynamodb-local.ts';
import { fakeRuntime } from '../../runtime.ts';

function words(version: number, shards: number, n: number) {
  return defineDomain({
    streams: [note],
    views: [
      defineView({
        name: 'words',
        kind: 'totals',
        codeVersion: version,
        shards,
        of: note,
        totals: (entries) => Object.fromEntries(entries.map(({ text }) => [text, { n }])),
      }),
    ],
  });
}

describeWithDynamoDbLocal('a rebuild on DynamoDB Local', (local) => {
  it('builds the result of new code in four parallel segments, and leaves nothing else in the table', async () => {
    const client = local().client();
    const viewsTable = await local().createTable();
    const events = dynamoDbEventStore(client, await local().createTable());
    const ports = {
      region: 'us',
      events,
      decisions: memoryDecisions({ strong: true }),
      views: dynamoDbViewStore(client, viewsTable),
      runtime: fakeRuntime(),
    };
    const commits = Array.from({ length: 60 }, (_, i) =>
      aCommit({
        stream: `note/${i}`,
        log: 'us',
        context: {},
        events: [{ type: 'Noted', schemaVersion: 1, data: { text: `text-${i % 10}` } }],
      }),
    );
    for (const commit of commits) await events.put(commit);
    const [before, after] = [
      { ...ports, domain: words(1, 4, 1) },
      { ...ports, domain: words(2, 2, 3) },
    ];
    const triggers = commits.map(({ stream, log, position }) => ({ stream, log, position, inTable: true }));
    expect(await projectTriggers(before, triggers)).toEqual(new Map());
    const rows = (n: number) => Array.from({ length: 10 }, (_, i) => ({ key: `text-${i}`, value: { n: n * 6 } }));
    expect((await readRows(before, 'words', { limit: 100 })).rows).toEqual(rows(1));

    const { build, segments } = await beginRebuild(after, { view: 'words', segments: 4 });
    const ends = await Promise.all(
      segments.map(({ segment }) => stepRebuild(after, { view: 'words', build, segment })),
    );
    expect(ends.filter(({ done }) => done).length).toBeGreaterThanOrEqual(1);
    expect((await readRows(after, 'words', { limit: 100 })).rows).toEqual(rows(3));

    ports.runtime.advance(120_000);
    expect(await cleanRebuild(after, { view: 'words' })).toMatchObject({ done: true, retired: [] });
    const partitions = new Set<string | undefined>();
    for await (const { Items = [] } of paginateScan({ client }, { TableName: viewsTable }))
      for (const { pk } of Items) partitions.add(pk?.S);
    expect(partitions).toEqual(
      new Set([
        'words#generations',
        ...[0, 1].flatMap((shard) => [`words@2.2#row#${shard}`, `words@2.2#total#${shard}`]),
      ]),
    );
  }, 60_000);
});
