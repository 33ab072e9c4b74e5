import { MeridianError } from '../../core/index.ts';
import { SQS_BATCH_BYTES, SQS_BATCH_ENTRIES } from '../../core/limits/aws.ts';

/**
 * Refuses what a SendMessageBatch cannot hold, with the errors of the SQS adapter.
 * @throws MeridianError `too-large`; `internal`: no messages, or too many
 */
export function checkMessages(bodies: readonly string[]): void {
  if (bodies.length === 0) throw new MeridianError('internal', 'SendMessageBatch takes at least one message.');
  checkEntries(bodies.length);
  const bytes = bodies.reduce((sum, body) => sum + Buffer.byteLength(body), 0);
  if (bytes > SQS_BATCH_BYTES)
    throw new MeridianError(
      'too-large',
      `SendMessageBatch takes at most ${SQS_BATCH_BYTES} bytes; these are ${bytes}. Send less at once.`,
    );
}

/** Checks the number of messages of any batch operation of SQS. @throws MeridianError `internal` */
export function checkEntries(count: number): void {
  if (count > SQS_BATCH_ENTRIES)
    throw new MeridianError('internal', `A batch has at most ${SQS_BATCH_ENTRIES} messages; this one has ${count}.`);
}
