import { describe, expect, it } from 'vitest';
import type { LedgerEntry } from '../../../core/index.ts';
import { lookForConflicts } from '../../../core/ledger/look.ts';
import { lookAtAll } from '../../../core/ledger/look-all.ts';
import { aCommit } from '../../contract/commits.ts';
import { STREAM, twoRegions } from './two-regions.ts';

describe('a look for conflicts', () => {
  it('lists a conflict in the Region that wrote the later commit, and only there', async () => {
    const { us, eu, change, meet, entriesOf } = twoRegions();
    await change(us, { name: 'Anna' });
    await change(eu, { name: 'Anne' });
    await meet();
    for (const region of [us, eu]) await lookForConflicts(region, STREAM);
    expect(await entriesOf(us)).toEqual([]);
    expect(await entriesOf(eu)).toMatchObject([
      {
        ...{ stream: STREAM, writer: 'eu', revision: 1, status: 'resolved', kind: 'concurrent', count: 1 },
        commit: { log: 'eu', position: 1, region: 'eu' },
        about: [{ part: 'name', rule: 'lastWriterWins', isOpen: false }],
        against: { us: [1] },
        branches: [{ eu: 1 }, { us: 1 }],
        merged: { us: 1, eu: 1 },
        covered: { us: 1, eu: 1 },
      },
    ]);
  });

  it('writes nothing where no two commits conflict, and nothing again if nothing has changed', async () => {
    const { us, eu, change, meet, entriesOf } = twoRegions();
    await change(us, { name: 'Anna' });
    await meet();
    await change(eu, { name: 'Anne' });
    await change(us, { address: '12 Elm Street' });
    await meet();
    for (const region of [us, eu, us]) await lookForConflicts(region, STREAM);
    expect([await entriesOf(us), await entriesOf(eu)]).toEqual([[], []]);
    await change(us, { name: 'Annie' });
    eu.runtime.advance(1000);
    await change(eu, { name: 'Ann' });
    await meet();
    for (const _ of ['once', 'again']) await lookForConflicts(eu, STREAM);
    expect(await entriesOf(eu)).toMatchObject([{ revision: 1 }]);
  });

  it('revises an entry when another commit arrives that its commit had not seen', async () => {
    const { us, eu, change, meet, entriesOf } = twoRegions();
    await change(us, { name: 'Anna' });
    const [first] = await us.table.load(STREAM);
    await change(us, { name: 'Annie' });
    await change(eu, { name: 'Anne' });
    if (first) eu.table.replicate(first);
    await lookForConflicts(eu, STREAM);
    expect(await entriesOf(eu)).toMatchObject([{ revision: 1, against: { us: [1] } }]);
    await meet();
    await lookForConflicts(eu, STREAM);
    expect(await entriesOf(eu)).toMatchObject([{ revision: 2, against: { us: [1, 2] }, covered: { us: 2, eu: 1 } }]);
  });

  it('leaves an entry alone that was computed from more than the table has', async () => {
    const { eu, us, change, meet, entriesOf } = twoRegions();
    await change(us, { name: 'Anna' });
    await change(eu, { name: 'Anne' });
    await meet();
    await lookForConflicts(eu, STREAM);
    const [entry] = await entriesOf(eu);
    const ahead = { ...entry, revision: 2, count: 2, covered: { us: 2, eu: 1 } } as LedgerEntry;
    await eu.ledger.put(ahead);
    await lookForConflicts(eu, STREAM);
    expect(await entriesOf(eu)).toEqual([ahead]);
  });

  it('takes an entry off the lists when its commit turns out to be a copy', async () => {
    const { us, eu, change, meet, entriesOf } = twoRegions();
    await change(us, { name: 'Anna' });
    await change(eu, { name: 'Anne' }, 'same');
    await meet();
    await lookForConflicts(eu, STREAM);
    const [commit] = await eu.table.load(STREAM, { us: 1 });
    const [before] = await eu.table.load(STREAM, { eu: 1 });
    // The same request was written in a third Region before, and that copy counts.
    eu.table.replicate({ ...aCommit(), ...commit, log: 'ap', region: 'ap', hlc: before?.hlc ?? '' });
    await lookForConflicts(eu, STREAM);
    expect(await entriesOf(eu)).toMatchObject([{ revision: 2, status: 'superseded' }]);
    await lookForConflicts(eu, STREAM);
    expect(await entriesOf(eu)).toMatchObject([{ revision: 2 }]);
    expect((await eu.ledger.page({ from: 0, to: Infinity, includes: () => true, limit: 10 })).items).toEqual([]);
  });

  it('keeps the entries about a Region that has left in the first one', async () => {
    const { us, eu, change, meet, entriesOf } = twoRegions();
    await change(us, { name: 'Anna' });
    await change(eu, { name: 'Anne' });
    await meet();
    await lookForConflicts({ ...us, regions: ['us', 'ap'] }, STREAM);
    expect(await entriesOf(us)).toMatchObject([{ writer: 'us', commit: { region: 'eu' } }]);
  });
});

describe('an open conflict', () => {
  async function anOpenOne() {
    const regions = twoRegions();
    const { us, eu, change, meet } = regions;
    await change(us, { address: '12 Elm Street' });
    await change(eu, { address: '3 Oak Street' });
    await meet();
    await lookForConflicts(eu, STREAM);
    const isWatched = async () => (await eu.ledger.watched([STREAM, 'note/n'], 'eu')).has(STREAM);
    return { ...regions, isWatched };
  }

  it('is watched until a commit that has seen both sides resolves it', async () => {
    const { us, eu, change, meet, entriesOf, isWatched } = await anOpenOne();
    expect(await entriesOf(eu)).toMatchObject([{ status: 'open', revision: 1 }]);
    expect(await isWatched()).toBe(true);
    await lookForConflicts(eu, STREAM);
    expect(await isWatched()).toBe(true);
    await change(us, { address: '4 Oak Street' });
    await meet();
    await lookForConflicts(eu, STREAM);
    expect(await entriesOf(eu)).toMatchObject([
      { status: 'resolved', revision: 2, resolvedBy: { log: 'us', position: 2, region: 'us' } },
    ]);
    expect(await isWatched()).toBe(false);
  });

  it('is looked at again after the watch was set, for a commit that came in between', async () => {
    const { us, eu, change, meet, entriesOf } = await anOpenOne();
    await eu.ledger.unwatch(STREAM, 'eu', (await eu.ledger.ofStream(STREAM)).watches.eu ?? '');
    const ledger = {
      ...eu.ledger,
      watch: async (...of: Parameters<typeof eu.ledger.watch>) => {
        if ((await entriesOf(eu))[0]?.revision === 1) {
          await change(us, { address: '4 Oak Street' });
          await meet();
        }
        return eu.ledger.watch(...of);
      },
    };
    await lookForConflicts({ ...eu, ledger }, STREAM);
    expect(await entriesOf(eu)).toMatchObject([{ status: 'resolved' }]);
  });

  it('stays watched if another look finds one while this one ends the watch', async () => {
    const { us, eu, change, meet, isWatched } = await anOpenOne();
    await change(us, { address: '4 Oak Street' });
    await meet();
    const ledger = {
      ...eu.ledger,
      unwatch: async (stream: string, region: string, token: string) => {
        await eu.ledger.watch(stream, region, 'of another look');
        return eu.ledger.unwatch(stream, region, token);
      },
    };
    await lookForConflicts({ ...eu, ledger }, STREAM);
    expect(await isWatched()).toBe(true);
  });
});

describe('looks at the same time', () => {
  it('write each entry once: the one that is late looks again', async () => {
    const { us, eu, change, meet, entriesOf } = twoRegions();
    await change(us, { name: 'Anna' });
    await change(eu, { name: 'Anne' });
    await meet();
    await Promise.all([1, 2, 3].map(() => lookForConflicts(eu, STREAM)));
    expect(await entriesOf(eu)).toMatchObject([{ revision: 1 }]);
  });

  it('that always lose are given up, to be repeated', async () => {
    const { us, eu, change, meet } = twoRegions();
    await change(us, { name: 'Anna' });
    await change(eu, { name: 'Anne' });
    await meet();
    const losing = { ...eu, ledger: { ...eu.ledger, put: async () => false } };
    expect(await lookAtAll(losing, [STREAM, STREAM, 'note/n'])).toEqual(
      new Map([[STREAM, expect.objectContaining({ code: 'unavailable', retryable: true })]]),
    );
  });
});
