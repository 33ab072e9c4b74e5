import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Append } from '../../../core/facts/append.ts';
import { defineDomain } from '../../../core/index.ts';
import { type BoundedCounter, rightsOf } from '../../../core/rules/index.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { submitAppend } from '../../../core/write/submit.ts';
import { tickets } from '../../../testing/toy.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, aRegion, command, REGIONS, replicate } from '../a-region.ts';
import { type Region, stateOf } from './append-fixture.ts';

const STREAM = 'tickets/concert';

const region = fc.constantFrom(...REGIONS);
const count = fc.integer({ min: 0, max: 4 });

/** What is sent. The same number is the same command with the same id, wherever and however often it is sent. */
const orders = fc.array(
  fc.oneof(
    fc.record({ name: fc.constant('issue'), input: fc.record({ count, region }) }),
    fc.record({ name: fc.constant('sell'), input: fc.record({ count }) }),
    fc.record({ name: fc.constant('move'), input: fc.record({ count, from: region, to: region }) }),
  ),
  { minLength: 4, maxLength: 8 },
);

const steps = fc.array(
  fc.record({
    region,
    to: region,
    order: fc.nat(7),
    action: fc.constantFrom('send', 'send', 'send', 'replicate', 'restart', 'wait'),
  }),
  { maxLength: 40 },
);

function someRegions(snapshots: boolean) {
  const type = snapshots ? { ...tickets, snapshots: { every: 2, codeVersion: 1, settle: 1000 } } : tickets;
  const domain = defineDomain({ streams: [type], views: [] });
  const regions = new Map<string, Region>(REGIONS.map((name) => [name, aRegion(name, fakeRuntime(), domain)]));
  const at = (name: string): Region => regions.get(name) ?? aRegion(name);
  const remote = {
    invoke: async (to: string, asked: unknown) => ({ appended: await appendToStream(at(to), asked as Append) }),
  };
  return { all: [...regions.values()], at, remote };
}

async function left(region: Region): Promise<BoundedCounter> {
  return ((await stateOf(region, STREAM)) as { readonly left: BoundedCounter }).left;
}

describe('a bounded counter in three Regions, with commands that are sent again, to any of them', () => {
  it('never falls below its bound, in any view, and counts each command once', async () => {
    await fc.assert(
      fc.asyncProperty(orders, steps, fc.boolean(), async (orders, steps, snapshots) => {
        const { all, at, remote } = someRegions(snapshots);
        const accepted = new Set<number>();
        for (const { region: name, to, order, action } of steps) {
          const here = at(name);
          if (action === 'replicate') await replicate(STREAM, here, at(to));
          else if (action === 'restart') here.warm.clear();
          else if (action === 'wait') for (const each of all) each.runtime.advance(2000);
          else {
            const number = order % orders.length;
            const { name: asked = '', input } = orders[number] ?? {};
            const append = anAppend({ stream: STREAM, commitId: `order-${number}`, operation: command(asked, input) });
            const sent = submitAppend({ ...here, remote }, append);
            await sent.then(
              ({ dot }) => dot && accepted.add(number),
              (error) => expect(error.details).toMatchObject({ reason: 'no-rights' }),
            );
          }
          for (const each of all) {
            const { value, rights } = await left(each);
            expect(Object.values(rights).reduce((sum, held) => sum + held, 0)).toBe(value);
            for (const held of Object.values(rights)) expect(held).toBeGreaterThanOrEqual(0);
          }
        }
        for (const from of all) for (const to of all) await replicate(STREAM, from, to);
        const states = await Promise.all(all.map(left));
        for (const state of states) expect(state).toEqual(states[0]);
        const changes = [...accepted].map((number) => orders[number]);
        const total = (name: string) =>
          changes.reduce((sum, order) => sum + (order?.name === name ? order.input.count : 0), 0);
        expect(states[0]?.value).toBe(total('issue') - total('sell'));
        expect(REGIONS.map((log) => (states[0] ? rightsOf(states[0], log) : 0)).every((held) => held >= 0)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
