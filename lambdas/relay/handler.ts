import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { type Change, type RelayPorts, relayChanges } from '../../core/index.ts';
import { failedOf } from '../batch.ts';
import { instrument, type Telemetry } from '../instrument.ts';

/** What is known of a changed item: its images as they are in the table's stream. */
interface ChangedItem {
  readonly eventName: string | undefined;
  readonly NewImage: unknown;
  readonly OldImage: unknown;
}

export interface RelayHandlerPorts extends RelayPorts {
  /** Reads what a stream record tells; undefined: nothing that anybody waits for. Throws for what no table of ours holds. */
  readonly changeOf: (item: ChangedItem) => Change | undefined;
  readonly telemetry: Telemetry;
}

/** The streams of the `events` and `transactions` tables → bus, projection queue and resolver queue. */
export function makeHandler(ports: RelayHandlerPorts) {
  return instrument(ports.telemetry, async ({ Records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
    const records = Records.map((record) => ({ id: record.dynamodb?.SequenceNumber ?? '', ...read(ports, record) }));
    // Everything behind the first failure is delivered again: sending it now would send it at every try.
    const unreadable = records.findIndex(({ why }) => why !== undefined);
    const failed = await relayChanges(
      ports,
      records.slice(0, unreadable === -1 ? undefined : unreadable).flatMap(({ change }) => change ?? []),
    );
    return failedOf(
      records.map(({ id, change, why }) => ({
        id,
        why: change && failed.has(change) ? 'not all of it was sent' : why,
      })),
      ports.telemetry.log,
    );
  });
}

function read(
  { changeOf }: RelayHandlerPorts,
  { eventName, dynamodb }: DynamoDBRecord,
): { change?: Change | undefined; why?: unknown } {
  try {
    return { change: changeOf({ eventName, NewImage: dynamodb?.NewImage, OldImage: dynamodb?.OldImage }) };
  } catch (error) {
    return { why: error };
  }
}
