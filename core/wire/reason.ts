import type { AbortReason } from '../facts/decision.ts';
import type { Problem } from '../facts/errors.ts';

/** The reason of an abort, as members of a larger object. */
export function encodeReason({ stream, problem }: AbortReason): { reason: Problem; participant?: string } {
  return { reason: problem, ...(stream !== undefined && { participant: stream }) };
}
