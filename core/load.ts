import { splitStream } from './commit.ts';
import { type Domain, streamTypeOf } from './domain.ts';
import { MeridianError } from './errors.ts';
import { History } from './history.ts';
import type { EventStore, Runtime } from './ports.ts';
import { backoff } from './retry.ts';
import { dominates, empty, encodeVersion, type Version } from './version.ts';

export interface LoadPorts {
  readonly domain: Domain;
  readonly events: EventStore;
  readonly runtime: Runtime;
}

/** For how long a Region waits for a version that it has not seen, in milliseconds. */
const WAIT_MS = 2000;

/** @throws MeridianError `unknown-stream-type` */
export const loadHistory = async ({ domain, events }: Omit<LoadPorts, 'runtime'>, stream: string): Promise<History> =>
  new History(streamTypeOf(domain, splitStream(stream).type), stream, await events.load(stream));

/**
 * Loads a stream, again and again until this Region has seen `atLeast`.
 * @throws MeridianError `unknown-stream-type`; `not-caught-up` after 2 s, with how far this Region is
 */
export const loadAtLeast = async (ports: LoadPorts, stream: string, atLeast: Version = empty): Promise<History> => {
  const { runtime } = ports;
  const deadline = runtime.elapsed() + WAIT_MS;
  for (let attempt = 0; ; attempt++) {
    const history = await loadHistory(ports, stream);
    if (dominates(history.seen, atLeast)) return history;
    const wait = backoff(runtime, attempt);
    if (runtime.elapsed() + wait > deadline)
      throw new MeridianError('not-caught-up', `This Region has not seen that version of ${stream} yet: try again.`, {
        retryable: true,
        details: { seen: encodeVersion(stream, history.seen), wanted: encodeVersion(stream, atLeast) },
      });
    await runtime.sleep(wait);
  }
};
