import * as z from 'zod';
import type { Change } from '../../core/index.ts';
import { fromImage } from './commit-item.ts';
import { fromDecisionItem, isDecisionItem } from './decision-item.ts';

/** What the stream of the `events` or the `transactions` table says of a change, as far as it is needed here. */
export interface TableRecord {
  /** `INSERT`, `MODIFY` or `REMOVE`. */
  readonly eventName?: string | undefined;
  readonly NewImage?: unknown;
  readonly OldImage?: unknown;
}

/**
 * What a record of a table's stream tells others: a commit or an intent that is new, or has just become final; a new
 * decision. Everything else tells nobody anything.
 * @throws MeridianError `internal`: the image is neither that of a commit nor that of a decision
 */
export function changeOf({ eventName, NewImage, OldImage }: TableRecord): Change | undefined {
  if (eventName === 'INSERT') {
    if (isDecisionItem(NewImage)) return { decision: fromDecisionItem(NewImage) };
    return { commit: fromImage(NewImage) };
  }
  if (eventName !== 'MODIFY' || !preparedImageSchema.safeParse(OldImage).success) return undefined;
  return { commit: fromImage(NewImage) };
}

export const preparedImageSchema = z.object({
  tx: z.object({ M: z.object({ state: z.object({ S: z.literal('prepared') }) }) }),
});
