import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { type Commit, type RelayPorts, relay } from '../../core/index.ts';
import { failedOf } from '../batch.ts';
import { instrument, type Telemetry } from '../instrument.ts';

type Image = NonNullable<NonNullable<DynamoDBRecord['dynamodb']>['NewImage']>;

export interface RelayHandlerPorts extends RelayPorts {
  /** Reads a commit out of a stream record's image; throws for what is none. */
  readonly commitOf: (image: Image) => Commit;
  readonly telemetry: Telemetry;
}

/** table stream → bus and projection queue. */
export const makeHandler = (ports: RelayHandlerPorts) =>
  instrument(ports.telemetry, async ({ Records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
    const inserted = Records.filter(({ eventName }) => eventName === 'INSERT').map((record) => ({
      id: record.dynamodb?.SequenceNumber ?? '',
      ...read(ports, record.dynamodb?.NewImage ?? {}),
    }));
    // Everything behind the first failure is delivered again: sending it now would send it at every try.
    const unreadable = inserted.findIndex(({ commit }) => !commit);
    const failed = await relay(
      ports,
      inserted.slice(0, unreadable === -1 ? undefined : unreadable).flatMap(({ commit }) => commit ?? []),
    );
    return failedOf(
      inserted.map(({ id, commit, why }) => ({
        id,
        why: commit && failed.has(commit) ? 'not all of it was sent' : why,
      })),
      ports.telemetry.log,
    );
  });

const read = ({ commitOf }: RelayHandlerPorts, image: Image): { commit?: Commit; why?: unknown } => {
  try {
    return { commit: commitOf(image) };
  } catch (error) {
    return { why: error };
  }
};
