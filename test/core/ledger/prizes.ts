import { memoryLedger } from '../../../adapters/memory/ledger.ts';
import { defineDomain, type LedgerEntry, type StreamDefinition } from '../../../core/index.ts';
import { lookForConflicts } from '../../../core/ledger/look.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { note, prize } from '../../../testing/toy.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, aRegion, command, replicate } from '../a-region.ts';

export const PRIZE = 'prize/car';

const NAMES = ['us', 'eu', 'ap'];

/** Three Regions with prizes, of which the first repairs conflicts; each receives what others have written when told to. */
export function regionsWithPrizes(definition: StreamDefinition = prize) {
  const domain = defineDomain({ streams: [definition, note], views: [] });
  const region = (name: string, i: number) => {
    const runtime = fakeRuntime(undefined, i + 1);
    runtime.advance(i * 1000);
    return { ...aRegion(name, runtime, domain), regions: NAMES, logs: NAMES, ledger: memoryLedger() };
  };
  const [us, eu, ap] = [region('us', 0), region('eu', 1), region('ap', 2)];
  type Region = typeof us;
  return {
    us,
    eu,
    ap,
    claim: async (at: Region, by: string, stream = PRIZE): Promise<void> => {
      await appendToStream(at, anAppend({ stream, commitId: `claim-of-${by}`, operation: command('claim', by) }));
    },
    /** What the Regions have written arrives in the others. */
    meet: async (...among: readonly Region[]): Promise<void> => {
      for (const from of among)
        for (const to of among)
          for (const stream of [PRIZE, 'note/n']) {
            if (from !== to) await replicate(stream, from, to);
            to.warm.clear();
          }
      for (const { runtime } of among) runtime.advance(60_000);
    },
    look: (at: Region, stream = PRIZE) => lookForConflicts(at, stream),
    /** The repairs in a Region's table, each with whom it refunds. */
    repairsIn: async ({ table }: Region) =>
      (await table.load(PRIZE))
        .filter(({ repair }) => repair)
        .map(({ log, position, commitId, context, events }) => ({
          log,
          position,
          commitId,
          context,
          refunds: events.map(({ data }) => data),
        })),
    entriesOf: async ({ ledger }: Region): Promise<readonly LedgerEntry[]> => (await ledger.ofStream(PRIZE)).entries,
  };
}
