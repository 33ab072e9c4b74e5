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
