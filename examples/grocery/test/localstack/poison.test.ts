import { expect, it, vi } from 'vitest';
import { describeWithLocalStack } from '../../../../test/localstack/describe-with-localstack.ts';
import { deployedRegions, regionNamed } from './deployment.ts';

describeWithLocalStack('an unreadable envelope', (endpoint) => {
  const region = regionNamed(deployedRegions(endpoint), 'us-west-2');

  it('ends in the quarantine, while its neighbours are accepted', { timeout: 450_000 }, async () => {
    const run = Date.now();
    const carts = ['before', 'after'].map((when) => `${when}-${run}`);
    const add = (cart: string) => ({
      source: 'shop',
      detailType: 'meridian.command',
      detail: JSON.stringify({
        id: `${cart}.add`,
        stream: `cart/${cart}`,
        command: 'add',
        input: { article: 'apples', count: 6 },
      }),
    });
    const [before, after] = carts.map(add);
    const poison = {
      source: 'shop',
      detailType: 'meridian.append',
      detail: JSON.stringify({ poison: run, stream: ['not', 'a', 'name'] }),
    };
    await region.put([before, poison, after].filter((entry) => entry !== undefined));

    const quarantined: string[] = [];
    await vi.waitFor(
      async () => {
        quarantined.push(...(await region.takeAll('quarantine')));
        expect(quarantined.filter((body) => body.includes(String(run)))).toHaveLength(1);
        for (const cart of carts)
          expect(await region.request({ path: `/streams/cart/${cart}` })).toMatchObject({
            body: { state: { lines: { [`${cart}.add.0`]: [{ value: { article: 'apples', count: 6 } }] } } },
          });
      },
      { timeout: 420_000, interval: 1_000 },
    );
    expect(quarantined[0]).toContain('not');
  });

  it('is accepted from the quarantine once it can be read', { timeout: 450_000 }, async () => {
    const cart = `redriven-${Date.now()}`;
    const stream = `cart/${cart}`;
    const detail = { id: `${cart}.add`, stream, command: 'add', input: { article: 'bread', count: 1 } };
    const body = JSON.stringify({ 'detail-type': 'meridian.command', source: 'shop', detail });
    const messages = [{ reason: 'The Region could not read it that day.', body }];
    expect(await region.invoke('operate', { action: 'quarantine-add', messages })).toMatchObject({
      result: { added: 1 },
    });
    await vi.waitFor(
      async () => {
        await region.invoke('operate', { action: 'quarantine-redrive', filter: { stream } });
        expect(await region.request({ path: `/streams/${stream}` })).toMatchObject({
          body: { state: { lines: { [`${cart}.add.0`]: [{ value: { article: 'bread', count: 1 } }] } } },
        });
      },
      { timeout: 420_000, interval: 1_000 },
    );
  });
});
