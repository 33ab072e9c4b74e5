import { inChunks } from '../facts/chunks.ts';
import { MeridianError } from '../facts/errors.ts';
import { QUORUM_AGAIN_MS } from '../limits/budgets.ts';
import type { DelayedQueue } from '../ports/delayed-queue.ts';
import type { Runtime } from '../ports/runtime.ts';
import { encodeKeys } from '../wire/projection.ts';
import type { Triggers } from './trigger.ts';

interface AgainPorts {
  readonly runtime: Pick<Runtime, 'metric'>;
  /** The projection's own queue. @default messages are received again, up to the queue's limit */
  readonly ahead?: DelayedQueue | undefined;
}

/** Keys per message. */
const KEYS = 50;

/**
 * While no majority of the Regions answers, `strong` streams cannot be projected. That may last for hours, and messages are received a
 * limited number of times: so their keys go back into the queue as new messages.
 * @param failed the streams that could not be projected, with the reasons
 * @returns those that are still to be retried
 */
export async function waitForQuorum(
  { runtime, ahead: queue }: AgainPorts,
  triggers: Triggers,
  failed: ReadonlyMap<string, unknown>,
): Promise<ReadonlyMap<string, unknown>> {
  const waiting = [...failed].filter(
    ([, error]) => error instanceof MeridianError && error.code === 'quorum-unreachable',
  );
  if (!queue || waiting.length === 0) return failed;
  runtime.metric('QuorumMissing', 'Count', waiting.length);
  const left = new Map(failed);
  for (const streams of inChunks(waiting, KEYS)) {
    // One commit of a stream is enough: all of it is loaded.
    const keys = streams.flatMap(([stream]) => triggers.get(stream)?.triggers.slice(0, 1) ?? []);
    const [why] = await queue.send([{ body: encodeKeys(keys), delay: QUORUM_AGAIN_MS }]);
    if (why === undefined) for (const [stream] of streams) left.delete(stream);
  }
  return left;
}
