import { hash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { toImage } from '../../adapters/dynamodb/commit-item.ts';
import { entriesOf } from '../../core/bus.ts';
import { functionUrlEvent } from '../../world/server.ts';
import { type StubAnswer, type StubRequest, stubServer } from '../adapters/stub-server.ts';
import { aCommit } from '../contract/commits.ts';
import { context, sqsEvent } from './invocation.ts';

const departed = { type: 'Departed', data: { airport: 'LAX', delay: 5, scheduled: '2001-01-01T06:55' } };
const flight = 'flight/2001-01-01.LAX-JFK.1';
/** At home in us-west-2. */
const seats = 'seats/2001-01-01.LAX-JFK.1';

const named = z.object({ TableName: z.string() });
const queue = z.object({ QueueUrl: z.string() });
const shapes = {
  Query: named,
  PutItem: named,
  UpdateItem: named.extend({ Key: z.object({ pk: z.object({ S: z.string() }) }) }),
  BatchGetItem: z.object({ RequestItems: z.record(z.string(), z.unknown()) }),
  TransactWriteItems: z.object({ TransactItems: z.array(z.record(z.string(), named)) }),
  PutEvents: z.object({ Entries: z.array(z.object({ EventBusName: z.string(), DetailType: z.string() })) }),
  SendMessageBatch: z.object({
    QueueUrl: z.string(),
    Entries: z.array(z.object({ Id: z.string(), MessageBody: z.string() })),
  }),
};

/** What a request wants and of whom: `Query events`. */
const seen = ({ operation, path, body }: StubRequest): string[] => {
  const json = (): unknown => JSON.parse(body);
  const all = (names: Iterable<string>) => [...new Set(names)].map((name) => `${operation} ${name}`);
  switch (operation) {
    case 'UpdateItem': {
      const { TableName, Key } = shapes.UpdateItem.parse(json());
      return [`UpdateItem ${TableName} ${Key.pk.S}`];
    }
    case 'BatchGetItem':
      return all(Object.keys(shapes.BatchGetItem.parse(json()).RequestItems));
    case 'TransactWriteItems': {
      const { TransactItems } = shapes.TransactWriteItems.parse(json());
      return all(TransactItems.flatMap((item) => Object.values(item).map(({ TableName }) => TableName)));
    }
    case 'PutEvents':
      return all(shapes.PutEvents.parse(json()).Entries.map((entry) => `${entry.EventBusName} ${entry.DetailType}`));
    case 'ReceiveMessage':
    case 'GetQueueAttributes':
    case 'ChangeMessageVisibilityBatch':
    case 'DeleteMessageBatch':
    case 'SendMessageBatch':
      return all([queue.parse(json()).QueueUrl.split('/').at(-1) ?? '']);
    case '':
      return [`Invoke ${path}`];
    default:
      return all([named.parse(json()).TableName]);
  }
};

/** Empty tables, and a bus, queues and functions that take everything. */
const answer = ({ operation, body }: StubRequest): StubAnswer => {
  const replies: Record<string, () => unknown> = {
    Query: () => ({ Items: [], Count: 0 }),
    BatchGetItem: () => ({ Responses: {}, UnprocessedKeys: {} }),
    PutEvents: () => ({
      FailedEntryCount: 0,
      Entries: shapes.PutEvents.parse(JSON.parse(body)).Entries.map((_, i) => ({ EventId: `${i}` })),
    }),
    SendMessageBatch: () => ({
      Successful: shapes.SendMessageBatch.parse(JSON.parse(body)).Entries.map(({ Id, MessageBody }) => ({
        Id,
        MessageId: Id,
        MD5OfMessageBody: hash('md5', MessageBody),
      })),
      Failed: [],
    }),
    ReceiveMessage: () => ({
      Messages: [{ MessageId: 'm', ReceiptHandle: 'r', Body: '{}', MD5OfBody: hash('md5', '{}') }],
    }),
    DeleteMessageBatch: () => ({ Successful: [{ Id: '0' }], Failed: [] }),
    '': () => ({ appended: { stream: seats, commitId: 'c', version: {} } }),
  };
  return { body: JSON.stringify(replies[operation]?.() ?? {}) };
};

describe('a function as it is deployed', () => {
  let sent: () => Set<string>;
  beforeEach(async () => {
    const { endpoint, requests } = await stubServer(answer);
    sent = () => new Set(requests.flatMap(seen));
    const environment = {
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      MERIDIAN_NAME: 'trial',
      MERIDIAN_REGIONS: 'us-east-1,us-west-2',
      MERIDIAN_LOG: 'us-east-1-b',
      EVENTS_TABLE: 'events',
      VIEWS_TABLE: 'views',
      SNAPSHOTS_TABLE: 'snapshots',
      BUS_NAME: 'bus',
      PROJECTION_QUEUE_URL: `${endpoint}/1/projection`,
      QUARANTINE_QUEUE_URL: `${endpoint}/1/quarantine`,
      INGRESS_QUEUE_URL: `${endpoint}/1/ingress`,
      COMMAND_FUNCTION: 'command',
      SUBSCRIBER_TABLE: 'subscriber',
      SUBSCRIBE_FROM: 'beginning',
    };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    // The module reads its environment once.
    vi.resetModules();
    // Where its metrics and logs go.
    for (const stream of [process.stdout, process.stderr]) vi.spyOn(stream, 'write').mockReturnValue(true);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });

  const anApi = async () => {
    const { handler } = await import('../../lambdas/api/index.ts');
    return async (method: string, path: string, body?: unknown) => {
      const event = functionUrlEvent({ method, path, ...(body !== undefined && { body: JSON.stringify(body) }) });
      return (await handler(event, context)).statusCode;
    };
  };

  it('api: reads what was seen of the Regions from the views table', async () => {
    const call = await anApi();
    expect(await call('GET', '/health')).toBe(200);
    expect(sent()).toEqual(new Set(['Query views']));
  });

  it('api: reads rows from the views table', async () => {
    const call = await anApi();
    expect(await call('GET', '/views/airport-delays/LAX')).toBe(404);
    expect(sent()).toEqual(new Set(['BatchGetItem views']));
  });

  it('api: appends to the events table, and elsewhere by the function of the home', async () => {
    const call = await anApi();
    expect(await call('POST', '/events', { stream: flight, events: [departed] })).toBe(200);
    expect(sent()).toEqual(new Set(['Query events', 'PutItem events']));
    expect(await call('POST', `/streams/${seats}/commands/reserve`, { passenger: 'p' })).toBe(200);
    expect(sent()).toContain('Invoke /2015-03-31/functions/command/invocations');
  });

  it('command: appends to the events table', async () => {
    const { handler } = await import('../../lambdas/command/index.ts');
    const request = { kind: 'events', events: [departed] };
    expect(await handler({ stream: flight, commitId: 'c', request, meta: {} }, context)).toMatchObject({
      appended: { dot: { log: 'us-east-1-b', position: 1 } },
    });
    expect(sent()).toEqual(new Set(['Query events', 'PutItem events']));
  });

  it('command: goes on from snapshots, of a stream whose type has them', async () => {
    const { handler } = await import('../../lambdas/command/index.ts');
    const request = { kind: 'command', command: 'reserve', input: { passenger: 'p' } };
    const stream = 'seats/2001-01-01.JFK-LAX.1';
    expect(await handler({ stream, commitId: 'c', request, meta: {} }, context)).toHaveProperty('appended');
    expect(sent()).toEqual(new Set(['Query snapshots', 'Query events', 'PutItem events']));
  });

  it('ingest: appends to the events table, tells the outcome on the bus, and quarantines what it cannot read', async () => {
    const { handler } = await import('../../lambdas/ingest/index.ts');
    const body = (detail: unknown) =>
      JSON.stringify({ version: '0', id: 'e', 'detail-type': 'meridian.append', source: 'airports', detail });
    const event = sqsEvent([body({ id: 'c', stream: flight, events: [departed] }), 'not JSON']);
    expect(await handler(event, context)).toEqual({ batchItemFailures: [] });
    expect(sent()).toEqual(
      new Set(['Query events', 'PutItem events', 'PutEvents bus Accepted', 'SendMessageBatch quarantine']),
    );
  });

  it('relay: publishes on the bus, tells projection, and notes what it has seen in its own partition of the views', async () => {
    const { handler } = await import('../../lambdas/relay/index.ts');
    const commit = aCommit({ stream: flight });
    const dynamodb = { NewImage: toImage(commit), SequenceNumber: '1' };
    expect(await handler({ Records: [{ eventName: 'INSERT', dynamodb }] }, context)).toEqual({ batchItemFailures: [] });
    // The role of the function may write to that partition alone: lib/constructs/views-table.ts.
    expect(sent()).toEqual(
      new Set(['PutEvents bus Departed', 'SendMessageBatch projection', 'UpdateItem views meridian#seen']),
    );
  });

  it('project: folds the events table into the views table', async () => {
    const { handler } = await import('../../lambdas/project/index.ts');
    const keys = [{ stream: flight, log: 'us-east-1', position: 1 }];
    await handler(sqsEvent([JSON.stringify({ keys })]), context);
    // The entries, the generations of the view, and what they are, noted the first time.
    expect(sent()).toEqual(new Set(['Query events', 'BatchGetItem views', 'PutItem views']));
  });

  it('operate: scans the events table, rebuilds in the views table, and takes away what is no longer read', async () => {
    const { handler } = await import('../../lambdas/operate/index.ts');
    const view = 'airport-delays';
    expect(await handler({ action: 'rebuild-begin', view }, context)).toMatchObject({ result: { view, build: 2 } });
    expect(sent()).toEqual(new Set(['BatchGetItem views', 'PutItem views']));
    const since = '2001-01-01T00:00:00Z';
    expect(await handler({ action: 'republish-step', since, segment: 0, segments: 1 }, context)).toEqual({
      result: { scanned: 0, published: 0, failed: 0 },
    });
    expect(sent()).toContain('Scan events');
  });

  it('operate: looks into the quarantine and puts into it, and drives its messages back to the ingress queue', async () => {
    const { handler } = await import('../../lambdas/operate/index.ts');
    const messages = [{ reason: 'unreadable', body: '{' }];
    expect(await handler({ action: 'quarantine-add', messages }, context)).toEqual({
      result: { added: 1, failed: [] },
    });
    expect(await handler({ action: 'quarantine-list' }, context)).toMatchObject({
      result: { messages: [{ id: 'm' }] },
    });
    expect(await handler({ action: 'quarantine-redrive', ids: ['m'] }, context)).toMatchObject({
      result: { redriven: [{ id: 'm' }] },
    });
    expect(sent()).toEqual(
      new Set([
        'SendMessageBatch quarantine',
        'GetQueueAttributes quarantine',
        'ReceiveMessage quarantine',
        'ChangeMessageVisibilityBatch quarantine',
        'SendMessageBatch ingress',
        'DeleteMessageBatch quarantine',
      ]),
    );
  });

  it('subscriber: reads its progress and writes it with the tally, in its own table', async () => {
    const { handler } = await import('../../lambdas/subscriber/index.ts');
    const bodies = entriesOf(aCommit({ stream: flight, events: [{ ...departed, version: 1 }] })).map(
      ({ detailType, detail }) => JSON.stringify({ 'detail-type': detailType, detail: JSON.parse(detail) }),
    );
    expect(await handler(sqsEvent(bodies), context)).toEqual({ batchItemFailures: [] });
    expect(sent()).toEqual(new Set(['GetItem subscriber', 'TransactWriteItems subscriber', 'Query subscriber']));
  });
});
