import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkOut } from '../shop/check-out.ts';
import { articlesIn } from '../streams/cart.ts';
import { checkout } from '../streams/checkout.ts';
import { totalOf } from '../streams/order.ts';
import { aGrocery, type Grocery, REGIONS } from './a-grocery.ts';

it('resumes a checkout whose backend ended before it marked the cart, and keeps items added since', async () => {
  const grocery = aGrocery();
  const shop = grocery.near('us-east-2', 'shop');
  const who = { cart: 'columbus.ada', warehouse: 'columbus', customer: 'columbus.ada' };
  const cart = shop.stream('cart', 'columbus.ada');
  const story = async () => {
    await shop.stream('stock', 'columbus.apples').command('receive', { count: 10 });
    await shop.stream('stock', 'columbus.apples').command('set-price', { cents: 30 });
    await shop.stream('wallet', 'columbus.ada').command('pay-in', { cents: 1_000 });
    await cart.command('add', { article: 'apples', count: 6 });

    const { state: content } = await cart.read();
    const { transaction } = checkout({ ...who, content, prices: { apples: 30 } });
    await shop.transact(transaction.participants, { id: transaction.id });
    // The backend ends here, and the customer continues.
    await cart.command('add', { article: 'apples', count: 1 });

    expect(await checkOut(shop, who)).toBe('columbus.ada.1');
    expect((await cart.read()).state).toMatchObject({ orders: ['columbus.ada.1'] });
    expect(articlesIn((await cart.read()).state)).toEqual({ apples: 1 });
    expect((await shop.stream('stock', 'columbus.apples').read()).state.count).toBe(4);

    expect(await checkOut(shop, who)).toBe('columbus.ada.2');
    expect((await shop.stream('stock', 'columbus.apples').read()).state.count).toBe(3);
    expect((await shop.stream('wallet', 'columbus.ada').read()).state.cents).toBe(1_000 - 7 * 30);
  };
  await grocery.during(story());
});

it('makes one order for a cart that two devices check out from two warehouses at once, and both get its id', async () => {
  const grocery = aGrocery();
  const shop = grocery.near('us-east-2', 'shop');
  const from = ['ashburn', 'boardman'];
  const open = async () => {
    for (const warehouse of from) {
      await shop.stream('stock', `${warehouse}.apples`).command('receive', { count: 10 });
      await shop.stream('stock', `${warehouse}.apples`).command('set-price', { cents: 30 });
    }
    await shop.stream('wallet', 'columbus.ada').command('pay-in', { cents: 1_000 });
    await shop.stream('cart', 'columbus.ada').command('add', { article: 'apples', count: 6 });
  };
  await grocery.during(open());
  // Every Region knows the prices.
  await grocery.settle();
  const clicks = from.map((warehouse) =>
    checkOut(grocery.near('us-east-2', warehouse), { cart: 'columbus.ada', warehouse, customer: 'columbus.ada' }),
  );
  expect(await grocery.during(Promise.all(clicks))).toEqual(['columbus.ada.1', 'columbus.ada.1']);
  await grocery.settle();
  const books = async () => {
    const left = await Promise.all(from.map((warehouse) => shop.stream('stock', `${warehouse}.apples`).read()));
    expect(left.map(({ state }) => state.count).toSorted()).toEqual([10, 4]);
    expect((await shop.stream('wallet', 'columbus.ada').read()).state.cents).toBe(1_000 - 6 * 30);
  };
  await grocery.during(books());
});

/** A cart whose customer cannot pay yet: the first click is aborted. */
async function anAbortedCheckout(grocery: Grocery) {
  const shop = grocery.near('us-east-2', 'shop');
  const who = { cart: 'columbus.ada', warehouse: 'columbus', customer: 'columbus.ada' };
  await shop.stream('stock', 'columbus.apples').command('receive', { count: 10 });
  await shop.stream('stock', 'columbus.apples').command('set-price', { cents: 30 });
  await shop.stream('cart', who.cart).command('add', { article: 'apples', count: 6 });
  await expect(checkOut(shop, who)).rejects.toMatchObject({
    code: 'aborted',
    message: expect.stringContaining('columbus.ada has 0 cents, and columbus.ada.1 costs 180'),
  });
  return { shop, who, payIn: () => shop.stream('wallet', who.customer).command('pay-in', { cents: 1_000 }) };
}

describe('a click after an aborted one', () => {
  it('is aborted as well until the customer has paid in, and then orders the cart', async () => {
    const grocery = aGrocery();
    const story = async () => {
      const { shop, who, payIn } = await anAbortedCheckout(grocery);
      await expect(checkOut(shop, who)).rejects.toMatchObject({ code: 'aborted' });
      await payIn();
      expect(await checkOut(shop, who)).toBe('columbus.ada.1');
      expect((await shop.stream('wallet', who.customer).read()).state.cents).toBe(1_000 - 180);
    };
    await grocery.during(story());
  });

  it('orders a cart that was changed in the meantime', async () => {
    const grocery = aGrocery();
    const story = async () => {
      const { shop, who, payIn } = await anAbortedCheckout(grocery);
      await payIn();
      await shop.stream('cart', who.cart).command('set', { article: 'apples', count: 2 });
      expect(await checkOut(shop, who)).toBe('columbus.ada.1');
      expect((await shop.stream('wallet', who.customer).read()).state.cents).toBe(1_000 - 60);
    };
    await grocery.during(story());
  });

  it('charges the cart once if two devices click at the same moment, even if they see different items', async () => {
    const device = fc.record({
      after: fc.integer({ min: 0, max: 300 }),
      region: fc.constantFrom(...REGIONS),
      adds: fc.constantFrom(0, 0, 1),
    });
    const once = fc.asyncProperty(device, device, fc.integer(), async (one, other, seed) => {
      const grocery = aGrocery({ seed, duplicates: 0.4 });
      const { shop, who, payIn } = await grocery.during(anAbortedCheckout(grocery));
      await grocery.during(payIn());
      await grocery.settle();
      const click = async ({ after, region, adds }: typeof one, name: string): Promise<string | undefined> => {
        const device = grocery.near(region, name);
        await grocery.sleep(after);
        if (adds) await device.stream('cart', who.cart).command('add', { article: 'apples', count: adds });
        return checkOut(device, who).catch((error) => {
          // Both devices tried at once, or the cart had already been ordered.
          expect(error).toMatchObject({ code: expect.stringMatching(/^(aborted|rejected)$/) });
          return undefined;
        });
      };
      const reported = await grocery.during(Promise.all([click(one, 'phone'), click(other, 'laptop')]));
      expect(reported).toContain('columbus.ada.1');
      await grocery.settle();

      const ids = ['columbus.ada.1', 'columbus.ada.2'] as const;
      const orders = await grocery.during(Promise.all(ids.map((id) => shop.stream('order', id).read())));
      const placed = orders.flatMap(({ state }) => (state.placed ? [state.placed] : []));
      // A second order has only lines that were added in the meantime.
      expect(new Set(placed.flatMap(({ cartLines }) => cartLines)).size).toBe(
        placed.flatMap(({ cartLines }) => cartLines).length,
      );
      const { state } = await grocery.during(shop.stream('wallet', who.customer).read());
      expect(state.cents).toBe(1_000 - totalOf(placed.flatMap(({ lines }) => lines)));
    });
    await fc.assert(once, { numRuns: 40 });
  });
});
