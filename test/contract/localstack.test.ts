import { setTimeout as sleep } from 'node:timers/promises';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { beforeAll } from 'vitest';
import { dynamoDbClient } from '../../adapters/dynamodb/client.ts';
import { dynamoDbDecisions } from '../../adapters/dynamodb/decisions.ts';
import { dynamoDbEventStore } from '../../adapters/dynamodb/event-store.ts';
import { dynamoDbSightings } from '../../adapters/dynamodb/sightings.ts';
import { dynamoDbSnapshotStore } from '../../adapters/dynamodb/snapshot-store.ts';
import { dynamoDbViewStore } from '../../adapters/dynamodb/view-store.ts';
import { sqsClient } from '../../adapters/sqs/client.ts';
import { sqsQuarantine } from '../../adapters/sqs/quarantine.ts';
import { describeWithLocalStack } from '../localstack/describe-with-localstack.ts';
import { decisionScanContract } from './decision-scan.contract.ts';
import { decisionsContract } from './decisions.contract.ts';
import { createTable } from './dynamodb-local.ts';
import { eventScanContract } from './event-scan.contract.ts';
import { eventStoreContract } from './event-store.contract.ts';
import { progressContract } from './progress.contract.ts';
import { quarantineContract } from './quarantine.contract.ts';
import { sharedProgressContract } from './shared-progress.contract.ts';
import { sightingsContract } from './sightings.contract.ts';
import { snapshotStoreContract } from './snapshot-store.contract.ts';
import { dynamoDbSharedTally, dynamoDbTally } from './tally.ts';
import { transactionContract } from './transaction.contract.ts';
import { viewStoreContract } from './view-store.contract.ts';

/** A slow machine must not cause a load without a snapshot here. */
const PATIENTLY_MS = 15_000;

describeWithLocalStack('LocalStack', (endpoint) => {
  const connection = {
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const client = dynamoDbClient(connection);
  const sqs = sqsClient(connection);
  const run = `${process.pid}-${Date.now()}`;
  let tables = 0;
  /** A separate table, not one of the app's, so that the app's functions do not react. */
  const newTable = async (): Promise<string> => {
    const name = `contract-${run}-${++tables}`;
    await createTable(client, name);
    return name;
  };
  let queues = 0;
  const newQueue = async (): Promise<string> => {
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: `contract-${run}-${++queues}` }));
    return QueueUrl;
  };
  let table: string;
  let transactions: string;
  beforeAll(async () => {
    table = await newTable();
    transactions = await newTable();
  });

  eventStoreContract(() => dynamoDbEventStore(client, table));
  eventScanContract(async () => dynamoDbEventStore(client, await newTable()));
  transactionContract(() => dynamoDbEventStore(client, table));
  decisionsContract(() => dynamoDbDecisions(client, transactions, { strong: true }));
  decisionScanContract(async () => dynamoDbDecisions(client, await newTable(), { strong: true }));
  viewStoreContract(() => dynamoDbViewStore(client, table));
  sightingsContract(() => dynamoDbSightings(client, table));
  snapshotStoreContract(() => dynamoDbSnapshotStore(client, table, PATIENTLY_MS));
  progressContract(() => dynamoDbTally(client, table));
  sharedProgressContract(() => dynamoDbSharedTally(client, table));
  quarantineContract(async () => ({ quarantine: sqsQuarantine(sqs, await newQueue()), pass: sleep }));
});
