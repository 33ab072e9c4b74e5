import { latestIn } from '@meridian-es/meridian';
import { functionUrlEvent } from '@meridian-es/meridian/world';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { aGrocery, type Grocery, REGIONS } from './a-grocery.ts';

/** A change that a device makes to the cart. */
interface Edit {
  /** Milliseconds after the start. */
  readonly at: number;
  readonly region: string;
  readonly article: string;
  /** How many are added; 0 removes the article from the cart. */
  readonly count: number;
}

const region = fc.constantFrom(...REGIONS);
const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.integer({ min: 0, max: 5_000 }),
  region,
  article: fc.constantFrom('apples', 'bread', 'melon'),
  count: fc.constantFrom(0, 1, 2, 3),
});
interface Trouble {
  readonly seed: number;
  readonly duplicates: number;
  readonly reorders: boolean;
  /** The Region that is cut off from the others until every device is done. */
  readonly cutOff: string | null;
}
const trouble: fc.Arbitrary<Trouble> = fc.record({
  seed: fc.integer(),
  duplicates: fc.constantFrom(0, 0.4),
  reorders: fc.boolean(),
  cutOff: fc.option(region),
});

/** Makes the change at its time, on a device near its Region. */
async function perform(grocery: Grocery, { at, region, article, count }: Edit, name: string): Promise<void> {
  await grocery.sleep(at);
  const cart = grocery.near(region, name).stream('cart', 'ada');
  if (count > 0) await cart.command('add', { article, count }, { id: name });
  else await cart.command('set', { article, count: 0 }, { id: name });
}

const additionSchema = z.object({ article: z.string(), count: z.number() });
type Addition = z.output<typeof additionSchema>;

const eventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('Added'), data: additionSchema }),
  z.object({ type: z.literal('Removed'), data: z.object({ lines: z.array(z.string()) }) }),
]);
const historySchema = z.object({
  commits: z.array(z.object({ commitId: z.string(), events: z.tuple([eventSchema]) })),
});

/** The lines that the cart's events leave: every added line, except the lines that an event names as removed. */
async function leftByHistory(grocery: Grocery): Promise<Readonly<Record<string, Addition>>> {
  const event = functionUrlEvent({ method: 'GET', path: '/streams/cart/ada/events', query: 'limit=100' });
  const answer = await grocery.during(grocery.world.region(REGIONS[0]).request(event));
  const { commits } = historySchema.parse(JSON.parse(answer.body));
  const removed = commits.flatMap(({ events: [{ type, data }] }) => (type === 'Removed' ? data.lines : []));
  return Object.fromEntries(
    commits
      .flatMap(({ commitId, events: [{ type, data }] }) => (type === 'Added' ? [[`${commitId}.0`, data] as const] : []))
      .filter(([line]) => !removed.includes(line)),
  );
}

async function property(plan: readonly Edit[], { cutOff, ...options }: Trouble): Promise<void> {
  const grocery = aGrocery(options);
  for (const other of REGIONS)
    if (cutOff !== null && other !== cutOff) {
      grocery.world.cut(cutOff, other);
      grocery.world.cut(other, cutOff);
    }
  await grocery.during(Promise.all(plan.map((one, i) => perform(grocery, one, `edit-${i}`))));
  grocery.world.healAll();
  await grocery.settle();

  const carts = await grocery.during(
    Promise.all(REGIONS.map((region) => grocery.near(region, 'reader').stream('cart', 'ada').read())),
  );
  const lines = await leftByHistory(grocery);
  for (const { state } of carts) expect([Object.fromEntries(latestIn(state.lines)), state.orders]).toEqual([lines, []]);
  // An article that was never removed is in the cart as often as it was added.
  for (const article of ['apples', 'bread', 'melon'].filter(
    (each) => !plan.some((one) => one.article === each && one.count === 0),
  ))
    expect(
      Object.values(lines)
        .filter((line) => line.article === article)
        .map(({ count }) => count)
        .sort(),
    ).toEqual(
      plan
        .filter((one) => one.article === article)
        .map(({ count }) => count)
        .sort(),
    );
}

describe('a cart that several devices edit in several Regions at once', () => {
  it('loses no item in any Region except those that a customer had seen and removed', async () => {
    await fc.assert(fc.asyncProperty(fc.array(edit, { minLength: 2, maxLength: 15 }), trouble, property), {
      numRuns: 30,
    });
  });
});
