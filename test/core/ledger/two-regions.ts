import * as z from 'zod';
import { memoryLedger } from '../../../adapters/memory/ledger.ts';
import { defineDomain, defineStream, type LedgerEntry } from '../../../core/index.ts';
import { evolveBy, initialBy, keepAll, lastWriterWins } from '../../../core/rules/index.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { note } from '../../../testing/toy.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, aRegion, command, replicate } from '../a-region.ts';

export const STREAM = 'profile/ann';

const rules = { name: lastWriterWins(''), addresses: keepAll<string>() };
const profile = defineStream({
  type: 'profile',
  mode: 'merge',
  events: {
    Changed: {
      schemaVersion: 1,
      schema: z.object({ name: z.string().optional(), address: z.string().optional() }),
      sample: {},
    },
  },
  initial: initialBy(rules),
  evolve: evolveBy(rules, { Changed: ({ data: { name, address } }) => ({ name, addresses: address }) }),
  commands: {
    change: {
      input: z.object({ name: z.string().optional(), address: z.string().optional() }),
      decide: (_state, data) => [{ type: 'Changed', data }],
    },
  },
});

/** Two Regions, each with a replica of the ledger, that receive what the other one has written when told to. */
export function twoRegions() {
  const domain = defineDomain({ streams: [profile, note], views: [] });
  const regions = ['us', 'eu'];
  const region = (name: string) => ({
    ...aRegion(name, fakeRuntime(undefined, name.length), domain),
    regions,
    logs: regions,
    ledger: memoryLedger(),
  });
  const [us, eu] = [region('us'), region('eu')];
  type Region = typeof us;
  /** Writes of the second Region come later, also where no one has seen the other. */
  eu.runtime.advance(1000);
  return {
    us,
    eu,
    change: (at: Region, input: object, commitId?: string) =>
      appendToStream(
        at,
        anAppend({ stream: STREAM, operation: command('change', input), ...(commitId !== undefined && { commitId }) }),
      ),
    /** What both have written arrives in the other one. */
    meet: async (stream = STREAM): Promise<void> => {
      await replicate(stream, us, eu);
      await replicate(stream, eu, us);
      us.warm.clear();
      eu.warm.clear();
    },
    /** The entries of a Region, without what has to do with when they were written. */
    entriesOf: async ({ ledger }: Pick<Region, 'ledger'>): Promise<readonly LedgerEntry[]> =>
      (await ledger.ofStream(STREAM)).entries,
  };
}
