import * as z from 'zod';
import { isShared } from '../../core/facts/commit.ts';
import { isObject } from '../../core/facts/json.ts';
import type { Change } from '../../core/index.ts';
import { arrivalIn, fromImage } from './commit-item.ts';
import { fromDecisionItem, isDecisionItem } from './decision-item.ts';
import { entryTextIn, fromEntryImage, isWatchImage } from './ledger-item.ts';

/** The members that are read from a record in the stream of the `events`, the `transactions` or the `conflicts` table. */
export interface TableRecord {
  /** `INSERT`, `MODIFY` or `REMOVE`. */
  readonly eventName?: string | undefined;
  readonly NewImage?: unknown;
  readonly OldImage?: unknown;
}

/**
 * The change in a record of a table's stream that must be forwarded: a new commit or intent, an intent that has just
 * become final, a new decision, or a revision of an entry of the ledger. Undefined for any other record.
 * @param region this Region: of commits in the logs of others, only the arrival is read
 * @throws MeridianError `internal`: the image is neither a commit, a decision nor an entry
 */
export function changeOf({ eventName, NewImage, OldImage }: TableRecord, region: string): Change | undefined {
  const entry = entryTextIn(NewImage);
  if (entry !== undefined)
    return entry === entryTextIn(OldImage) ? undefined : { conflict: fromEntryImage(NewImage, entry) };
  if (isWatchImage(NewImage)) return undefined;
  if (eventName === 'INSERT') {
    if (isDecisionItem(NewImage)) return { decision: fromDecisionItem(NewImage) };
  } else if (eventName !== 'MODIFY' || !isPrepared(OldImage) || isPrepared(NewImage)) return undefined;
  if (!isFromElsewhere(NewImage, region)) return { commit: fromImage(NewImage) };
  return isPrepared(NewImage) ? undefined : { arrival: arrivalIn(NewImage) };
}

/**
 * True if an image names another Region, whatever else it has, and is not in the log that all Regions write. A schema would take longer
 * than the rest.
 */
function isFromElsewhere(image: unknown, region: string): boolean {
  if (!isObject(image) || !('region' in image) || !('sk' in image)) return false;
  const [written, key] = [textIn(image.region), textIn(image.sk)];
  return written !== undefined && written !== region && !isShared({ log: String(key?.split('#')[0]) });
}

function textIn(attribute: unknown): string | undefined {
  return isObject(attribute) && 'S' in attribute && typeof attribute.S === 'string' ? attribute.S : undefined;
}

function isPrepared(image: unknown): boolean {
  // Few commits are intents, and a schema that fails collects its faults.
  return isObject(image) && 'tx' in image && preparedImageSchema.safeParse(image).success;
}

export const preparedImageSchema = z.object({
  tx: z.object({ M: z.object({ state: z.object({ S: z.literal('prepared') }) }) }),
});
