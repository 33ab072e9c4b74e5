import { memoryViewStore } from '../../adapters/memory/view-store.ts';
import { warmStreams } from '../../adapters/node/warm-streams.ts';
import { readShards, type ShardPage } from '../../adapters/store-rules/sharded-page.ts';
import { parseStreamRef } from '../../core/facts/stream-ref.ts';
import type { KeptStream } from '../../core/index.ts';
import { FUNCTIONS, warmBytes } from '../../core/limits/functions.ts';
import { History } from '../../core/log/history.ts';
import { loadAtLeast } from '../../core/log/load.ts';
import { projectTriggers } from '../../core/view/projection.ts';
import { pageBefore, seenBefore, waitBefore } from './before.ts';
import { aRegion, commitsOf, counts, heapUsed, texts } from './stream.ts';

export interface Figure {
  readonly what: string;
  readonly before: number;
  readonly after: number;
  readonly unit: string;
}

const SHARDS = 4;
const GONE = 4_000;

/** Queries for one row behind many keys that have none: totals at 0 before, streams without a row still. */
export async function pageFigure(): Promise<Figure> {
  const keys = Array.from({ length: GONE + 1 }, (_, i) => `${i}`.padStart(6, '0'));
  let queries = 0;
  const readShard = async (shard: number, after: string | undefined, limit: number) => {
    queries++;
    const own = keys.filter((key, i) => i % SHARDS === shard && (after === undefined || key > after));
    const items = own.slice(0, limit).map((key) => ({ key, item: key === keys.at(-1) ? key : undefined }));
    return { items, end: own.length > limit ? items.at(-1)?.key : undefined } satisfies ShardPage<string | undefined>;
  };
  await pageBefore(readShard, SHARDS);
  const before = queries;
  queries = 0;
  const combine = (key: string, [item]: readonly (string | undefined)[]) => (item === undefined ? undefined : { key });
  await readShards({ shards: SHARDS, readShard, combine }, { limit: 1 });
  return { what: `page of one row behind ${GONE} that are gone`, before, after: queries, unit: 'queries' };
}

const STREAM_COMMITS = 930;
const COMMIT_BYTES = 650;

/** Histories of streams of about 0.93 MB as JSON, which have been folded. */
function histories(count: number, type: typeof texts | typeof counts): readonly History[] {
  return Array.from({ length: count }, (_, i) => {
    const stream = `${type.type}/${i}`;
    const history = new History(type, stream, commitsOf(stream, ['us'], STREAM_COMMITS, { bytes: COMMIT_BYTES }));
    void history.state;
    return history;
  });
}

/** The heap of streams in memory, and the estimate of it. */
export function estimateFigures(): readonly Figure[] {
  return [texts, counts].map((type) => {
    const start = heapUsed();
    const held = histories(60, type);
    const before = Math.round((heapUsed() - start) / held.length);
    const after = Math.round(held.reduce((sum, { bytes }) => sum + bytes, 0) / held.length);
    return { what: `heap of one stream of 0.93 MB (${type.type}), and its estimate`, before, after, unit: 'bytes' };
  });
}

/** The heap of 1,000 such streams, and of those that a function keeps of 400. */
export function warmFigure({ before: heapOfOne }: Pick<Figure, 'before'>): Figure {
  const start = heapUsed();
  const warm = warmStreams<{ readonly history: History }>(warmBytes(FUNCTIONS.api));
  for (let i = 0; i < 40; i++)
    for (const [j, history] of histories(10, texts).entries()) warm.set(`texts/${i}-${j}`, { history });
  const after = heapUsed() - start;
  return {
    what: `heap of 1,000 warm streams of 0.93 MB; ${warm.size} are kept`,
    before: 1_000 * heapOfOne,
    after,
    unit: 'bytes',
  };
}

/** Items that a read loads while it waits in vain for 2 s, on a stream of 1,000 commits. */
export async function waitFigure(): Promise<Figure> {
  const stream = parseStreamRef('counts/a');
  const [old, now] = [aRegion(), aRegion()];
  for (const region of [old, now])
    for (const commit of commitsOf(stream.name, ['us'], 1_000)) region.table.replicate(commit);
  await waitBefore(old, stream);
  await loadAtLeast(now, stream, { atLeast: { eu: 1 } }).catch(() => {});
  const what = `waiting read of 1,000 commits (${now.reads.loads} loads)`;
  return { what, before: old.reads.items, after: now.reads.items, unit: 'items' };
}

/** Items read to project 2,000 commits one by one. */
export async function projectFigure(): Promise<Figure> {
  const items: number[] = [];
  for (const keptStreams of [undefined, new Map<string, KeptStream>()]) {
    const region = aRegion();
    const ports = { ...region, views: memoryViewStore(), ...(keptStreams && { keptStreams }) };
    for (const commit of commitsOf('counts/a', ['us'], 2_000)) {
      region.table.replicate(commit);
      await projectTriggers(ports, [{ stream: commit.stream, log: 'us', position: commit.position, inTable: true }]);
    }
    items.push(region.reads.items);
  }
  const [before = Number.NaN, after = Number.NaN] = items;
  return { what: 'projecting 2,000 commits one by one', before, after, unit: 'items' };
}

/** The times of loading commits, in milliseconds. */
export interface LoadTime {
  readonly logs: string;
  readonly commits: number;
  readonly before: number;
  readonly after: number;
}

const KINDS = [
  { logs: 'one log', names: ['us'], related: true },
  { logs: 'three logs that know each other', names: ['ap', 'eu', 'us'], related: true },
  { logs: 'three logs that do not', names: ['ap', 'eu', 'us'], related: false },
];

/** Loads of some sizes, by what the logs know of each other; both ways in turn, the lowest of three times each. */
export function loadTimes(sizes: readonly number[]): readonly LoadTime[] {
  return KINDS.flatMap(({ logs, names, related }) =>
    sizes.map((count) => {
      const commits = commitsOf('counts/a', names, count, { related });
      const before: number[] = [];
      const after: number[] = [];
      for (let i = 0; i < 3; i++) {
        before.push(milliseconds(() => seenBefore(commits)));
        after.push(milliseconds(() => new History(counts, 'counts/a', commits)));
      }
      return { logs, commits: count, before: Math.min(...before), after: Math.min(...after) };
    }),
  );
}

function milliseconds(act: () => unknown): number {
  const begun = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1000;
}
