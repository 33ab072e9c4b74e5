import { MeridianError, type OneRegionWrite } from '../../core/index.ts';
import { MAX_ITEM_BYTES, MAX_TRANSACT_WRITE_BYTES, MAX_TRANSACTION_ITEMS } from '../../core/limits/aws.ts';

/**
 * @param bytes size of the item's JSON
 * @throws MeridianError `too-large`
 */
export function checkItem(bytes: number): void {
  if (bytes > MAX_ITEM_BYTES)
    throw new MeridianError(
      'too-large',
      `The data has ${bytes} bytes; an item holds at most ${MAX_ITEM_BYTES}. Send less at once.`,
    );
}

/**
 * Refuses a write that exceeds the limits of a DynamoDB transaction, in every adapter and before it is sent.
 * @throws MeridianError `too-large`; Error for a duplicate position
 */
export function checkWrite({ commits, free, decision }: OneRegionWrite): void {
  const positions = [...commits, ...free].map(({ stream, log, position }) => `${stream}@${log}.${position}`);
  if (new Set(positions).size < positions.length)
    throw new Error(`A transaction may name every position only once: ${positions.join(', ')}.`);
  if (positions.length >= MAX_TRANSACTION_ITEMS)
    throw new MeridianError(
      'too-large',
      `A one-Region transaction has at most ${MAX_TRANSACTION_ITEMS - 1} streams; this one has ${positions.length}.`,
    );
  const sizes = [...commits, decision].map((item) => Buffer.byteLength(JSON.stringify(item)));
  for (const size of sizes) checkItem(size);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes > MAX_TRANSACT_WRITE_BYTES)
    throw new MeridianError(
      'too-large',
      `The transaction has ${bytes} bytes; the limit is ${MAX_TRANSACT_WRITE_BYTES}. Send less at once.`,
    );
}
