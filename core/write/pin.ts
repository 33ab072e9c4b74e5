// The home of a single stream moves: the Region that writes the stream puts a pin, after which the stream's home is another one.

import { streamTypeOf } from '../definition/domain.ts';
import { fromProblem, invalid, MeridianError } from '../facts/errors.ts';
import { type PinAt, pinIdOf } from '../facts/pin.ts';
import { entryFor, NO_PLACEMENT } from '../facts/placement.ts';
import { parseStreamRef, type StreamRef } from '../facts/stream-ref.ts';
import { MOVE_STREAM_MS, PARTICIPANT_CALL_MS, SEAL_MS, SEAL_POLL_MS } from '../limits/budgets.ts';
import type { History } from '../log/history.ts';
import { pollPause, Retries } from '../retry.ts';
import { type Pinned, pinAnswerSchema } from '../wire/pin.ts';
import { Draft } from './draft.ts';
import { follow } from './follow.ts';
import { homeIn, passedOn, type Writer, writerFor, writerOf } from './home.ts';
import { streamBusy } from './intents.ts';
import { TakeOver } from './take-over.ts';
import { type AppendPorts, loadWarm, nextCommit } from './writer.ts';

/** The move of the home of one stream. */
export interface MoveStream {
  readonly stream: string;
  /** @default the home by its id */
  readonly to?: string | undefined;
  /** Only finds out what would be done. */
  readonly dryRun: boolean;
}

/**
 * Moves the home of one stream, in the Region that writes it now. Repeated, it changes nothing, and returns the pin that is there.
 * @throws MeridianError `validation`: no such Region, or a stream without a home; `unknown-stream-type`; `region-unreachable`: the
 *   Region that writes the stream does not respond; `stream-busy`, retryable: an undecided transaction holds it; `home-moving`,
 *   retryable: it moves already; `unavailable`
 */
export async function moveStream(ports: AppendPorts, asked: MoveStream): Promise<Pinned> {
  const stream = parseStreamRef(asked.stream);
  checkTarget(ports, stream, asked.to);
  const retries = new Retries(ports.runtime, MOVE_STREAM_MS);
  for (;;) {
    const writer = await writerOf(ports, stream);
    try {
      if (writer.region === ports.region) return await pinStream(ports, asked);
      return await askFor(ports, writer, asked);
    } catch (error) {
      if (!(await follow(ports, stream, writer, error)) || !(await retries.pause())) throw reported(error, writer);
    }
  }
}

async function askFor({ participants }: AppendPorts, writer: Writer, asked: MoveStream): Promise<Pinned> {
  if (!participants)
    throw new MeridianError('unavailable', 'This function does not ask other Regions to move a stream. Deploy first.');
  const request = passedOn({ step: 'pin', ...asked }, writer);
  const answer = pinAnswerSchema.parse(await participants.invoke(writer.region, request, PARTICIPANT_CALL_MS));
  if (answer.kind === 'unpinned') throw fromProblem(answer.problem);
  const { kind: _kind, ...pinned } = answer;
  return pinned;
}

function reported(error: unknown, { region }: Writer): unknown {
  if (!(error instanceof MeridianError && error.code === 'region-unreachable')) return error;
  return new MeridianError(
    'region-unreachable',
    `${region} writes this stream now, and does not respond. If it is lost, have another Region write what it writes: meridian failover ${region} --to <region> --forced --accept-loss-window.`,
    { retryable: true, cause: error },
  );
}

/** @throws MeridianError `validation`, `unknown-stream-type` */
function checkTarget({ domain, regions }: AppendPorts, { type }: StreamRef, to: string | undefined): void {
  const { mode } = streamTypeOf(domain, type);
  if (mode !== 'home')
    throw invalid([{ path: 'stream', message: `is in mode ${mode}, and has no home: only home streams are moved` }]);
  if (to !== undefined && !regions.includes(to))
    throw invalid([{ path: 'to', message: `is not one of the deployed Regions: ${regions.join(', ')}` }]);
}

/**
 * Puts a pin at the next position of this Region's log, if this Region may write the stream, and the stream's home is another one.
 * @throws MeridianError `misdirected`: another Region writes the stream; as `moveStream`
 */
export async function pinStream(ports: AppendPorts, asked: MoveStream): Promise<Pinned> {
  const { runtime } = ports;
  const stream = parseStreamRef(asked.stream);
  checkTarget(ports, stream, asked.to);
  if (asked.dryRun) return lookAhead(ports, stream, asked.to);
  const retries = new Retries(runtime, SEAL_MS);
  // What is returned without a write is never based on an older copy of the stream.
  await loadWarm(ports, stream);
  const draft = await Draft.open(ports, { stream, commitId: NO_ID, fingerprint: '', meta: {}, isNew: true });
  for (;;) {
    const drafted = await draft.next({ asks: 'end' });
    if (drafted.kind === 'refused') throw drafted.error;
    if (drafted.kind === 'held') {
      const pause = pollPause(runtime, SEAL_POLL_MS, draft.watch.waited);
      if (pause > retries.left) throw streamBusy(drafted.by, runtime.now());
      await runtime.sleep(pause);
      continue;
    }
    // Nothing is awaited from here on: the pin covers exactly what it was decided on.
    const { pinned, pin } = planned(ports, stream, draft.history, asked.to);
    if (!pinned.moved) return pinned;
    const id = pinIdOf(pin);
    const of = { commitId: id, fingerprint: id, events: [], context: draft.history.seen, meta: {} };
    const taken = await draft.put(nextCommit(ports, draft.history, runtime.now(), of));
    if (!taken) {
      ports.placement?.adoptPin(stream.name, pin);
      return { ...pinned, pin };
    }
    if (!(await retries.pause())) throw streamBusy(taken, runtime.now());
    await draft.catchUp(taken);
  }
}

/**
 * What would be done, as far as this Region knows. It waits for what has to arrive, has no log sealed, and ends no transaction.
 * @throws MeridianError as `pinStream`
 */
async function lookAhead(ports: AppendPorts, stream: StreamRef, target: string | undefined): Promise<Pinned> {
  const takeOver = new TakeOver(ports, stream);
  for (;;) {
    if (!takeOver.isReady) await takeOver.look();
    const loaded = await loadWarm(ports, stream);
    const obstacle = takeOver.obstacle(loaded);
    if (obstacle?.kind !== 'sealed' && obstacle?.kind !== 'unseen')
      return planned(ports, stream, loaded.history, target).pinned;
    await takeOver.overcome(obstacle, async (version) => {
      await loadWarm(ports, stream, version);
    });
  }
}

/** No commit has this id. */
const NO_ID = 'pin:';

/** What would be done, and the pin for it. */
function planned(
  ports: AppendPorts,
  stream: StreamRef,
  history: History,
  target: string | undefined,
): { readonly pinned: Pinned; readonly pin: PinAt } {
  const { region, log } = ports;
  const placement = ports.placement?.known ?? NO_PLACEMENT;
  const byId = homeIn(ports, stream);
  const to = target ?? byId;
  const newest = history.pinFor(region);
  const home = newest?.to ?? byId;
  const forced = Math.max(entryFor(placement, home, stream.type)?.forced ?? 0, newest?.key.forced ?? 0);
  const key = { forced, number: (newest?.key.number ?? 0) + 1, by: region };
  return {
    pin: { key, to, log, position: history.lastPosition(log) + 1 },
    pinned: {
      stream: stream.name,
      home: to,
      writtenIn: region,
      willBeWrittenIn: writerFor(stream, to, placement).region,
      moved: home !== to,
      ...(newest && { pin: newest }),
    },
  };
}
