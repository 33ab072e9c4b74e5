import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runTests } from '../../spec/quint.ts';
import { mutants } from './mutants.ts';
import { type Mutant, type Recorded, recordedRun } from './recorded-core.ts';
import { moduleOf } from './to-quint.ts';

const model = fileURLToPath(new URL('../../spec/transaction.qnt', import.meta.url));

/** The names of the traces that the model refuses. */
async function refused(strong: boolean, traces: ReadonlyMap<string, Recorded>): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-recorded-'));
  try {
    const file = join(folder, 'recorded.qnt');
    writeFileSync(file, moduleOf('recorded', strong, traces));
    copyFileSync(model, join(folder, 'transaction.qnt'));
    const { failed, passed } = await runTests(file, 'recorded');
    expect(passed.length + failed.length).toBe(traces.size);
    return failed.map((name) => name.replace(/Test$/, ''));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Traces with one seed each, the first ones and others, named by what they are of. */
async function recorded(
  name: string,
  count: number,
  { strong = false, mutant, seeds = [] }: { strong?: boolean; mutant?: Mutant; seeds?: readonly number[] },
) {
  const all = [...Array.from({ length: count }, (_, i) => i + 1), ...seeds];
  return Promise.all(
    all.map(async (seed) => [`${name}_${seed}`, await recordedRun({ strong, seed, mutant })] as const),
  );
}

const SHIPPED = 6;
const BROKEN = 2;
/** A seed for a mutant whose traces with the first ones do not show what it breaks. */
const SHOWN_BY: Readonly<Record<string, number>> = { overwrites_a_decision: 11 };

/** Quint needs its seconds, on a busy machine ten times as many. */
const TIMEOUT_MS = 300_000;

describe('traces recorded from the core', { timeout: TIMEOUT_MS }, () => {
  it('are accepted by the model, and those of each mutant are refused', async () => {
    const shipped = await recorded('shipped', SHIPPED, {});
    const broken = await Promise.all(
      Object.entries(mutants).map(([name, mutant]) => {
        const seed = SHOWN_BY[name];
        return recorded(name, BROKEN, { mutant, ...(seed !== undefined && { seeds: [seed] }) });
      }),
    );
    const names = await refused(false, new Map([...shipped, ...broken.flat()]));
    expect(names.filter((name) => name.startsWith('shipped'))).toEqual([]);
    const missed = Object.keys(mutants).filter((mutant) => !names.some((name) => name.startsWith(mutant)));
    expect(missed).toEqual([]);
  });

  it('are accepted by the model if decisions are strongly consistent', async () => {
    expect(await refused(true, new Map(await recorded('shipped', 3, { strong: true })))).toEqual([]);
  });

  it('show attempts that ended early, transactions that were next, one-Region transactions and intents that were resolved', async () => {
    const writes = (await recorded('shipped', SHIPPED, {})).flatMap(([, trace]) => trace.writes);
    expect(new Set(writes.map(({ kind }) => kind)).size).toBe(6);
    expect(writes.some((write) => write.kind === 'decision' && !write.decision.final)).toBe(true);
    expect(writes.some((write) => write.kind === 'decision' && write.decision.state === 'committed')).toBe(true);
  });
});
