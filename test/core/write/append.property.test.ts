import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Commit } from '../../../core/facts/commit.ts';
import { MeridianError } from '../../../core/index.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { anAppend, aRegion, inTexts, noted, replicate } from '../a-region.ts';
import { type Region, STREAM, stateOf } from './append-fixture.ts';

describe('appends in any Regions, in any order, some repeated and some without a response', () => {
  const step = fc.record({
    region: fc.constantFrom('us', 'eu', 'ap'),
    id: fc.nat(9),
    action: fc.constantFrom('append', 'append', 'lost', 'replicate', 'restart', 'wait'),
    to: fc.constantFrom('us', 'eu', 'ap'),
  });

  it('are all present once, in the same state everywhere', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const regions = new Map(['us', 'eu', 'ap'].map((name) => [name, aRegion(name)]));
        const at = (name: string): Region => regions.get(name) ?? aRegion(name);
        const asked = new Set<string>();
        for (const { region: name, id, action, to } of steps) {
          const region = at(name);
          const text = `text-${id}`;
          const losing = {
            ...region,
            events: {
              ...region.events,
              put: async (commit: Commit) => {
                const taken = await region.events.put(commit);
                if (taken) return taken;
                throw new MeridianError('unavailable', 'The response was lost.', { retryable: true });
              },
            },
          };
          if (action === 'append' || action === 'lost') {
            asked.add(text);
            const ports = action === 'lost' ? losing : region;
            await appendToStream(ports, anAppend({ commitId: `id-${id}`, operation: noted(text) })).catch((error) =>
              expect(error).toMatchObject({ code: 'unavailable' }),
            );
          } else if (action === 'replicate') await replicate(STREAM, region, at(to));
          else if (action === 'restart') region.warm.clear();
          else region.runtime.advance(2000);
        }
        for (const from of regions.values()) for (const to of regions.values()) await replicate(STREAM, from, to);
        const [first, ...others] = await Promise.all([...regions.values()].map((region) => stateOf(region)));
        for (const other of others) expect(other).toEqual(first);
        expect(inTexts(first).texts.toSorted()).toEqual([...asked].sort());
      }),
      { numRuns: 100 },
    );
  });
});
