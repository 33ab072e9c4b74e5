import { describe, expect, it } from 'vitest';
import { aDeployment, regions } from './a-deployment.ts';

const [east1] = regions;

describe('a view', () => {
  it('is read row by row, over as many pages as it has', async () => {
    const { client, sent, result, settle } = aDeployment();
    const shop = client();
    for (const id of ['0', '1', '2', '3', '4']) await result(shop.stream('stock', id).command('take', 'ann'));
    await settle();
    sent.length = 0;
    const all = async () => Array.fromAsync(shop.view('taken').rows({ pageSize: 2, after: '0' }));
    expect(await result(all())).toEqual(['1', '2', '3', '4'].map((key) => ({ key, value: { taken: 1 } })));
    expect(sent).toHaveLength(2);
    expect(await result(shop.view('taken').row('3'))).toEqual({ taken: 1 });
    expect(await result(shop.view('taken').page({ limit: 1 }))).toMatchObject({ rows: [{ key: '0' }], next: '0' });
  });

  it('reports a missing row', async () => {
    const { client, failure } = aDeployment();
    expect(await failure(client().view('taken').row('9'))).toMatchObject({ code: 'not-found', region: east1 });
  });

  it('is read in another Region when a Region is unreachable', async () => {
    const { client, fates, result } = aDeployment();
    fates(({ region }) => (region === east1 ? 'silent' : undefined));
    const all = async () => Array.fromAsync(client().view('notes').rows());
    expect(await result(all())).toEqual([]);
  });
});

describe('health', () => {
  it('is read in the named Region, and in no other', async () => {
    const { client, fates, result, failure } = aDeployment();
    expect(await result(client().health({ region: 'us-west-2' }))).toMatchObject({ region: 'us-west-2' });
    fates(({ region }) => (region === 'us-west-2' ? 'unreachable' : undefined));
    expect(await failure(client().health({ region: 'us-west-2' }))).toMatchObject({ code: 'unreachable' });
  });
});

describe('a view that must include what the session has seen', () => {
  const stock = { type: 'stock', id: '0' } as const;

  it('is waited for in the first Region, and read in the next one if that is behind', async () => {
    const { client, sent, result, world } = aDeployment();
    const shop = client();
    await result(shop.stream(stock.type, stock.id).command('take', 'ann'));
    expect(await result(shop.view('taken').row('0', { seenOf: 'stock' }))).toEqual({ taken: 1 });
    world.cut(east1, regions[1]);
    await result(shop.stream(stock.type, stock.id).command('take', 'bob'));
    const there = client({ region: regions[1], regions: [regions[1], east1], session: shop.session });
    sent.length = 0;
    expect(await result(there.view('taken').row('0', { seenOf: 'stock' }))).toEqual({ taken: 2 });
    expect(sent.map(({ region }) => region)).toEqual([regions[1], east1]);
  });

  it('may be older without the option, and names the versions that it must include otherwise', async () => {
    const { client, result, failure, world } = aDeployment();
    world.cut(east1, regions[1]);
    const shop = client();
    const { version } = await result(shop.stream(stock.type, stock.id).command('take', 'ann'));
    const there = client({ region: regions[1], regions: [regions[1]], session: shop.session }).view('taken');
    expect(await failure(there.row('0'))).toMatchObject({ code: 'not-found' });
    for (const atLeast of [version, [version]]) {
      const options = { atLeast, waitSeconds: 0 };
      const behind = { code: 'not-caught-up', details: { wanted: version, behind: ['stock/0'] } };
      expect(await failure(there.row('0', options))).toMatchObject(behind);
      expect(await failure(there.page(options))).toMatchObject(behind);
      expect(await failure(Array.fromAsync(there.rows(options)))).toMatchObject(behind);
    }
    expect(await failure(there.row('0', { seenOf: 'note' }))).toMatchObject({ code: 'not-found' });
  });
});
