import { describe, expect, it } from 'vitest';
import type { Append } from '../../../core/facts/append.ts';
import type { Commit } from '../../../core/facts/commit.ts';
import { nextStamp, wallTimeOf } from '../../../core/facts/hlc.ts';
import type { VersionVector } from '../../../core/facts/version.ts';
import { decodeVersionToken } from '../../../core/wire/version-token.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, aRegion, command, inTexts, noted, replicate, watched } from '../a-region.ts';
import {
  ACCOUNT,
  another,
  commitsOf,
  deposit,
  type Region,
  refusal,
  STREAM,
  stateOf,
  warmUp,
} from './append-fixture.ts';

describe('expected version', () => {
  const asked = (expected: VersionVector, of: Partial<Append> = {}) =>
    anAppend({ stream: ACCOUNT, operation: deposit(1), expected, ...of });

  const withCommits = async (count: number): Promise<Region> => {
    const us = aRegion();
    for (let i = 0; i < count; i++) await appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(1) }));
    return us;
  };

  it('accepts the append if the stream is exactly at that version', async () => {
    const us = await withCommits(0);
    for (let position = 0; position < 3; position++) {
      const { version } = await appendToStream(us, asked(position === 0 ? {} : { us: position }));
      expect(version).toEqual({ us: position + 1 });
    }
  });

  it.each([0, 1])('refuses the append on an older version: %i of 2', async (position) => {
    const us = await withCommits(2);
    const error = await appendToStream(us, asked(position === 0 ? {} : { us: position })).catch((error) => error);
    expect(error).toMatchObject({ code: 'version-conflict', retryable: false });
    expect(decodeVersionToken(ACCOUNT, error.details.expected, '')).toEqual(position === 0 ? {} : { us: position });
    expect(decodeVersionToken(ACCOUNT, error.details.actual, '')).toEqual({ us: 2 });
    expect(await commitsOf(us, ACCOUNT)).toHaveLength(2);
  });

  it('refuses the append on a version that does not exist', async () => {
    const us = await withCommits(1);
    await expect(appendToStream(us, asked({ us: 9 }))).rejects.toThrow(refusal('version-conflict'));
    await expect(appendToStream(us, asked({ us: 1, eu: 1 }))).rejects.toThrow(refusal('version-conflict'));
  });

  it('is looked up if it is newer than the warm copy', async () => {
    const us = await withCommits(1);
    const stale = another(us);
    await warmUp(stale, ACCOUNT);
    const { version } = await appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(1) }));
    expect(await appendToStream(stale, asked(version))).toMatchObject({ dot: { position: (version.us ?? 0) + 1 } });
  });

  it('refuses the append without a pause after a lost race', async () => {
    const us = await withCommits(1);
    const stale = { ...another(us), runtime: fakeRuntime() };
    await warmUp(stale, ACCOUNT);
    await appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(1) }));
    const { seen = {} } = stale.warm.get(ACCOUNT)?.history ?? {};
    expect(await appendToStream(stale, asked(seen)).catch((error) => error)).toMatchObject({
      code: 'version-conflict',
      retryable: false,
    });
    expect(stale.runtime.slept).toEqual([]);
  });

  it('is given up after 10 s if the position stays taken by a commit that this Region cannot see', async () => {
    const us = await withCommits(3);
    const lacking: typeof us.table = {
      ...us.table,
      load: async (...args) => (await us.table.load(...args)).filter(({ position }) => position !== 2),
      loadLog: async (...args) => (await us.table.loadLog(...args)).filter(({ position }) => position !== 2),
    };
    const restored = { ...us, warm: new Map(), events: watched(lacking) };
    await expect(appendToStream(restored, asked({ us: 1 }))).rejects.toThrow(refusal('version-conflict'));
    expect(restored.runtime.slept.length).toBeGreaterThan(5);
  });

  it('still matches after positions without events, including newly found ones', async () => {
    const us = await withCommits(1);
    const [commit] = await commitsOf(us, ACCOUNT);
    if (!commit) throw new Error('There is no commit.');
    const empty = (position: number): Commit => ({
      ...commit,
      position,
      commitId: `empty-${position}`,
      events: [],
      previous: 1,
      context: { us: position - 1 },
      hlc: nextStamp(wallTimeOf(commit.hlc) + position),
    });
    await us.table.put(empty(2));
    await appendToStream(us, asked({ us: 1 }));
    const last = (await commitsOf(us, ACCOUNT)).at(-1);
    expect(last).toMatchObject({ position: 3, previous: 1, context: { us: 2 } });
    const cold = another(us);
    await us.table.put({ ...empty(4), previous: 3 });
    await appendToStream(cold, asked({ us: 3 }));
    expect((await commitsOf(us, ACCOUNT)).at(-1)).toMatchObject({ position: 5, previous: 3 });
  });
});

describe('the version that an append is based on', () => {
  it('becomes its context, however old it is: later commits are concurrent', async () => {
    const us = aRegion();
    const { version } = await appendToStream(us, anAppend({ operation: noted('a') }));
    await appendToStream(us, anAppend({ operation: noted('b') }));
    const answer = await appendToStream(us, anAppend({ operation: noted('c'), basedOn: version }));
    expect(answer.version).toEqual({ us: 3 });
    expect((await commitsOf(us)).at(-1)).toMatchObject({ context: { us: 1 }, previous: 2 });
    expect(inTexts(await stateOf(us))).toEqual({ texts: ['a', 'b', 'c'], unseen: [[], [], ['b']] });
  });

  it('is what a command is decided on', async () => {
    const us = aRegion();
    const { version } = await appendToStream(us, anAppend({ operation: noted('a') }));
    await appendToStream(us, anAppend({ operation: noted('b') }));
    const once = (of: Partial<Append>) =>
      appendToStream(us, anAppend({ operation: command('once', { text: 'b' }), ...of }));
    expect(await once({ basedOn: version })).toMatchObject({ dot: { position: 3 } });
    expect(await once({})).not.toHaveProperty('dot');
  });

  it('is waited for if this Region has not seen it yet', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    const { version } = await appendToStream(us, anAppend({ operation: noted('a') }));
    await warmUp(eu);
    let loads = 0;
    const arriving = {
      ...eu,
      events: watched(eu.table, async (call) => {
        if (call === 'load' && ++loads === 3) await replicate(STREAM, us, eu);
      }),
    };
    const answer = await appendToStream(
      arriving,
      anAppend({ operation: command('after', { text: 'b', after: 'a' }), basedOn: version }),
    );
    expect(answer.version).toEqual({ us: 1, eu: 1 });
    expect(eu.runtime.slept).toHaveLength(2);
  });

  it('is waited for at most 2 s; the error has the version that this Region has seen', async () => {
    const eu = aRegion('eu');
    await appendToStream(eu, anAppend({ operation: noted('a') }));
    const start = eu.runtime.now();
    const error = await appendToStream(eu, anAppend({ basedOn: { us: 1 } })).catch((error) => error);
    expect(error).toMatchObject({ code: 'not-caught-up', retryable: true });
    expect(decodeVersionToken(STREAM, error.details.seen, '')).toEqual({ eu: 1 });
    expect(decodeVersionToken(STREAM, error.details.wanted, '')).toEqual({ us: 1 });
    expect(eu.runtime.now() - start).toBeLessThanOrEqual(2000);
    expect(eu.runtime.now() - start).toBeGreaterThan(500);
    expect(await commitsOf(eu)).toHaveLength(1);
  });
});
