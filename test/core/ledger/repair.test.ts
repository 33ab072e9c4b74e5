import { describe, expect, it } from 'vitest';
import { MeridianError } from '../../../core/facts/errors.ts';
import { parseStreamRef } from '../../../core/facts/stream-ref.ts';
import { lookAtAll } from '../../../core/ledger/look-all.ts';
import { repairConflicts, repairsHere } from '../../../core/ledger/repair.ts';
import { readConflicts } from '../../../core/read/conflicts.ts';
import { readLedger } from '../../../core/read/ledger.ts';
import { readStream } from '../../../core/read/streams.ts';
import { encodeConflictPage, encodeListedPage } from '../../../core/wire/api.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { account, prize } from '../../../testing/toy.ts';
import { anIntent } from '../../contract/commits.ts';
import { anAppend, command } from '../a-region.ts';
import { PRIZE, regionsWithPrizes } from './prizes.ts';

const REF = parseStreamRef(PRIZE);

async function aConflict(definition?: Parameters<typeof regionsWithPrizes>[0]) {
  const regions = regionsWithPrizes(definition);
  await regions.claim(regions.us, 'ann');
  await regions.claim(regions.eu, 'ben');
  await regions.meet(regions.us, regions.eu);
  return regions;
}

describe('a repair', () => {
  it('adds what is missing in one commit that has seen everything, in the Region that repairs', async () => {
    const { us, eu, look, repairsIn, meet } = await aConflict();
    await look(eu);
    expect(await repairsIn(eu)).toEqual([]);
    await look(us);
    const repair = {
      ...{ log: 'us', position: 2, commitId: 'repair:us.2', context: { us: 1, eu: 1 } },
      refunds: [{ claim: 'claim-of-ben' }],
    };
    expect(await repairsIn(us)).toEqual([repair]);
    expect(us.runtime.metrics.get('Repaired')).toBe(1);
    await meet(us, eu);
    for (const region of [us, eu])
      expect(await readStream(region, PRIZE)).toMatchObject({ state: { refunds: ['claim-of-ben'] } });
  });

  it('is put once, however often and late it is asked for', async () => {
    const { us, eu, look, repairsIn, meet } = await aConflict();
    await Promise.all([look(us), look(us), look(us)]);
    await meet(us, eu);
    for (const region of [us, eu, us]) await look(region);
    expect(await repairConflicts(us, REF)).toBe('free');
    expect(await repairsIn(us)).toHaveLength(1);
  });

  it('is put without events if nothing is missing, so that the conflict is covered', async () => {
    const { us, look, repairsIn } = await aConflict({ ...prize, reconcile: () => [] });
    await look(us);
    await look(us);
    expect(await repairsIn(us)).toMatchObject([{ commitId: 'repair:us.2', refunds: [] }]);
  });

  it('is shown by the entry, which is open until then', async () => {
    const { us, eu, look, meet, entriesOf } = await aConflict();
    await look(eu);
    expect(await entriesOf(eu)).toMatchObject([{ status: 'open', revision: 1 }]);
    expect(await eu.ledger.watched([PRIZE], 'eu')).toEqual(new Set([PRIZE]));
    await look(us);
    await meet(us, eu);
    await look(eu);
    const repairedBy = { log: 'us', position: 2, commitId: 'repair:us.2', region: 'us' };
    expect(await entriesOf(eu)).toMatchObject([{ status: 'resolved', revision: 2, repairedBy }]);
    expect(await eu.ledger.watched([PRIZE], 'eu')).toEqual(new Set());
  });

  it('adds only what is new when a conflict grows, and names the earlier repair to `reconcile`', async () => {
    const asked: unknown[] = [];
    const { us, eu, ap, claim, look, meet, repairsIn } = await aConflict({
      ...prize,
      reconcile(...of: Parameters<NonNullable<typeof prize.reconcile>>) {
        asked.push(
          of[1].map(({ commit, against, repairedBy }) =>
            [commit, ...against, repairedBy].map((each) => each?.commitId),
          ),
        );
        return prize.reconcile?.(...of) ?? [];
      },
    });
    await claim(ap, 'cid');
    await look(us);
    await meet(us, eu, ap);
    await look(us);
    expect(asked).toEqual([
      [['claim-of-ben', 'claim-of-ann', undefined]],
      [
        ['claim-of-cid', 'claim-of-ann', 'claim-of-ben', undefined],
        ['repair:us.2', 'claim-of-cid', undefined],
      ],
    ]);
    expect((await repairsIn(us)).map(({ refunds }) => refunds)).toEqual([
      [{ claim: 'claim-of-ben' }],
      [{ claim: 'claim-of-cid' }],
    ]);
  });
});

describe('a repair of a type that has no `reconcile` any more', () => {
  it('still counts, and shows what it has covered', async () => {
    const { us, eu, ap, claim, look, meet, entriesOf } = await aConflict();
    const { reconcile: _reconcile, ...before } = prize;
    const { domain } = regionsWithPrizes(before).us;
    await claim(ap, 'cid');
    await look(us);
    await meet(us, eu, ap);
    for (const region of [us, eu, ap]) await look({ ...region, domain });
    const repairedBy = { log: 'us', position: 2, commitId: 'repair:us.2', region: 'us' };
    expect(await entriesOf(eu)).toMatchObject([{ status: 'resolved', repairedBy }]);
    // This one conflicts with the repair too, which had not seen it.
    const [late] = await entriesOf(ap);
    expect(late).toMatchObject({ status: 'resolved', count: 2 });
    expect(late).not.toHaveProperty('repairedBy');
    const page = await readConflicts({ ...us, domain }, PRIZE, { limit: 10 });
    expect(encodeConflictPage(PRIZE, page).conflicts[0]).toMatchObject({ open: false, repairedBy });
    const listed = await readLedger({ ...eu, domain }, { limit: 10 });
    expect(encodeListedPage('eu', listed).conflicts).toMatchObject([{ open: false, repairedBy }]);
  });
});

describe('a repair that had seen a part of a conflict', () => {
  async function aGrownConflict() {
    const regions = regionsWithPrizes();
    const { us, eu, ap, claim, meet, look } = regions;
    await claim(us, 'ann');
    await claim(ap, 'cid');
    await meet(us, ap);
    await look(us);
    // It is folded between the two, and arrives after the repair.
    await claim(eu, 'ben');
    await meet(us, eu, ap);
    return regions;
  }

  it('is named by the conflict, which waits again', async () => {
    const { us, eu, ap, look, meet, entriesOf, repairsIn } = await aGrownConflict();
    await look(ap);
    const repairedBy = { commitId: 'repair:us.2' };
    expect(await entriesOf(ap)).toMatchObject([{ status: 'open', count: 2, repairedBy }]);
    await look(us);
    expect(await repairsIn(us)).toMatchObject([{}, { refunds: [{ claim: 'claim-of-ben' }] }]);
    await meet(us, eu, ap);
    await look(ap);
    expect(await entriesOf(ap)).toMatchObject([{ status: 'resolved', repairedBy: { commitId: 'repair:us.3' } }]);
  });

  it('is not named in a type that has no `reconcile` any more', async () => {
    const { ap, look, entriesOf } = await aGrownConflict();
    const { reconcile: _reconcile, ...before } = prize;
    await look({ ...ap, domain: regionsWithPrizes(before).us.domain });
    const [entry] = await entriesOf(ap);
    expect(entry).toMatchObject({ status: 'resolved', count: 2 });
    expect(entry).not.toHaveProperty('repairedBy');
  });
});

describe('repairs that had not seen each other', () => {
  it('count once, and what only the others covered is repaired again', async () => {
    const { us, eu, ap, claim, look, meet, repairsIn, entriesOf } = await aConflict();
    await look(us);
    await claim(ap, 'cid');
    // As after a failover: this Region repairs what it has, without the repair of the other one.
    for (const commit of await eu.table.load(PRIZE)) ap.table.replicate(commit);
    ap.runtime.advance(600_000);
    await look({ ...ap, regions: ['ap', 'eu', 'us'] });
    await meet(us, eu, ap);
    expect((await repairsIn(us)).map(({ commitId }) => commitId).sort()).toEqual(['repair:ap.2', 'repair:us.2']);
    expect(await readStream(us, PRIZE)).toMatchObject({ state: { refunds: ['claim-of-ben'] } });
    await look(us);
    expect(await readStream(us, PRIZE)).toMatchObject({ state: { refunds: ['claim-of-ben', 'claim-of-cid'] } });
    await meet(us, eu, ap);
    for (const region of [us, eu, ap]) await look(region);
    expect(await repairsIn(us)).toHaveLength(3);
    for (const region of [us, eu, ap])
      for (const { status } of await entriesOf(region)) expect(status).toBe('resolved');
  });
});

describe('a repair that meets others', () => {
  it('is computed again when another commit has its position', async () => {
    const { us, look, repairsIn } = await aConflict();
    let isFirst = true;
    const events = {
      ...us.events,
      put: async (...of: Parameters<typeof us.events.put>) => {
        if (isFirst) {
          isFirst = false;
          await repairConflicts(us, REF);
        }
        return us.events.put(...of);
      },
    };
    expect(await repairConflicts({ ...us, events }, REF)).toBe('free');
    expect(await repairsIn(us)).toHaveLength(1);
    await look(us);
    expect(await repairsIn(us)).toHaveLength(1);
  });

  it('is given up for now if it always loses its position', async () => {
    const { us } = await aConflict();
    const [taken] = await us.table.load(PRIZE);
    const events = { ...us.events, put: async () => taken };
    await expect(repairConflicts({ ...us, events }, REF)).rejects.toMatchObject({
      code: 'unavailable',
      retryable: true,
    });
  });

  it('waits for an intent that is not final, and is noticed when that is', async () => {
    const { us, look, repairsIn } = await aConflict();
    const intent = anIntent({ stream: PRIZE, log: 'us', region: 'us', position: 2, context: { us: 1 }, events: [] });
    await us.table.put(intent);
    await look(us);
    expect(await repairsIn(us)).toEqual([]);
    expect(await us.ledger.watched([PRIZE], 'us')).toEqual(new Set([PRIZE]));
    await us.table.finalise(intent, 'aborted');
    await look(us);
    expect(await repairsIn(us)).toMatchObject([{ commitId: 'repair:us.3' }]);
    expect(await us.ledger.watched([PRIZE], 'us')).toEqual(new Set());
  });

  it('writes nothing with a clock that is far ahead, or without knowing its log', async () => {
    const { us, repairsIn } = await aConflict();
    us.runtime.ahead = 3_600_000;
    await expect(repairConflicts(us, REF)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    us.runtime.ahead = 0;
    const { log: _log, ...unknown } = us;
    await expect(repairConflicts(unknown, REF)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    expect(await repairsIn(us)).toEqual([]);
  });
});

describe('a `reconcile` that fails', () => {
  it.each([
    [
      'throws',
      () => {
        throw new TypeError('no');
      },
      'no',
    ],
    ['returns what its schema refuses', () => [{ type: 'Refunded', data: {} }], 'data.claim'],
  ])('if it %s, stops that repair alone, which is done when it works', async (_name, reconcile, message) => {
    const buggy = { ...prize, ...Object.assign({}, { reconcile }) };
    const { us, look, repairsIn, entriesOf, claim, eu, meet } = await aConflict(buggy);
    await appendToStream(us, anAppend({ stream: 'note/n', operation: command('note', { text: 'a' }) }));
    await appendToStream(eu, anAppend({ stream: 'note/n', operation: command('note', { text: 'b' }) }));
    await meet(us, eu);
    await claim(eu, 'cid', 'prize/bike');
    const failed = await lookAtAll(us, [PRIZE, 'note/n', 'prize/bike']);
    expect([...failed.keys()]).toEqual([PRIZE]);
    expect(failed.get(PRIZE)).toMatchObject({ code: 'internal', message: expect.stringContaining(message) });
    expect(us.runtime.metrics.get('RepairFailed')).toBe(1);
    await look(eu);
    expect(await entriesOf(eu)).toMatchObject([{ status: 'open' }]);
    const { domain } = regionsWithPrizes().us;
    await look({ ...us, domain });
    expect(await repairsIn(us)).toHaveLength(1);
  });
});

describe('where a stream is repaired', () => {
  it('says `reconcileIn`, by the id of the stream', async () => {
    const { us, eu, look, repairsIn } = await aConflict({
      ...prize,
      reconcileIn: (id, regions) => regions[id === 'car' ? 1 : 0] ?? '',
    });
    await look(us);
    expect(await repairsIn(us)).toEqual([]);
    await look(eu);
    expect(await repairsIn(eu)).toMatchObject([{ commitId: 'repair:eu.2' }]);
  });

  it('has to be a Region of the deployment', async () => {
    const { us, look } = await aConflict({ ...prize, reconcileIn: () => 'mars' });
    await expect(look(us)).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('"mars"') });
    await expect(look(us)).rejects.toBeInstanceOf(MeridianError);
  });

  it('is the home of a `home` stream', async () => {
    const refunding = { ...account, type: 'prize', home: () => 'eu', reconcile: () => [] };
    const { us, eu, look } = regionsWithPrizes(refunding);
    const deposit = anAppend({ stream: PRIZE, operation: command('deposit', { amount: 1 }) });
    // Each Region takes itself for the home, as when `home` was changed.
    const [here] = [us.domain.streams.get('prize')];
    expect(here).toBeDefined();
    const asHome = (region: typeof us) => ({
      ...region,
      regions: [region.region],
      domain: { ...region.domain, streams: new Map([['prize', { ...refunding, home: () => region.region }]]) },
    });
    await appendToStream(asHome(us), deposit);
    await appendToStream(asHome(eu), { ...deposit, commitId: 'other' });
    for (const commit of await us.table.load(PRIZE)) eu.table.replicate(commit);
    for (const commit of await eu.table.load(PRIZE)) us.table.replicate(commit);
    await look(us);
    await look(eu);
    const repairs = (await eu.table.load(PRIZE)).filter(({ repair }) => repair);
    expect(repairs).toMatchObject([{ commitId: 'repair:eu.2', events: [] }]);
    // Before it can read where home streams are written, that is at home.
    const { domain, regions } = eu;
    for (const region of ['us', 'eu']) expect(repairsHere({ domain, region, regions }, PRIZE)).toBe(region === 'eu');
    expect((await us.table.load(PRIZE)).filter(({ repair }) => repair)).toEqual([]);
  });

  it('is the Region that acts for that home, once those that wrote before have handed the stream over', async () => {
    const refunding = { ...account, type: 'prize', home: () => 'eu', reconcile: () => [] };
    const { us, eu, meet, look } = regionsWithPrizes(refunding);
    const deposit = (commitId: string) =>
      anAppend({ stream: PRIZE, commitId, operation: command('deposit', { amount: 1 }) });
    const lost = { forced: 1, epoch: 1, by: 'us', kind: 'forced', acting: 'us', sources: ['eu'], at: 0 } as const;
    us.placement.adopt({ eu: { ...lost, lost: ['eu'] } });
    await appendToStream(us, deposit('here'));
    // It does not know of the move yet.
    await appendToStream(eu, deposit('there'));
    await meet(us, eu);
    eu.placement.adopt({ eu: { ...lost, lost: ['eu'] } });
    const repairs = async () => (await us.table.load(PRIZE)).filter(({ repair }) => repair);
    await look(eu);
    expect(await repairConflicts(eu, REF)).toBe('held');
    us.placement.adopt({ eu: { ...lost, epoch: 2, lost: [] } });
    await look(us);
    expect(await repairs()).toEqual([]);
    us.placement.adopt({ eu: { ...lost, epoch: 3, lost: ['eu'] } });
    await look(us);
    expect(await repairs()).toMatchObject([{ commitId: 'repair:us.2' }]);
    expect((await eu.table.load(PRIZE)).filter(({ repair }) => repair)).toEqual([]);
  });
});
