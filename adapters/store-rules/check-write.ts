import { MeridianError, type OneRegionWrite } from '../../core/index.ts';
import { MAX_ITEM_BYTES, MAX_TRANSACT_WRITE_BYTES, MAX_TRANSACTION_ITEMS } from '../../core/limits/aws.ts';

/**
 * @param bytes of the item's JSON
 * @throws MeridianError `too-large`
 */
export function checkItem(bytes: number): void {
  if (bytes > MAX_ITEM_BYTES)
    throw new MeridianError(
      'too-large',
      `What is to be kept has ${bytes} bytes, an item ${MAX_ITEM_BYTES} at most. Send less at once.`,
    );
}

/**
 * What no DynamoDB transaction could hold is refused before it is sent, by every adapter alike.
 * @throws MeridianError `too-large`; Error for a position that is named twice
 */
export function checkWrite({ commits, free, decision }: OneRegionWrite): void {
  const positions = [...commits, ...free].map(({ stream, log, position }) => `${stream}@${log}.${position}`);
  if (new Set(positions).size < positions.length)
    throw new Error(`A transaction names every position once, not ${positions.join(', ')}.`);
  if (positions.length >= MAX_TRANSACTION_ITEMS)
    throw new MeridianError(
      'too-large',
      `A transaction of one Region has fewer than ${MAX_TRANSACTION_ITEMS} streams, not ${positions.length}.`,
    );
  const sizes = [...commits, decision].map((item) => Buffer.byteLength(JSON.stringify(item)));
  for (const size of sizes) checkItem(size);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes > MAX_TRANSACT_WRITE_BYTES)
    throw new MeridianError(
      'too-large',
      `The transaction has ${bytes} bytes, ${MAX_TRANSACT_WRITE_BYTES} at most. Send less at once.`,
    );
}
