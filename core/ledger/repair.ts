import { streamTypeOf } from '../definition/domain.ts';
import { parseEvents, reconcileWith, repairRegionOf, type StreamDefinition } from '../definition/stream.ts';
import { type Commit, repairIdOf, type StoredEvent } from '../facts/commit.ts';
import { MeridianError, messageOf } from '../facts/errors.ts';
import { fingerprintOf } from '../facts/fingerprint.ts';
import type { PinAt } from '../facts/pin.ts';
import { NO_PLACEMENT } from '../facts/placement.ts';
import { parseStreamRef, type StreamRef } from '../facts/stream-ref.ts';
import { PROJECT_MS } from '../limits/budgets.ts';
import { conflictsToRepair } from '../log/conflicts.ts';
import type { History } from '../log/history.ts';
import { type LoadPorts, loadHistory } from '../log/load.ts';
import { completionsIn, type KnownPlacement } from '../placement/known-placement.ts';
import { Retries } from '../retry.ts';
import { writerFor } from '../write/home.ts';
import { ownIntents } from '../write/intents.ts';
import { obstacleTo } from '../write/take-over.ts';
import { type Loaded, nextCommit, wrongClock } from '../write/writer.ts';

export interface RepairPorts extends LoadPorts {
  /** The Regions of the deployment. */
  readonly regions: readonly string[];
  /** Where home streams are written. @default at home */
  readonly placement?: KnownPlacement;
}

/**
 * True if this Region repairs the conflicts of a stream.
 * @param pin its newest pin
 * @throws MeridianError as `repairRegionOf`; `unknown-stream-type`
 */
export function repairsHere(
  { domain, region, regions, placement }: Pick<RepairPorts, 'domain' | 'region' | 'regions' | 'placement'>,
  stream: string,
  pin?: PinAt,
): boolean {
  const ref = parseStreamRef(stream);
  const definition = streamTypeOf(domain, ref.type);
  const repairing = repairRegionOf(definition, ref, regions);
  if (repairing === undefined || definition.mode !== 'home') return repairing === region;
  return writerFor(ref, repairing, placement?.known ?? NO_PLACEMENT, pin).region === region;
}

/** True if a Region that wrote a home stream before has not handed it over, or another one writes it now. */
function isMoving(ports: RepairPorts, stream: StreamRef, loaded: Loaded): boolean {
  if (streamTypeOf(ports.domain, stream.type).mode !== 'home') return false;
  try {
    return obstacleTo(ports, stream, loaded) !== undefined;
  } catch {
    return true;
  }
}

/**
 * Repairs the conflicts of a stream that no repair has covered, in the only Region that may: asks `reconcile` for the events that are
 * still missing, and puts them in one commit that has seen all that was loaded. It is put without events too: then nothing is
 * missing, and the conflicts are covered. Where none waits nothing is put, however often and late this runs.
 *
 * Another commit may take the position, and may be such a repair: then everything is computed again.
 * @returns `free`: no conflict waited, or they have been repaired; `held`: an intent that is not final is in the way, or a home that moves
 * @throws MeridianError `internal`: `reconcile` failed, or returned what cannot be stored; `unavailable`; `unreadable-event`; both
 *   retryable
 */
export async function repairConflicts(ports: RepairPorts, stream: StreamRef): Promise<'free' | 'held'> {
  const { events, runtime } = ports;
  const retries = new Retries(runtime, PROJECT_MS);
  for (;;) {
    const completions = completionsIn(ports.placement);
    const history = await loadHistory(ports, stream);
    if (history.waiting.length === 0) return 'free';
    // No commit follows an intent that is not final.
    if (ownIntents(ports, history).length > 0 || isMoving(ports, stream, { history, completions })) return 'held';
    const commit = repairOf(ports, stream, history);
    if (!(await events.put(commit))) {
      runtime.metric('Repaired', 'Count', 1);
      return 'free';
    }
    if (!(await retries.pause()))
      throw new MeridianError(
        'unavailable',
        `Lost the race to other writers of ${stream.name} for ${PROJECT_MS / 1000} s. Retry.`,
        { retryable: true },
      );
  }
}

/** The repair at the next position of this Region's log. @throws MeridianError */
function repairOf({ log, ...ports }: RepairPorts, stream: StreamRef, history: History): Commit {
  const { domain, region, runtime } = ports;
  if (log === undefined)
    throw new MeridianError('unavailable', 'This instance does not know its log yet. Retry.', { retryable: true });
  const fault = history.unreadable ?? wrongClock(runtime.clockAhead());
  if (fault) throw fault;
  const events = missingEvents(ports, streamTypeOf(domain, stream.type), history);
  const commitId = repairIdOf({ log, position: history.lastPosition(log) + 1 });
  const fingerprint = fingerprintOf(runtime, { kind: 'repair', commitId });
  const of = { commitId, fingerprint, events, context: history.seen, meta: {}, repair: true } as const;
  return nextCommit({ log, region, runtime }, history, runtime.now(), of);
}

/** What `reconcile` says is missing. @throws MeridianError `internal` */
function missingEvents(
  { runtime }: Pick<RepairPorts, 'runtime'>,
  definition: StreamDefinition,
  history: History,
): readonly StoredEvent[] {
  const conflicts = conflictsToRepair(definition, history.waiting);
  try {
    return parseEvents(definition, reconcileWith(definition, history.state, conflicts));
  } catch (cause) {
    runtime.metric('RepairFailed', 'Count', 1);
    throw new MeridianError(
      'internal',
      `\`reconcile\` of stream type ${definition.type} could not repair ${history.stream}: ${messageOf(cause)}. Fix it, deploy it, and redrive the message.`,
      { cause },
    );
  }
}
