import { type BusEntry, entriesOf } from './bus.ts';
import { type Commit, splitStream } from './commit.ts';
import { bytesAtMost, deliver } from './deliver.ts';
import type { Hlc } from './hlc.ts';
import type { Bus, Queue, Runtime, Sightings } from './ports.ts';
import { encodeKeys } from './trigger.ts';

export interface PublishPorts {
  readonly region: string;
  readonly bus: Bus;
  readonly runtime: Runtime;
}

export interface RelayPorts extends PublishPorts {
  /** The stream types that some view is computed from. */
  readonly projectedTypes: ReadonlySet<string>;
  readonly projection: Queue;
  readonly sightings: Sightings;
}

/** Keys that one message to the projector carries. */
const KEYS_PER_MESSAGE = 50;

/**
 * Sends on what the table's stream delivers: the events of commits written here to the bus, the keys of every Region's
 * commits to the projection queue, and notes the newest stamp of each Region. Sending twice does no harm.
 * @returns the commits of which something could not be sent, which have to be delivered again
 */
export const relay = async (ports: RelayPorts, commits: readonly Commit[]): Promise<ReadonlySet<Commit>> => {
  const [unpublished, unprojected] = await Promise.all([publish(ports, commits), notifyProjector(ports, commits)]);
  // What was seen is for `health` alone: no reason to send everything again.
  await noteSightings(ports, commits).catch(() => ports.runtime.metric('SightingFailed', 'Count', 1));
  return new Set([...unpublished, ...unprojected]);
};

/**
 * Puts the events of those commits that were written here on the bus.
 * @returns for every event that could not be put its commit
 */
export const publish = async (
  { region, bus, runtime }: PublishPorts,
  commits: readonly Commit[],
): Promise<readonly Commit[]> => {
  const outgoing = commits
    .filter((commit) => commit.region === region)
    .flatMap((commit) => entriesOf(commit).map((entry) => ({ commit, entry })));
  const answers = await deliver(
    outgoing,
    ({ entry }) => entrySize(entry),
    (batch) => bus.put(batch.map(({ entry }) => entry)),
    runtime,
  );
  const failed = outgoing.filter((_, i) => answers[i] !== undefined);
  runtime.metric('Published', 'Count', outgoing.length - failed.length);
  if (failed.length > 0) runtime.metric('PublishFailed', 'Count', failed.length);
  return failed.map(({ commit }) => commit);
};

const entrySize = ({ source, detailType, detail }: BusEntry): number => bytesAtMost(source + detailType + detail);

const notifyProjector = async (
  { projectedTypes, projection, runtime }: RelayPorts,
  commits: readonly Commit[],
): Promise<readonly Commit[]> => {
  const projected = commits.filter(({ stream }) => projectedTypes.has(splitStream(stream).type));
  const messages = Array.from({ length: Math.ceil(projected.length / KEYS_PER_MESSAGE) }, (_, i) => {
    const carried = projected.slice(i * KEYS_PER_MESSAGE, (i + 1) * KEYS_PER_MESSAGE);
    return { carried, body: encodeKeys(carried) };
  });
  const answers = await deliver(
    messages,
    ({ body }) => bytesAtMost(body),
    (batch) => projection.send(batch.map(({ body }) => body)),
    runtime,
  );
  return messages.filter((_, i) => answers[i] !== undefined).flatMap(({ carried }) => carried);
};

const noteSightings = async ({ sightings }: RelayPorts, commits: readonly Commit[]): Promise<void> => {
  const newest = new Map<string, Hlc>();
  for (const { region, hlc } of commits) if (hlc > (newest.get(region) ?? '')) newest.set(region, hlc);
  await Promise.all([...newest].map(([region, hlc]) => sightings.record(region, hlc)));
};
