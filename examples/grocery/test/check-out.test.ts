import { expect, it } from 'vitest';
import { checkOut } from '../shop/check-out.ts';
import { checkout } from '../streams/checkout.ts';
import { aGrocery } from './a-grocery.ts';

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
    expect(Object.values((await cart.read()).state.lines)).toEqual([{ article: 'apples', count: 1 }]);
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
  const story = async () => {
    const orders = await Promise.all(
      from.map((warehouse) =>
        checkOut(grocery.near('us-east-2', warehouse), { cart: 'columbus.ada', warehouse, customer: 'columbus.ada' }),
      ),
    );
    expect(orders).toEqual(['columbus.ada.1', 'columbus.ada.1']);
    const left = await Promise.all(from.map((warehouse) => shop.stream('stock', `${warehouse}.apples`).read()));
    expect(left.map(({ state }) => state.count).toSorted()).toEqual([10, 4]);
    expect((await shop.stream('wallet', 'columbus.ada').read()).state.cents).toBe(1_000 - 6 * 30);
  };
  await grocery.during(story());
});
