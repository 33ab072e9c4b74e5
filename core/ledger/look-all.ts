import { inChunks } from '../facts/chunks.ts';
import { type LookPorts, lookForConflicts } from './look.ts';

/** Streams that are looked at at the same time: all of their commits are in memory. */
const AT_ONCE = 4;

/**
 * Brings the entries about several streams up to date.
 * @returns the streams to look at again, with the reasons
 */
export async function lookAtAll(ports: LookPorts, streams: readonly string[]): Promise<ReadonlyMap<string, unknown>> {
  const failed = new Map<string, unknown>();
  for (const chunk of inChunks([...new Set(streams)], AT_ONCE))
    await Promise.all(
      chunk.map((stream) => lookForConflicts(ports, stream).catch((error: unknown) => failed.set(stream, error))),
    );
  return failed;
}
