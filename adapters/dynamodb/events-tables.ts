import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type Domain, type EventsTable, MeridianError, strongTypes, withSharedLog } from '../../core/index.ts';
import type { CallOptions } from '../sdk/connection.ts';
import { dynamoDbEventStore } from './event-store.ts';

interface EventsTablesOptions extends CallOptions {
  /** Whose streams are loaded. @default single commits only */
  readonly domain?: Domain;
}

/** While a stack is updated, new code may run before it learns of the table: then strong streams wait, and no others do. */
const notYet: Parameters<typeof withSharedLog>[1] = {
  load: refuse,
  loadFirst: refuse,
  loadLog: refuse,
  put: refuse,
  at: refuse,
  finalise: refuse,
  mark: refuse,
  scan: async () => ({ commits: [], outcomes: [], cursor: undefined }),
};

async function refuse(): Promise<never> {
  throw new MeridianError('unavailable', 'The table of strong streams is not known here yet. Retry.', {
    retryable: true,
  });
}

/**
 * The `events` table of the client's Region, joined with the table of the `strong` streams, if the deployment has any.
 */
export function dynamoDbEventsTables(
  client: DynamoDBClient,
  table: string,
  strongTable: string | undefined,
  { domain, ...options }: EventsTablesOptions = {},
): EventsTable {
  const events = dynamoDbEventStore(client, table, options);
  const types = domain ? strongTypes(domain) : new Set<string>();
  return withSharedLog(events, strongTable ? dynamoDbEventStore(client, strongTable, options) : notYet, types);
}
