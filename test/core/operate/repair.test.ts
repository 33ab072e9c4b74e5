import { describe, expect, it } from 'vitest';
import { MeridianError } from '../../../core/facts/errors.ts';
import { itemDigest } from '../../../core/operate/item-digest.ts';
import { parseResolverMessage } from '../../../core/wire/resolver.ts';
import { wholeCommitSchema } from '../../../core/wire/verify.ts';
import { aPromise } from '../../contract/decisions.ts';
import {
  ask,
  aVerifiedRegion,
  NOW,
  noted,
  project,
  put,
  STREAM,
  three,
  UNTIL,
  type VerifiedRegion,
} from './verify-fixture.ts';

const PLACE = { stream: STREAM, log: 'us-east-1', position: 2 };

async function digestOf({ ports }: VerifiedRegion, position: number): Promise<string> {
  const asked = { until: UNTIL, stream: STREAM, log: 'us-east-1', after: position - 1 };
  return (await ask(ports, 'verify-commits', asked)).commits[0]?.digest ?? '';
}

describe('the page of a view', () => {
  it('adds up the contributions of its entries, and has its totals', async () => {
    const region = aVerifiedRegion();
    const other = noted(1, { stream: 'note/m', text: 'text 3' });
    await put(region, ...three, other);
    await project(region, ...three, other);
    const sums = [
      { key: 'all', field: 'notes', sum: 4 },
      { key: 'text 3', field: 'last', sum: 2 },
    ];
    const entries = await ask(region.ports, 'verify-view', { view: 'words', part: 'entries' });
    expect(entries).toMatchObject({ build: 1, behind: false, read: 2, ahead: [] });
    expect(entries.sums).toEqual(expect.arrayContaining(sums));
    const totals = await ask(region.ports, 'verify-view', { view: 'words', part: 'totals' });
    expect(totals).toMatchObject({ read: 2, ahead: [] });
    expect(totals.sums).toEqual(expect.arrayContaining(sums));
  });

  it('ends where the next one starts', async () => {
    const region = aVerifiedRegion();
    const commits = Array.from({ length: 150 }, (_, i) => noted(1, { stream: `note/${i}`, text: `${i}` }));
    await put(region, ...commits);
    await project(region, ...commits);
    for (const part of ['entries', 'totals'] as const) {
      const first = await ask(region.ports, 'verify-view', { view: 'words', part });
      const second = await ask(region.ports, 'verify-view', { view: 'words', part, after: first.after });
      expect([first.read, second.after]).toEqual([100, undefined]);
      expect(second.read).toBe(part === 'entries' ? 50 : 51);
    }
  });

  it('shows entries of streams that the table lacks, of every mode', async () => {
    const region = aVerifiedRegion();
    const tail = noted(1, { stream: 'tail/1', log: 'global', context: {} });
    await put(region, ...three, tail);
    await project(region, ...three, tail);
    const emptied = { ...region.ports, events: aVerifiedRegion().table };
    for (const [view, stream] of [
      ['latest', STREAM],
      ['tails', 'tail/1'],
    ] as const) {
      expect((await ask(region.ports, 'verify-view', { view, part: 'entries' })).ahead).toEqual([]);
      expect((await ask(emptied, 'verify-view', { view, part: 'entries' })).ahead).toEqual([stream]);
    }
  });

  it('says that the view is behind if other code has built it', async () => {
    const region = aVerifiedRegion();
    await put(region, noted(1));
    await project(region, noted(1));
    const generations = (await region.views.generations(['latest'])).get('latest');
    if (!generations) throw new Error('There are no generations.');
    const active = { ...generations.active, behind: true as const };
    await region.views.setGenerations('latest', { ...generations, active, revision: generations.revision + 1 });
    expect(await ask(region.ports, 'verify-view', { view: 'latest', part: 'entries' })).toMatchObject({ behind: true });
    const repair = ask(region.ports, 'repair-row', { view: 'latest', stream: STREAM });
    await expect(repair).rejects.toMatchObject({ code: 'version-conflict' });
  });

  it('of a view that does not exist is refused', async () => {
    const asked = ask(aVerifiedRegion().ports, 'verify-view', { view: 'nothing', part: 'entries' });
    await expect(asked).rejects.toMatchObject({ code: 'unknown-view' });
  });
});

describe('a missing commit', () => {
  it('is put unchanged, once, and shows as the original does', async () => {
    const [from, to] = [aVerifiedRegion(), aVerifiedRegion('eu-west-1')];
    await put(from, ...three);
    await put(to, noted(1), noted(3));
    const { commit } = await ask(from.ports, 'verify-item', PLACE);
    if (!commit) throw new Error('It is not given away.');
    const digest = await digestOf(from, 2);
    expect(await ask(to.ports, 'repair-item', { commit, digest })).toEqual({ put: true });
    expect(await ask(to.ports, 'repair-item', { commit, digest })).toEqual({ put: false });
    expect(await to.table.load(STREAM)).toEqual(await from.table.load(STREAM));
  });

  it('keeps all of its members', async () => {
    const from = aVerifiedRegion();
    const rich = noted(2, {
      meta: { correlation: 'c', causation: 'd', actor: 'e', traceparent: 'not checked again' },
      wallTime: NOW - 5_000_000,
      tx: { state: 'committed', deadline: 1.5, began: 1, timeout: 2, next: { transaction: 'us-east-1:t', began: 1 } },
      repair: true,
      events: [{ type: 'Noted', schemaVersion: 1, data: JSON.parse('{"text": "x", "__proto__": {"a": [null]}}') }],
    });
    await put(from, rich);
    const { commit } = await ask(from.ports, 'verify-item', PLACE);
    const to = aVerifiedRegion('eu-west-1');
    if (commit) await ask(to.ports, 'repair-item', { commit, digest: await digestOf(from, 2) });
    expect(await to.table.at(STREAM, 'us-east-1', 2)).toEqual(rich);
    expect(await digestOf(to, 2)).toBe(await digestOf(from, 2));
  });

  it('is not given away while it is an intent that is not final, and there is none where none is', async () => {
    const region = aVerifiedRegion();
    await put(region, noted(2, { tx: { state: 'prepared', deadline: NOW } }));
    expect(await ask(region.ports, 'verify-item', PLACE)).toEqual({});
    expect(await ask(region.ports, 'verify-item', { ...PLACE, position: 1 })).toEqual({});
  });

  it('does not replace another one', async () => {
    const [from, to] = [aVerifiedRegion(), aVerifiedRegion('eu-west-1')];
    await put(from, ...three);
    await put(to, noted(2, { text: 'other' }));
    const digest = await digestOf(from, 2);
    expect(await ask(to.ports, 'repair-item', { commit: wholeCommitSchema.parse(noted(2)), digest })).toEqual({
      put: false,
    });
    expect(await to.table.load(STREAM)).toEqual([noted(2, { text: 'other' })]);
  });

  it('is refused if it is not the one that was read, or of the log that all Regions write', async () => {
    const region = aVerifiedRegion();
    await put(region, ...three);
    const digest = await digestOf(region, 2);
    for (const [commit, path] of [
      [noted(2, { text: 'changed' }), 'digest'],
      [noted(2, { log: 'global' }), 'commit.log'],
    ] as const)
      await expect(
        ask(region.ports, 'repair-item', { commit: wholeCommitSchema.parse(commit), digest }),
      ).rejects.toMatchObject({
        code: 'validation',
        details: { faults: [{ path }] },
      });
  });
});

describe('a damaged commit', () => {
  it('is not put anywhere else', async () => {
    const region = aVerifiedRegion();
    const damaged = { ...noted(2), events: noted(2, { text: 'damaged' }).events };
    const digest = itemDigest(region.ports.runtime, damaged);
    await expect(
      ask(region.ports, 'repair-item', { commit: wholeCommitSchema.parse(damaged), digest }),
    ).rejects.toMatchObject({ code: 'validation', details: { faults: [{ path: 'commit.events' }] } });
    expect(await region.table.load(STREAM)).toEqual([]);
  });
});

describe('a row', () => {
  it('is made what the table gives, whatever it was, with its totals, and again without effect', async () => {
    const region = aVerifiedRegion();
    await put(region, ...three);
    await project(region, ...three);
    const behind = { ...region.ports, events: aVerifiedRegion().table };
    await behind.events.put(noted(1));
    for (const ports of [behind, region.ports, region.ports])
      for (const view of ['latest', 'words'])
        expect(await ask(ports, 'repair-row', { view, stream: STREAM })).toEqual({ written: true });
    expect((await ask(region.ports, 'verify-streams', { until: UNTIL, streams: [STREAM] })).findings).toEqual([]);
    expect((await ask(region.ports, 'verify-view', { view: 'words', part: 'totals' })).sums).toEqual(
      expect.arrayContaining([{ key: 'all', field: 'notes', sum: 3 }]),
    );
  });

  it('is left alone if another projector changes it meanwhile', async () => {
    const region = aVerifiedRegion();
    await put(region, ...three);
    const load = async (stream: string) => {
      await project(region, noted(3));
      return region.table.load(stream);
    };
    const ports = { ...region.ports, events: { ...region.table, load } };
    expect(await ask(ports, 'repair-row', { view: 'latest', stream: STREAM })).toEqual({ written: false });
  });

  it('of another type, or that its view cannot compute, is refused', async () => {
    const region = aVerifiedRegion();
    const tail = ask(region.ports, 'repair-row', { view: 'latest', stream: 'tail/1' });
    await expect(tail).rejects.toMatchObject({ code: 'validation', details: { faults: [{ path: 'stream' }] } });
    await put(region, noted(1, { text: '!' }));
    await expect(ask(region.ports, 'repair-row', { view: 'latest', stream: STREAM })).rejects.toThrow('fails on');
  });

  it('that the table of views refuses fails with the reason', async () => {
    const region = aVerifiedRegion();
    await put(region, noted(1));
    const apply = () => {
      throw new MeridianError('unavailable', 'Throttled.', { retryable: true });
    };
    const ports = { ...region.ports, views: { ...region.views, apply } };
    const repair = ask(ports, 'repair-row', { view: 'latest', stream: STREAM });
    await expect(repair).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('a transaction', () => {
  const intent = noted(2, { commitId: 'us-east-1:t#1', tx: { state: 'prepared', deadline: NOW - 1 } });

  it('is sent to the resolver, by an intent or by its id', async () => {
    const region = aVerifiedRegion();
    await put(region, intent);
    await region.decisions.put(aPromise({ transaction: 'us-east-1:late', decidedAt: NOW - 60_000 }));
    await region.table.putDecision(aPromise({ transaction: 'us-east-1:one', decidedAt: NOW - 60_000 }));
    expect(await ask(region.ports, 'repair-transaction', { intent: PLACE })).toEqual({ sent: 1 });
    for (const transaction of ['us-east-1:late', 'us-east-1:one'])
      expect(await ask(region.ports, 'repair-transaction', { transaction })).toEqual({ sent: 1 });
    expect(region.sent.map(({ body }) => parseResolverMessage(body))).toMatchObject([
      { kind: 'intent', ...PLACE },
      { kind: 'attempt', transaction: 'us-east-1:late' },
      { kind: 'attempt', transaction: 'us-east-1:one' },
    ]);
  });

  it('of which nothing is left to do here is not sent', async () => {
    const region = aVerifiedRegion('eu-west-1');
    expect(await ask(region.ports, 'repair-transaction', { intent: PLACE })).toEqual({ sent: 0 });
    await put(region, intent);
    expect(await ask(region.ports, 'repair-transaction', { intent: PLACE })).toEqual({ sent: 0 });
    expect(await ask(region.ports, 'repair-transaction', { transaction: 'us-east-1:none' })).toEqual({ sent: 0 });
  });

  it('fails if the queue refuses it, and is refused without exactly one of the two', async () => {
    const region = aVerifiedRegion();
    await put(region, intent);
    const full = { send: async () => ['full'] };
    const sending = ask({ ...region.ports, resolver: full }, 'repair-transaction', { intent: PLACE });
    await expect(sending).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    for (const asked of [{}, { intent: PLACE, transaction: 'us-east-1:t' }])
      await expect(ask(region.ports, 'repair-transaction', asked)).rejects.toMatchObject({ code: 'validation' });
  });
});
