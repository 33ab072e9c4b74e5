import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type Domain, type EventsTable, strongTypes, withSharedLog } from '../../core/index.ts';
import type { CallOptions } from '../sdk/connection.ts';
import { dynamoDbEventStore } from './event-store.ts';

interface EventsTablesOptions extends CallOptions {
  /** Whose streams are loaded. @default single commits only */
  readonly domain?: Domain;
}

/**
 * The `events` table of the client's Region, joined with the table of the `strong` streams, if the deployment has any.
 * @throws Error if the domain has strong streams, and there is no table for them: in the other one they would not be safe
 */
export function dynamoDbEventsTables(
  client: DynamoDBClient,
  table: string,
  strongTable: string | undefined,
  { domain, ...options }: EventsTablesOptions = {},
): EventsTable {
  const events = dynamoDbEventStore(client, table, options);
  const types = domain ? strongTypes(domain) : new Set<string>();
  if (strongTable) return withSharedLog(events, dynamoDbEventStore(client, strongTable, options), types);
  if (types.size > 0) throw new Error(`Environment: STRONG_EVENTS_TABLE: is missing, for ${[...types].join(', ')}`);
  return events;
}
