import { describe, expect, it } from 'vitest';
import { memorySightings } from '../../../adapters/memory/sightings.ts';
import { nextStamp } from '../../../core/facts/hlc.ts';
import type { VersionVector } from '../../../core/facts/version.ts';
import { defineDomain, defineView, MeridianError } from '../../../core/index.ts';
import { readHealth } from '../../../core/read/health.ts';
import { readCommits, readStream } from '../../../core/read/streams.ts';
import { readRow, readRows } from '../../../core/read/views.ts';
import { projectTriggers } from '../../../core/view/projection.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { account, type Entry, note, notes } from '../../../testing/toy.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, aRegion, command, noted, replicate } from '../a-region.ts';
import { aTransaction, aWorld, drive, inputOf } from '../transaction/regions.ts';

type Region = ReturnType<typeof aRegion>;
const STREAM = 'note/n';
function refusal(code: string) {
  return expect.objectContaining({ code });
}

/** The only entry in the row of a note with one text. */
function entry(id: string, text: string): Entry {
  return { id: `note/${id}@us.1.0`, commitId: expect.any(String), text, unseen: [] };
}

/** Notes one text in each of these streams, and updates the views. */
async function withNotes(texts: Readonly<Record<string, string>>, ports: Region = aRegion()): Promise<Region> {
  for (const [id, text] of Object.entries(texts))
    await appendToStream(ports, anAppend({ stream: `note/${id}`, operation: noted(text) }));
  const triggers = Object.keys(texts).map((id) => ({ stream: `note/${id}`, log: 'us', position: 1, inTable: true }));
  expect(await projectTriggers(ports, triggers)).toEqual(new Map());
  return ports;
}

describe('reading a stream', () => {
  it('returns its state, its version and its mode', async () => {
    const us = aRegion();
    await appendToStream(us, anAppend({ stream: 'account/us.1', operation: command('deposit', { amount: 3 }) }));
    expect(await readStream(us, 'account/us.1')).toEqual({ state: 3, version: { us: 1 }, mode: 'home' });
  });

  it('returns the initial state of a stream without commits', async () => {
    const answer = await readStream(aRegion(), STREAM);
    expect(answer).toEqual({ state: [], version: {}, mode: 'merge' });
  });

  it('waits for the version that the reader has seen elsewhere, and reports if it does not arrive', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    const { version } = await appendToStream(us, anAppend());
    await expect(readStream(eu, STREAM, { atLeast: version })).rejects.toThrow(refusal('not-caught-up'));
    await replicate(STREAM, us, eu);
    expect((await readStream(eu, STREAM, { atLeast: version })).version).toEqual(version);
  });

  it('never returns to an older state: a decision queried from another Region is stored in the table', async () => {
    const { us, eu, cut } = aWorld({ strong: false });
    const participants = [{ stream: 'account/eu.1', command: 'deposit', input: { amount: 5 } }];
    await drive(us, inputOf(aTransaction({ participants }), us), 'decide');
    expect(await readStream(eu, 'account/eu.1')).toMatchObject({ state: 5 });
    const intents = await eu.table.load('account/eu.1');
    expect(intents.map(({ tx }) => tx?.state)).toEqual(['committed']);
    cut.add('us');
    expect(await readStream(eu, 'account/eu.1')).toMatchObject({ state: 5 });
    expect((await readCommits(eu, 'account/eu.1')).commits).toHaveLength(1);
  });

  it('leaves an intent prepared if it is undecided, of another Region, or decided here', async () => {
    const { us, eu, ap } = aWorld({ strong: false });
    const participants = ['account/us.1', 'account/eu.1'].map((stream) => ({
      ...{ stream, command: 'deposit', input: { amount: 5 } },
    }));
    const input = inputOf(aTransaction({ participants }), us);
    await drive(us, input, 'prepare');
    expect(await readStream(eu, 'account/eu.1')).toMatchObject({ state: 0 });
    await drive(us, input, 'decide');
    for (const [decision] of [await us.decisions.attempts(input.id)]) if (decision) ap.decisions.replicate(decision);
    await replicate('account/eu.1', eu, ap);
    for (const [region, stream] of [
      [us, 'account/us.1'],
      [ap, 'account/eu.1'],
    ] as const) {
      expect(await readStream(region, stream)).toMatchObject({ state: 5 });
      expect((await region.table.load(stream)).map(({ tx }) => tx?.state)).toEqual(['prepared']);
    }
  });

  it('shows the decision even if it cannot be stored at the moment', async () => {
    const { us, eu } = aWorld({ strong: false });
    const participants = [{ stream: 'account/eu.1', command: 'deposit', input: { amount: 5 } }];
    await drive(us, inputOf(aTransaction({ participants }), us), 'decide');
    for (const [retryable, result] of [
      [true, 5],
      [false, 'internal'],
    ]) {
      const finalise = async () => {
        throw new MeridianError(retryable ? 'unavailable' : 'internal', 'no', { retryable: retryable === true });
      };
      const read = readStream({ ...eu, events: { ...eu.events, finalise } }, 'account/eu.1');
      expect(
        await read.then(
          ({ state }) => state,
          ({ code }) => code,
        ),
      ).toBe(result);
    }
  });

  it('refuses an unknown type', async () => {
    await expect(readStream(aRegion(), 'stranger/x')).rejects.toThrow(refusal('unknown-stream-type'));
  });
});

describe('a read in the home of an intent', () => {
  const participants = [{ stream: 'account/eu.1', command: 'deposit', input: { amount: 5 } }];

  it('keeps a decision that another Region was asked for when commits are read, too', async () => {
    const { us, eu } = aWorld({ strong: false });
    await drive(us, inputOf(aTransaction({ participants }), us), 'decide');
    expect((await readCommits(eu, 'account/eu.1')).commits).toHaveLength(1);
    expect((await eu.table.load('account/eu.1')).map(({ tx }) => tx?.state)).toEqual(['committed']);
  });

  it('writes nothing if decisions are strong', async () => {
    const { us, eu } = aWorld();
    await drive(us, inputOf(aTransaction({ participants }), us), 'decide');
    expect(await readStream(eu, 'account/eu.1')).toMatchObject({ state: 5 });
    expect((await eu.table.load('account/eu.1')).map(({ tx }) => tx?.state)).toEqual(['prepared']);
  });
});

describe('reading commits', () => {
  it('pages through them in fold order', async () => {
    const us = aRegion();
    for (const text of ['a', 'b', 'c']) await appendToStream(us, anAppend({ operation: noted(text) }));
    const first = await readCommits(us, STREAM, { limit: 2 });
    expect(first).toMatchObject({ version: { us: 2 }, more: true });
    expect(first.commits.map(({ position }) => position)).toEqual([1, 2]);
    const second = await readCommits(us, STREAM, { after: first.version, limit: 2 });
    expect(second).toMatchObject({ version: { us: 3 }, more: false });
    expect(second.commits.map(({ position }) => position)).toEqual([3]);
    expect(await readCommits(us, STREAM, { after: second.version })).toEqual({
      commits: [],
      version: { us: 3 },
      more: false,
    });
  });

  it('has 100 commits on a page by default', async () => {
    const us = aRegion();
    for (let i = 0; i < 101; i++) await appendToStream(us, anAppend());
    expect(await readCommits(us, STREAM)).toMatchObject({ version: { us: 100 }, more: true });
  });

  it('misses no commit that arrives late, whatever its stamp', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    await appendToStream(eu, anAppend({ operation: noted('early') }));
    us.runtime.advance(1000);
    await appendToStream(us, anAppend({ operation: noted('late') }));
    let version: VersionVector = {};
    const read: unknown[] = [];
    for (let i = 0; i < 2; i++) {
      const page = await readCommits(us, STREAM, { after: version });
      read.push(...page.commits.map(({ events }) => events[0]?.data));
      version = page.version;
      await replicate(STREAM, eu, us);
    }
    expect(read).toEqual([{ text: 'late' }, { text: 'early' }]);
    expect(version).toEqual({ us: 1, eu: 1 });
  });
});

describe('reading a view of rows', () => {
  const texts = { a: 'x', b: 'y', c: 'z', 'c.1': 'w' };

  it('pages through the rows by the ids of their streams', async () => {
    const us = await withNotes(texts);
    expect(await readRows(us, 'notes', { limit: 3 })).toEqual({
      rows: [
        { key: 'a', value: [entry('a', 'x')] },
        { key: 'b', value: [entry('b', 'y')] },
        { key: 'c', value: [entry('c', 'z')] },
      ],
      next: 'c',
    });
    expect(await readRows(us, 'notes', { after: 'c', limit: 3 })).toEqual({
      rows: [{ key: 'c.1', value: [entry('c.1', 'w')] }],
      next: undefined,
    });
    expect((await readRows(us, 'notes')).rows).toHaveLength(4);
  });

  it('ends a page early where the next row would make the response too large', async () => {
    const large = 'x'.repeat(200_000);
    const domain = defineDomain({ streams: [note], views: [notes] });
    const us = await withNotes(
      Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`n${10 + i}`, large])),
      aRegion('us', fakeRuntime(), domain),
    );
    const { rows, next } = await readRows(us, 'notes');
    expect(rows.length).toBeLessThan(40);
    expect(next).toBe(rows.at(-1)?.key);
    const rest = await readRows(us, 'notes', { after: next });
    expect([...rows, ...rest.rows]).toHaveLength(40);
    expect(rest.next).toBeUndefined();
  });

  it('finds one row, and reports a missing one', async () => {
    const us = await withNotes(texts);
    expect(await readRow(us, 'notes', 'b')).toEqual({ key: 'b', value: [entry('b', 'y')] });
    await expect(readRow(us, 'notes', 'd')).rejects.toThrow(refusal('not-found'));
  });
});

describe('reading a view of totals', () => {
  const texts = { 1: 'b', 2: 'a', 3: 'b', 4: 'c' };

  it('pages through the keys, each as presented by the view', async () => {
    const us = await withNotes(texts);
    expect(await readRows(us, 'words', { limit: 2 })).toEqual({
      rows: [
        { key: 'a', value: 1 },
        { key: 'b', value: 2 },
      ],
      next: 'b',
    });
    expect(await readRows(us, 'words', { after: 'b', limit: 2 })).toEqual({
      rows: [{ key: 'c', value: 1 }],
      next: undefined,
    });
  });

  it('shows the sums if the view has no presentation', async () => {
    const us = aRegion();
    for (const [id, amount] of Object.entries({ 'us.1': 3, 'us.2': 4 }))
      await appendToStream(us, anAppend({ stream: `account/${id}`, operation: command('deposit', { amount }) }));
    const triggers = ['account/us.1', 'account/us.2'].map((stream) => ({
      stream,
      log: 'us',
      position: 1,
      inTable: true,
    }));
    expect(await projectTriggers(us, triggers)).toEqual(new Map());
    expect(await readRows(us, 'money')).toEqual({ rows: [{ key: 'us', value: { balance: 7 } }], next: undefined });
    expect(await readRow(us, 'money', 'us')).toEqual({ key: 'us', value: { balance: 7 } });
  });

  it('finds one key, and reports a missing one', async () => {
    const us = await withNotes(texts);
    expect(await readRow(us, 'words', 'b')).toEqual({ key: 'b', value: 2 });
    await expect(readRow(us, 'words', 'd')).rejects.toThrow(refusal('not-found'));
  });
});

describe('reading a view', () => {
  it('refuses an unknown one', async () => {
    await expect(readRows(aRegion(), 'none')).rejects.toThrow(refusal('unknown-view'));
    await expect(readRow(aRegion(), 'none', 'a')).rejects.toThrow(refusal('unknown-view'));
  });

  it('has no rows before anything was projected', async () => {
    const views = [defineView({ name: 'balances', kind: 'rows', of: account, row: (balance) => balance })];
    const us = { ...aRegion(), domain: defineDomain({ streams: [account], views }) };
    expect(await readRows(us, 'balances')).toEqual({ rows: [], next: undefined });
  });
});

describe('health', () => {
  it('reports the newest stamp seen of every Region, its age, and Regions without one', async () => {
    const us = { ...aRegion(), sightings: memorySightings() };
    const now = us.runtime.now();
    await us.sightings.record('us', nextStamp(now - 1500));
    await us.sightings.record('eu', nextStamp(now + 1500));
    expect(await readHealth(us)).toEqual({
      region: 'us',
      seen: {
        us: { at: new Date(now - 1500).toISOString(), ageMs: 1500 },
        eu: { at: new Date(now + 1500).toISOString(), ageMs: 0 },
        ap: null,
      },
    });
    expect(await readHealth({ ...us, version: '1.2.3' })).toMatchObject({ region: 'us', version: '1.2.3' });
  });
});
