// What a Region waits for before it writes a stream for the first time after its home has moved. The rule is that of the model
// spec/placement.qnt.

import { type Commit, isShared } from '../facts/commit.ts';
import { MeridianError } from '../facts/errors.ts';
import {
  compareKeys,
  entryFor,
  isComplete,
  NO_PLACEMENT,
  type Placement,
  type PlacementEntry,
} from '../facts/placement.ts';
import type { StreamRef } from '../facts/stream-ref.ts';
import { drivingRegionOf } from '../facts/transaction.ts';
import type { VersionVector } from '../facts/version.ts';
import { HOME_MOVING_MS } from '../limits/budgets.ts';
import { Retries } from '../retry.ts';
import { type HomePorts, homeIn, misdirected, writerFor } from './home.ts';
import { askForSeals } from './seal.ts';
import type { AppendPorts, Loaded } from './writer.ts';

/** What a Region that acts for the home of a stream waits for before it writes there. */
export type Obstacle =
  /** Its own log is sealed for an entry that it does not know yet. */
  | { readonly kind: 'sealed' }
  /** A move is complete, and the stream was loaded before that was known here. */
  | { readonly kind: 'outdated' }
  /** Regions that wrote the stream before have not sealed their logs for its entry, or their seals have not arrived. */
  | { readonly kind: 'unsealed'; readonly placement: Placement; readonly sources: readonly string[] }
  /** A Region that wrote the stream before has an undecided transaction in it. */
  | { readonly kind: 'undecided'; readonly intent: Commit };

type ObstaclePorts = HomePorts & Pick<AppendPorts, 'decisions'>;

/**
 * What is in the way of a write under the newest entry that is known here; undefined if nothing is.
 * @param loaded the stream, whose home exists
 * @throws MeridianError `misdirected`: another Region acts
 */
export function obstacleTo(ports: ObstaclePorts, stream: StreamRef, loaded: Loaded): Obstacle | undefined {
  const { history, completions } = loaded;
  const { region } = ports;
  const placement = ports.placement?.known ?? NO_PLACEMENT;
  const home = homeIn(ports, stream);
  const writer = writerFor(stream, home, placement);
  const entry = entryFor(placement, home, stream.type);
  if (compareKeys(history.lastSealOf(region)?.key, entry) > 0) return { kind: 'sealed' };
  if (writer.region !== region) throw misdirected(ports, stream, writer);
  if (!entry) return undefined;
  if (isComplete(entry) && completions !== ports.placement?.completions) return { kind: 'outdated' };
  const sources = entry.sources.filter((source) => {
    const seal = history.seenSealOf(source);
    const isSealed = seal?.acting === region && compareKeys(seal.key, entry) >= 0;
    return source !== region && !entry.lost.includes(source) && !isSealed;
  });
  if (sources.length > 0) return { kind: 'unsealed', placement: writer.placement, sources };
  const intent = history.undecided.find(
    (each) => each.region !== region && !isShared(each) && !isUndecidable(ports, entry, each),
  );
  return intent && { kind: 'undecided', intent };
}

/** True if the Region that would have to decide a transaction is lost. */
function isUndecidable({ decisions }: ObstaclePorts, { lost }: PlacementEntry, { commitId }: Commit): boolean {
  return !decisions.strong && lost.includes(drivingRegionOf(commitId));
}

/** The writes of one request to a stream with a home, while that may move. */
export class TakeOver {
  readonly #ports: AppendPorts;
  readonly #stream: StreamRef;
  #retries: Retries | undefined;
  /** Why the last attempt to overcome an obstacle failed. */
  #cause: unknown;

  constructor(ports: AppendPorts, stream: StreamRef) {
    this.#ports = ports;
    this.#stream = stream;
  }

  /**
   * Reads the placement. What follows is without a pause, because requests of one process share a copy of the stream.
   * @throws MeridianError `unavailable`
   */
  async look(): Promise<void> {
    await this.#ports.placement?.reread();
  }

  /** False if the placement has to be read first. */
  get isReady(): boolean {
    return this.#ports.placement?.isFresh ?? true;
  }

  /** What is in the way of a write under the newest entry that is known here. @throws MeridianError `misdirected` */
  obstacle(loaded: Loaded): Obstacle | undefined {
    return obstacleTo(this.#ports, this.#stream, loaded);
  }

  /**
   * Reads the placement again, or has what is not sealed sealed.
   * @param reload loads the stream up to the seals
   * @throws MeridianError `home-moving`, retryable: after {@link HOME_MOVING_MS}
   */
  async overcome(
    obstacle: Extract<Obstacle, { kind: 'sealed' | 'unsealed' }>,
    reload: (seals: VersionVector) => Promise<void>,
  ): Promise<void> {
    const ports = this.#ports;
    const isFirst = this.#retries === undefined;
    this.#retries ??= new Retries(ports.runtime, HOME_MOVING_MS);
    if (!isFirst && !(await this.#retries.pause())) throw homeMoving(this.#stream, this.#cause);
    try {
      if (obstacle.kind === 'sealed') await ports.placement?.reread();
      else {
        const { placement, sources } = obstacle;
        await reload(await askForSeals(ports, { stream: this.#stream.name, placement }, sources, this.#retries.left));
      }
    } catch (error) {
      if (!isPassing(error)) throw error;
      this.#cause = error;
      // It knows a newer entry.
      if (error.code === 'misdirected') await ports.placement?.reread();
    }
  }
}

/** True if the next attempt to have a log sealed, or to see the seal, may succeed. */
function isPassing(error: unknown): error is MeridianError {
  return error instanceof MeridianError && (error.retryable || error.code === 'misdirected');
}

/** The error of a write whose home moves: the Regions that wrote it before do not hand it over yet. */
function homeMoving({ name }: StreamRef, cause: unknown): MeridianError {
  return new MeridianError(
    'home-moving',
    `The home of ${name} moves, and a Region that wrote it before has not handed it over yet. Retry.`,
    { retryable: true, cause },
  );
}
