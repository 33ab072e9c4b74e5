// Positions that a caller names and that this Region does not have: those of a lost Region may never arrive.

import { isLostFor } from '../facts/placement.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { positionIn, type VersionVector } from '../facts/version.ts';
import type { KnownPlacement } from '../placement/known-placement.ts';

/** Which Region writes which log, and which Regions are lost. */
export interface LostPorts {
  /** @default unknown */
  readonly regions?: readonly string[];
  /** The logs that they write, in the same order. @default those of their names */
  readonly logs?: readonly string[] | undefined;
  /** @default no Region is known to be lost */
  readonly placement?: KnownPlacement;
}

/**
 * The member `lost` of a refusal, if a version has positions that are not seen here, of the log of a Region that is taken for lost where
 * streams of the type are concerned: waiting for them may be in vain.
 */
export function lostIn(
  { regions = [], logs, placement }: LostPorts,
  { stream, seen }: { readonly stream: string; readonly seen: VersionVector },
  wanted: VersionVector,
): { readonly lost?: true } {
  const { type } = parseStreamRef(stream);
  const isLost = regions.some((region, i) => {
    const log = logs?.[i] ?? region;
    const isMissing = positionIn(wanted, log) > positionIn(seen, log);
    return isMissing && placement !== undefined && isLostFor(placement.known, type, region);
  });
  return isLost ? { lost: true } : {};
}
