// What the measured code did before it was bounded, as the baseline of `npm run bounds`.

import type { ShardPage } from '../../adapters/store-rules/sharded-page.ts';
import { type Commit, foldOrder } from '../../core/facts/commit.ts';
import type { StreamRef } from '../../core/facts/stream-ref.ts';
import { joinVersions, type VersionVector, versionDominates } from '../../core/facts/version.ts';
import { CATCH_UP_MS } from '../../core/limits/budgets.ts';
import { type LoadPorts, loadHistory } from '../../core/log/load.ts';
import { Retries } from '../../core/retry.ts';

/** The seen commits of a stream in fold order: each was inserted where it belongs, one by one. */
export function seenBefore(commits: readonly Commit[]): readonly Commit[] {
  const logs = new Map<string, Map<number, Commit>>();
  for (const commit of commits) {
    const log = logs.get(commit.log);
    if (log) log.set(commit.position, commit);
    else logs.set(commit.log, new Map([[commit.position, commit]]));
  }
  const seen: Commit[] = [];
  let version: VersionVector = {};
  let before: VersionVector;
  do {
    before = version;
    for (const [name, log] of logs)
      for (;;) {
        const next = log.get((version[name] ?? 0) + 1);
        if (!next || !versionDominates(version, next.context)) break;
        version = joinVersions(version, { [name]: next.position });
        seen.splice(seen.findLastIndex((other) => foldOrder(other, next) < 0) + 1, 0, next);
      }
  } while (before !== version);
  return seen;
}

/** Reads rounds of a page of one row until it is full: keys without a row were read over. */
export async function pageBefore(
  readShard: (shard: number, after: string | undefined, limit: number) => Promise<ShardPage<string | undefined>>,
  shards: number,
): Promise<void> {
  let rows = 0;
  let after: string | undefined;
  do {
    const from = after;
    const pages = await Promise.all(Array.from({ length: shards }, (_, shard) => readShard(shard, from, 2)));
    const horizon = pages
      .flatMap(({ end }) => end ?? [])
      .sort()
      .at(0);
    const found = pages.flatMap(({ items }) => items).filter(({ key }) => horizon === undefined || key <= horizon);
    rows += found.filter(({ item }) => item !== undefined).length;
    after = horizon;
  } while (after !== undefined && rows < 2);
}

/** A read that waits in vain: it loaded the whole stream at every try. */
export async function waitBefore(ports: LoadPorts, stream: StreamRef): Promise<void> {
  const retries = new Retries(ports.runtime, CATCH_UP_MS);
  do await loadHistory(ports, stream);
  while (await retries.pause());
}
