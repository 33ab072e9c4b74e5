import { hash } from 'node:crypto';
import { afterEach, beforeEach, vi } from 'vitest';
import * as z from 'zod';
import { type StubAnswer, type StubRequest, stubServer } from '../adapters/stub-server.ts';

/** A stream at home in another Region. */
export const elsewhere = 'account/us-west-2.ann';

const namedSchema = z.object({ TableName: z.string() });
const queueSchema = z.object({ QueueUrl: z.string() });
const shapes = {
  Query: namedSchema,
  PutItem: namedSchema,
  UpdateItem: namedSchema.extend({ Key: z.object({ pk: z.object({ S: z.string() }) }) }),
  StartExecution: z.object({ stateMachineArn: z.string() }),
  BatchGetItem: z.object({ RequestItems: z.record(z.string(), z.unknown()) }),
  TransactWriteItems: z.object({ TransactItems: z.array(z.record(z.string(), namedSchema)) }),
  PutEvents: z.object({ Entries: z.array(z.object({ EventBusName: z.string(), DetailType: z.string() })) }),
  SendMessageBatch: z.object({
    QueueUrl: z.string(),
    Entries: z.array(z.object({ Id: z.string(), MessageBody: z.string() })),
  }),
};

/** The operation and target of a request: `Query events`. */
function seen({ operation, path, body }: StubRequest): string[] {
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
    case 'StartExecution':
      return all([shapes.StartExecution.parse(json()).stateMachineArn.split(':').at(-1) ?? '']);
    case 'ReceiveMessage':
    case 'GetQueueAttributes':
    case 'ChangeMessageVisibilityBatch':
    case 'DeleteMessageBatch':
    case 'SendMessageBatch':
      return all([queueSchema.parse(json()).QueueUrl.split('/').at(-1) ?? '']);
    case '':
      return [`Invoke ${path}`];
    default:
      return all([namedSchema.parse(json()).TableName]);
  }
}

/** The contents of the `events` table. */
let stored: readonly unknown[] = [];

/**
 * Tables that contain only the stored items, and a bus, queues, functions and a state machine that accept
 * everything.
 */
function answer({ operation, body }: StubRequest): StubAnswer {
  const items = () => (namedSchema.parse(JSON.parse(body)).TableName === 'events' ? stored : []);
  const replies: Record<string, () => unknown> = {
    Query: () => ({ Items: items(), Count: items().length }),
    Scan: () => ({ Items: items(), Count: items().length }),
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
    // An item of the events table; there are no decisions or outcomes.
    GetItem: () => (namedSchema.parse(JSON.parse(body)).TableName === 'events' && stored[0] ? { Item: stored[0] } : {}),
    StartExecution: () => ({ executionArn: 'execution', startDate: 0 }),
    '': () => {
      const asked = z.looseObject({}).parse(JSON.parse(body));
      if ('outcomeOf' in asked) return { outcome: { id: asked.outcomeOf, state: 'undecided' } };
      if ('step' in asked) return { kind: asked.step === 'finalise' ? 'finalised' : asked.step };
      return { appended: { stream: elsewhere, commitId: 'c', version: {} } };
    },
  };
  return { body: JSON.stringify(replies[operation]?.() ?? {}) };
}

/** A deployed Region of which every function can be loaded, while the tests of a file run. */
export function aDeployment() {
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
      ...{ MERIDIAN_LOGS: 'us-east-1,us-west-2', EVENTS_TABLE: 'events', CONFLICTS_TABLE: 'conflicts' },
      ...{ VIEWS_TABLE: 'views', SNAPSHOTS_TABLE: 'snapshots' },
      TRANSACTIONS_TABLE: 'transactions',
      DECISIONS: 'strong',
      BUS_NAME: 'bus',
      PROJECTION_QUEUE_URL: `${endpoint}/1/projection`,
      QUARANTINE_QUEUE_URL: `${endpoint}/1/quarantine`,
      INGEST_QUEUE_URL: `${endpoint}/1/ingest`,
      RESOLVER_QUEUE_URL: `${endpoint}/1/resolver`,
      COMMAND_FUNCTION: 'command',
      PARTICIPANT_FUNCTION: 'participant',
      TURN_FUNCTION: 'turn',
      TRANSACTION_MACHINE_ARN: 'arn:aws:states:us-east-1:000000000000:stateMachine:machine',
      SUBSCRIBER: 'tally',
      SUBSCRIBER_TABLE: 'subscriber',
      SUBSCRIBE_FROM: 'beginning',
    };
    stored = [];
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
  return {
    /** The requests since the test started. */
    sent: () => sent(),
    /** Sets the contents of the `events` table. */
    store: (items: readonly unknown[]) => {
      stored = items;
    },
  };
}
