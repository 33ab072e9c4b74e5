import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as z from 'zod';
import { memoryDecisions } from '../../adapters/memory/decisions.ts';
import { memoryEventStore } from '../../adapters/memory/event-store.ts';
import { type Commit, defineDomain, defineStream, defineView } from '../../core/index.ts';
import type { LoadPorts } from '../../core/log/load.ts';

const none: readonly string[] = [];

const events = {
  Noted: { schemaVersion: 1, schema: z.strictObject({ text: z.string() }), sample: { text: 'a' } },
} as const;

/** A type whose state has all texts: as large as its events. */
export const texts = defineStream({
  type: 'texts',
  mode: 'merge',
  events,
  initial: none,
  evolve: (all, { data: { text } }) => [...all, text],
  commands: {},
});

/** A type with a small state. */
export const counts = defineStream({
  type: 'counts',
  mode: 'merge',
  events,
  initial: 0,
  evolve: (count) => count + 1,
  commands: {},
});

const domain = defineDomain({
  streams: [texts, counts],
  views: [defineView({ name: 'counted', kind: 'rows', of: counts, row: (count) => count })],
});

/** Commits of some logs, log after log as a table returns them. @param related whether each log knows the others */
export function commitsOf(
  stream: string,
  logs: readonly string[],
  count: number,
  { related = true, bytes = 20 }: { readonly related?: boolean; readonly bytes?: number } = {},
): readonly Commit[] {
  const each = Math.floor(count / logs.length);
  return logs.flatMap((log, l) =>
    Array.from({ length: each }, (_, i): Commit => {
      const known = related ? logs.map((name, n) => [name, n < l ? i + 1 : i] as const) : [[log, i] as const];
      const commit: Commit = {
        stream,
        log,
        position: i + 1,
        commitId: `${log}-${i + 1}`,
        fingerprint: 'f'.repeat(43),
        digest: 'd'.repeat(43),
        events: [{ type: 'Noted', schemaVersion: 1, data: { text: `${i}`.padEnd(bytes, 'x') } }],
        context: Object.fromEntries(known.filter(([, position]) => position > 0)),
        previous: i,
        hlc: (i * logs.length + l + 1).toString(16).padStart(16, '0'),
        region: log,
        meta: {},
      };
      // As a store returns it: no text is shared with another commit.
      return JSON.parse(JSON.stringify(commit));
    }),
  );
}

/** A Region in memory, with a clock that only sleeping advances. */
export function aRegion() {
  const table = memoryEventStore();
  let now = Date.UTC(2001, 0, 1);
  const runtime: LoadPorts['runtime'] = {
    now: () => now,
    clockAhead: () => 0,
    elapsed: () => now,
    sleep: async (milliseconds) => {
      now += milliseconds;
    },
    random: () => 0.5,
    newId: () => `${now}`,
    digest: (text) => text,
    metric: () => {},
    unexpected: () => {},
  };
  const reads = { loads: 0, items: 0 };
  const load: typeof table.load = async (...args) => {
    const commits = await table.load(...args);
    reads.loads++;
    reads.items += commits.length;
    return commits;
  };
  return {
    ...{ domain, region: 'us', runtime, reads, table },
    events: { ...table, load },
    decisions: memoryDecisions({ strong: true }),
  };
}

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Bytes of the heap that are in use. */
export function heapUsed(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
