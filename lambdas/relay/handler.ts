import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { type Change, type RelayPorts, relayChanges } from '../../core/index.ts';
import { failedOf } from '../batch.ts';
import { instrument, type Telemetry } from '../instrument.ts';

/** A changed item: its images in the table's stream. */
interface ChangedItem {
  readonly eventName: string | undefined;
  readonly NewImage: unknown;
  readonly OldImage: unknown;
}

export interface RelayHandlerPorts extends RelayPorts {
  /** Parses a stream record in a Region; undefined if it needs no action. Throws if the item is not one of Meridian's. */
  readonly changeOf: (item: ChangedItem, region: string) => Change | undefined;
  readonly telemetry: Telemetry;
}

/** The streams of the `events` and `transactions` tables → bus, projection queue and resolver queue. */
export function makeHandler(ports: RelayHandlerPorts) {
  return instrument(ports.telemetry, async ({ Records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
    const records = Records.map((record) => ({ id: record.dynamodb?.SequenceNumber ?? '', ...read(ports, record) }));
    // Records after a failed one are not sent, because Lambda redelivers them all: they would be sent again on every
    // retry.
    const unreadable = records.findIndex(({ why }) => why !== undefined);
    const failed = await relayChanges(
      ports,
      records.slice(0, unreadable === -1 ? undefined : unreadable).flatMap(({ change }) => change ?? []),
    );
    return failedOf(
      records.map(({ id, change, why }) => ({
        id,
        why: change && failed.has(change) ? 'not sent completely' : why,
      })),
      ports.telemetry.log,
    );
  });
}

function read(
  { changeOf, region }: RelayHandlerPorts,
  { eventName, dynamodb }: DynamoDBRecord,
): { change?: Change | undefined; why?: unknown } {
  try {
    return { change: changeOf({ eventName, NewImage: dynamodb?.NewImage, OldImage: dynamodb?.OldImage }, region) };
  } catch (error) {
    return { why: error };
  }
}
