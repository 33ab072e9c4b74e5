// What a Region waits for before it writes a stream for the first time after its home has moved. The rule is that of the model
// spec/placement.qnt.

import { type Commit, isShared } from '../facts/commit.ts';
import { MeridianError } from '../facts/errors.ts';
import { newerPin, type PinAt } from '../facts/pin.ts';
import { compareKeys, entryFor, isComplete, isLostFor, NO_PLACEMENT, type Placement } from '../facts/placement.ts';
import type { StreamRef } from '../facts/stream-ref.ts';
import { drivingRegionOf } from '../facts/transaction.ts';
import { advanceVersion, emptyVersion, type VersionVector, versionCovers } from '../facts/version.ts';
import { HOME_MOVING_MS } from '../limits/budgets.ts';
import { Retries } from '../retry.ts';
import { adoptFrom } from './follow.ts';
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
  | {
      readonly kind: 'unsealed';
      readonly placement: Placement;
      readonly pin?: PinAt | undefined;
      readonly sources: readonly string[];
    }
  /** The pin that makes it the home of the stream has not arrived. */
  | { readonly kind: 'unseen'; readonly pin: PinAt }
  /** A Region that wrote the stream before has an undecided transaction in it. */
  | { readonly kind: 'undecided'; readonly intent: Commit };

type ObstaclePorts = HomePorts & Pick<AppendPorts, 'decisions'>;

/**
 * What is in the way of a write under the newest entry that is known here, for the home that the newest pin names; undefined if
 * nothing is.
 * @param loaded the stream, whose home exists
 * @throws MeridianError `misdirected`: another Region acts
 */
export function obstacleTo(ports: ObstaclePorts, stream: StreamRef, loaded: Loaded): Obstacle | undefined {
  const { history, completions } = loaded;
  const { region } = ports;
  const placement = ports.placement?.known ?? NO_PLACEMENT;
  const pin = newerPin(history.pinFor(region), ports.placement?.pinOf(stream.name));
  if (pin) ports.placement?.adoptPin(stream.name, pin);
  const home = homeIn(ports, stream);
  const writer = writerFor(stream, home, placement, pin);
  const entry = entryFor(placement, pin?.to ?? home, stream.type);
  if (compareKeys(history.lastSealOf(region, pin?.key)?.key, entry) > 0) return { kind: 'sealed' };
  if (writer.region !== region) throw misdirected(ports, stream, writer);
  if (pin && !versionCovers(history.seen, pin)) return { kind: 'unseen', pin };
  if (!entry) return undefined;
  if (isComplete(entry) && completions !== ports.placement?.completions) return { kind: 'outdated' };
  const sources = entry.sources.filter((source) => {
    const seal = history.seenSealOf(source, pin?.key);
    const isSealed = seal?.acting === region && compareKeys(seal.key, entry) >= 0;
    return source !== region && !entry.lost.includes(source) && !isSealed;
  });
  if (sources.length > 0) return { kind: 'unsealed', placement: writer.placement, pin, sources };
  const intent = history.undecided.find((each) => each.region !== region && !isShared(each) && !isUndecidable(each));
  return intent && { kind: 'undecided', intent };

  /** True if the Region that would have to decide a transaction is lost: for this home, or for the one before. */
  function isUndecidable({ commitId }: Commit): boolean {
    const driving = drivingRegionOf(commitId);
    const isLost = entry?.lost.includes(driving) || (pin && isLostFor(placement, stream.type, driving));
    return !ports.decisions.strong && Boolean(isLost);
  }
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
   * Reads the placement again, has what is not sealed sealed, or waits for the pin.
   * @param reload loads the stream up to the seals, or the pin
   * @throws MeridianError `home-moving`, retryable: after {@link HOME_MOVING_MS}
   */
  async overcome(
    obstacle: Extract<Obstacle, { kind: 'sealed' | 'unsealed' | 'unseen' }>,
    reload: (seals: VersionVector) => Promise<void>,
  ): Promise<void> {
    const ports = this.#ports;
    const isFirst = this.#retries === undefined;
    this.#retries ??= new Retries(ports.runtime, HOME_MOVING_MS);
    const stream = this.#stream.name;
    if (!isFirst && !(await this.#retries.pause())) {
      // It may be lost with the Region that put it: then the next request goes by what the stream says here.
      if (obstacle.kind === 'unseen') ports.placement?.forgetPin(stream);
      throw homeMoving(this.#stream, this.#cause);
    }
    try {
      if (obstacle.kind === 'sealed') await ports.placement?.reread();
      else if (obstacle.kind === 'unseen') await reload(advanceVersion(emptyVersion, obstacle.pin));
      else {
        const { placement, pin, sources } = obstacle;
        await reload(await askForSeals(ports, { stream, placement, ...(pin && { pin }) }, sources, this.#retries.left));
      }
    } catch (error) {
      // A pin that this Region cannot have seen may be one of a log that was lost.
      if (!isPassing(error) && !(error instanceof MeridianError && obstacle.kind === 'unseen')) throw error;
      this.#cause = error;
      if (error.code !== 'misdirected') return;
      // It knows a newer entry, or a newer pin.
      adoptFrom(ports, stream, error);
      await ports.placement?.reread();
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
