import { MeridianError } from '../facts/errors.ts';
import { LIVE_HELD_MS, LIVE_READ_MS } from '../limits/budgets.ts';
import type { IntentStore } from '../ports/intent-store.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { Live } from '../wire/api.ts';

export interface LivePorts {
  readonly region: string;
  readonly events: Pick<IntentStore, 'at'>;
  readonly runtime: Pick<Runtime, 'sleep'>;
}

/** The stream of an item that no table has: the names of streams have a slash, and their types no such character. */
const NO_STREAM = 'meridian#live';

/**
 * Whether this Region can serve: its own replica of the table of events responds to a strongly consistent read of one item within
 * {@link LIVE_READ_MS}. Nothing of another Region is asked, and nothing is said but the Region's name, because anyone may ask.
 * @throws MeridianError `unavailable`, retryable; its cause is what went wrong
 */
export async function readLive({ region, events, runtime }: LivePorts): Promise<Live> {
  const late = runtime.sleep(LIVE_READ_MS).then(() => {
    throw new Error(`The table did not answer within ${LIVE_READ_MS} ms.`);
  });
  try {
    await Promise.race([events.at(NO_STREAM, region, 1), late]);
  } catch (cause) {
    throw new MeridianError('unavailable', 'This Region cannot serve requests now. Ask another Region.', {
      retryable: true,
      cause,
    });
  }
  return { region, live: true };
}

/** Holds the result of {@link readLive} for {@link LIVE_HELD_MS}, so that many requests cost one read. */
export class LiveCheck {
  readonly #ports: LivePorts & { readonly runtime: Pick<Runtime, 'now' | 'elapsed' | 'sleep'> };
  #held: { readonly now: number; readonly elapsed: number; readonly result: Promise<Live> } | undefined;

  constructor(ports: LivePorts & { readonly runtime: Pick<Runtime, 'now' | 'elapsed' | 'sleep'> }) {
    this.#ports = ports;
  }

  /** @throws MeridianError as {@link readLive} */
  read(): Promise<Live> {
    const { runtime } = this.#ports;
    const [now, elapsed] = [runtime.now(), runtime.elapsed()];
    const held = this.#held;
    // By two clocks, because one may jump and the other one stops while a function is frozen.
    const isHeld = held && now >= held.now && now - held.now < LIVE_HELD_MS && elapsed - held.elapsed < LIVE_HELD_MS;
    if (isHeld) return held.result;
    const result = readLive(this.#ports);
    this.#held = { now, elapsed, result };
    return result;
  }
}
