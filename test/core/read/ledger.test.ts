import { describe, expect, it } from 'vitest';
import { memoryLedger } from '../../../adapters/memory/ledger.ts';
import type { LedgerEntry } from '../../../core/index.ts';
import { readLedger } from '../../../core/read/ledger.ts';
import { encodeListedPage, listedPageSchema, parseListedCursor } from '../../../core/wire/api.ts';
import { toyDomain } from '../../../testing/toy.ts';
import { anEntry } from '../../contract/ledger.contract.ts';

const START = Date.UTC(2001, 0, 1);

/** A ledger with these entries, by hour. */
async function aLedger(...entries: readonly Partial<LedgerEntry>[]) {
  const ledger = memoryLedger();
  for (const [hour, of] of entries.entries()) {
    const log = { log: 'us', position: hour + 1, commitId: `c-${hour}`, region: 'us', hlc: '018f000000000001' };
    await ledger.put(anEntry({ at: START + hour * 3_600_000, commit: log, writer: 'us', ...of }));
  }
  return { domain: toyDomain, regions: ['us', 'eu'], ledger };
}

const places = ({ entries }: { readonly entries: readonly LedgerEntry[] }) =>
  entries.map(({ stream, commit }) => `${stream}@${commit.position}`);

describe('the listed conflicts', () => {
  it('are those of all streams, or of one stream or type, by time', async () => {
    const ports = await aLedger({ stream: 'note/b' }, { stream: 'stock/1' }, { stream: 'note/a' });
    expect(places(await readLedger(ports, { limit: 10 }))).toEqual(['note/b@1', 'stock/1@2', 'note/a@3']);
    expect(places(await readLedger(ports, { type: 'note', limit: 10 }))).toEqual(['note/b@1', 'note/a@3']);
    expect(places(await readLedger(ports, { stream: 'note/a', limit: 10 }))).toEqual(['note/a@3']);
    expect(places(await readLedger(ports, { stream: 'note/a', type: 'stock', limit: 10 }))).toEqual([]);
  });

  it.each([undefined, 'note/a'])('are open or not, and of a time: of %s', async (stream) => {
    const a = { stream: 'note/a' };
    const ports = await aLedger({ ...a, status: 'open' }, a, { ...a, status: 'superseded' }, { ...a, status: 'open' });
    const asked = { stream, limit: 10 };
    expect(places(await readLedger(ports, { ...asked, isOpen: true }))).toEqual(['note/a@1', 'note/a@4']);
    expect(places(await readLedger(ports, { ...asked, isOpen: false }))).toEqual(['note/a@2']);
    const [from, to] = [START + 1, START + 3 * 3_600_000];
    expect(places(await readLedger(ports, { ...asked, from, to }))).toEqual(['note/a@2', 'note/a@4']);
    expect(places(await readLedger(ports, { ...asked, from: to + 1 }))).toEqual([]);
    expect(places(await readLedger(ports, { ...asked, from: to, to: from }))).toEqual([]);
  });

  it.each([undefined, 'note/a'])('are read page by page, whatever their lists: of %s', async (stream) => {
    const statuses = ['open', 'resolved', 'open', 'open', 'resolved'] as const;
    const ports = await aLedger(...statuses.map((status) => ({ stream: 'note/a', status })));
    const read: string[] = [];
    let after: string | undefined;
    do {
      const page = await readLedger(ports, { stream, after, limit: 2 });
      read.push(...places(page));
      after = page.next && parseListedCursor(page.next);
    } while (after !== undefined);
    expect(read).toEqual([1, 2, 3, 4, 5].map((position) => `note/a@${position}`));
  });

  it('end a page before it is too large for an answer', async () => {
    const against = { eu: Array.from({ length: 10_000 }, (_, i) => 1_000_000_000 + i) };
    const ports = await aLedger(...Array.from({ length: 20 }, () => ({ stream: 'note/a', against })));
    const page = await readLedger(ports, { limit: 20 });
    expect(page.entries.length).toBeLessThan(20);
    const rest = await readLedger(ports, { limit: 1, after: page.next });
    expect(places(rest)).toEqual([`note/a@${page.entries.length + 1}`]);
  });

  it('are those that the Region wrote which is responsible for them', async () => {
    const left = { log: 'sa', position: 1, commitId: 'c', region: 'sa', hlc: '018f000000000001' };
    const ports = await aLedger({ commit: left, writer: 'sa' }, { commit: left, writer: 'us' });
    const { entries } = await readLedger(ports, { limit: 10 });
    expect(entries).toMatchObject([{ writer: 'us' }]);
    const old = await aLedger({ writer: 'eu' });
    expect((await readLedger(old, { limit: 10 })).entries).toEqual([]);
  });

  it('cannot be of a type that does not exist, nor behind a place that no page names', async () => {
    const ports = await aLedger();
    for (const asked of [{ type: 'nothing' }, { stream: 'nothing/1' }])
      await expect(readLedger(ports, { ...asked, limit: 1 })).rejects.toThrow(
        expect.objectContaining({ code: 'unknown-stream-type' }),
      );
    for (const text of [
      '',
      'us.1',
      '2001-01-01T00:00:00Z note/a@us.1 us',
      `2001-01-01T00:00:00.000Z ${'x'.repeat(400)} us`,
    ])
      expect(() => parseListedCursor(text)).toThrow(expect.objectContaining({ code: 'validation' }));
  });

  it('are shown with their commits, both sides, and what resolved them', async () => {
    const resolvedBy = { log: 'eu', position: 3, commitId: 'by', region: 'eu' };
    const ports = await aLedger({ resolvedBy, against: { eu: [1, 2] }, count: 2, revision: 1 }, { status: 'open' });
    const page = encodeListedPage('us', await readLedger(ports, { limit: 10 }));
    expect(page).toMatchObject({
      region: 'us',
      conflicts: [
        {
          ...{ log: 'us', position: 1, commitId: 'c-0', region: 'us', at: '2001-01-01T00:00:00.000Z', open: false },
          ...{
            against: [
              { log: 'eu', position: 1 },
              { log: 'eu', position: 2 },
            ],
            count: 2,
            revision: 1,
            resolvedBy,
          },
        },
        { open: true },
      ],
    });
    expect(listedPageSchema.parse(page)).toEqual(page);
    expect(encodeListedPage('us', await readLedger(ports, { limit: 1 }))).toMatchObject({ next: expect.any(String) });
  });
});
