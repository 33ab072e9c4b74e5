// A Region that wrote a stream hands it over: the end of its log, for the writers of older entries.

import { fromProblem, MeridianError } from '../facts/errors.ts';
import { comparePinKeys, type PinAt } from '../facts/pin.ts';
import { compareKeys, entryFor, keyOf, type PlacementEntry, sealIdOf } from '../facts/placement.ts';
import { parseStreamRef, type StreamRef } from '../facts/stream-ref.ts';
import { advanceVersion, type Dot, emptyVersion, type VersionVector } from '../facts/version.ts';
import { SEAL_MS, SEAL_POLL_MS } from '../limits/budgets.ts';
import { loadHistory } from '../log/load.ts';
import { pollPause, Retries } from '../retry.ts';
import { type SealRequest, sealAnswerSchema } from '../wire/placement.ts';
import { homeIn } from './home.ts';
import { finishIntents, streamBusy, Watch } from './intents.ts';
import { type AppendPorts, nextCommit } from './writer.ts';

/**
 * Seals the log of this Region for an entry, after whatever this Region wrote to the stream. Asked again, it returns the same seal.
 * @returns the place of the seal
 * @throws MeridianError `misdirected`: a newer entry is known here, or this Region is no source of the entry; `stream-busy`,
 *   retryable: an undecided transaction of this Region holds the stream; `unavailable`
 */
export async function sealLog(ports: AppendPorts, asked: Omit<SealRequest, 'step'>): Promise<Dot> {
  const { runtime, log, region, events, placement: known } = ports;
  const { placement, pin } = asked;
  const stream = parseStreamRef(asked.stream);
  known?.adopt(placement);
  const entry = checkedEntry(ports, stream, asked);
  const id = sealIdOf({ key: keyOf(entry), acting: entry.acting, ...(pin && { pin: pin.key }) });
  const retries = new Retries(runtime, SEAL_MS);
  const watch = new Watch(runtime);
  let history = await loadHistory(ports, stream);
  for (;;) {
    const newest = history.pinFor(region);
    if (comparePinKeys(newest?.key, pin?.key) > 0) throw notHere(ports, stream, { pin: newest });
    const last = history.lastSealOf(region, pin?.key);
    const order = compareKeys(last?.key, entry);
    if (last && order === 0) return { log: last.log, position: last.position };
    if (order > 0) throw notHere(ports, stream, {});
    const held = await finishIntents(ports, history, { asks: 'end', watch });
    if (held) {
      const pause = pollPause(runtime, SEAL_POLL_MS, watch.waited);
      if (pause > retries.left) throw streamBusy(held, runtime.now());
      await runtime.sleep(pause);
      continue;
    }
    const of = { commitId: id, fingerprint: id, events: [], context: history.seen, meta: {} };
    const seal = nextCommit(ports, history, runtime.now(), of);
    const taken = await events.put(seal);
    if (!taken) return { log, position: seal.position };
    if (!(await retries.pause())) throw streamBusy(taken, runtime.now());
    history = await loadHistory(ports, stream);
  }
}

/** The entry that is asked for, if it is the newest one here. */
function checkedEntry(
  ports: AppendPorts,
  stream: StreamRef,
  { placement: asked, pin }: Pick<SealRequest, 'placement' | 'pin'>,
): PlacementEntry {
  const { region, placement } = ports;
  const home = pin?.to ?? homeIn(ports, stream);
  const entry = entryFor(asked, home, stream.type);
  const newest = entryFor(placement?.known ?? asked, home, stream.type);
  const isSource = entry?.sources.includes(region) && entry.acting !== region;
  if (!entry || !isSource || compareKeys(newest, entry) > 0) throw notHere(ports, stream, { entry: newest });
  return entry;
}

function notHere(
  { region }: AppendPorts,
  { name }: StreamRef,
  { entry, pin }: { readonly entry?: PlacementEntry | undefined; readonly pin?: PinAt | undefined },
): MeridianError {
  return new MeridianError('misdirected', `The log of ${region} for ${name} is not sealed for that entry.`, {
    details: { ...(entry && { home: entry.acting }), ...(pin && { home: pin.to, pin }) },
  });
}

/**
 * Has the logs of Regions that wrote a stream before sealed for an entry.
 * @param within milliseconds for each of them
 * @returns the version that covers the seals
 * @throws MeridianError `region-unreachable`, `stream-busy`, `unavailable`, retryable; `misdirected`: one of them knows a newer entry
 */
export async function askForSeals(
  { participants, region }: AppendPorts,
  of: Omit<SealRequest, 'step'>,
  sources: readonly string[],
  within: number,
): Promise<VersionVector> {
  if (!participants)
    throw new MeridianError('unavailable', `This function of ${region} does not ask for seals.`, { retryable: true });
  const seals = await Promise.all(
    sources.map(async (source) => {
      const asked: SealRequest = { step: 'seal', ...of };
      const answer = sealAnswerSchema.parse(await participants.invoke(source, asked, within));
      if (answer.kind === 'unsealed') throw fromProblem(answer.problem);
      return answer;
    }),
  );
  return seals.reduce(advanceVersion, emptyVersion);
}
