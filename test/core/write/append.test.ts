import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Append } from '../../../core/facts/append.ts';
import { nextStamp } from '../../../core/facts/hlc.ts';
import { defineDomain, defineStream } from '../../../core/index.ts';
import { CLOCK_LIMIT_MS } from '../../../core/limits/budgets.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { account, note } from '../../../testing/toy.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, aRegion, command, noted, replicate, watched } from '../a-region.ts';
import {
  ACCOUNT,
  another,
  callsOf,
  commitsOf,
  deposit,
  refusal,
  STREAM,
  stateOf,
  textsOf,
  withdraw,
} from './append-fixture.ts';

describe('append', () => {
  it('writes one commit at the next position of its own log, with the seen version as context', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    await appendToStream(eu, anAppend({ operation: noted('theirs') }));
    await replicate(STREAM, eu, us);

    const first = await appendToStream(us, anAppend({ operation: noted('a', 'b'), meta: { actor: 'me' } }));
    const second = await appendToStream(us, anAppend({ operation: noted('c') }));

    expect(first).toEqual({
      stream: STREAM,
      commitId: expect.any(String),
      version: { eu: 1, us: 1 },
      dot: { log: 'us', position: 1 },
    });
    expect(second).toMatchObject({ version: { eu: 1, us: 2 }, dot: { log: 'us', position: 2 } });
    const [, one, two] = await commitsOf(us);
    expect(one).toMatchObject({
      log: 'us',
      position: 1,
      previous: 0,
      region: 'us',
      context: { eu: 1 },
      events: [
        { type: 'Noted', schemaVersion: 1, data: { text: 'a' } },
        { type: 'Noted', schemaVersion: 1, data: { text: 'b' } },
      ],
      meta: { actor: 'me' },
    });
    expect(two).toMatchObject({ position: 2, previous: 1, context: { eu: 1, us: 1 } });
  });

  it('decides a command on the state of the stream', async () => {
    const us = aRegion();
    await appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(10) }));
    await appendToStream(us, anAppend({ stream: ACCOUNT, operation: withdraw(4) }));
    expect(await stateOf(us, ACCOUNT)).toBe(6);
    await expect(appendToStream(us, anAppend({ stream: ACCOUNT, operation: withdraw(7) }))).rejects.toThrow(
      refusal('rejected', { message: 'us.1 has 6 only.', details: { balance: 6 } }),
    );
    expect(await commitsOf(us, ACCOUNT)).toHaveLength(2);
  });

  it('returns the version that it read if the command decides that nothing changes', async () => {
    const us = aRegion();
    await appendToStream(us, anAppend({ operation: noted('a') }));
    const answer = await appendToStream(us, anAppend({ commitId: 'id', operation: command('once', { text: 'a' }) }));
    expect(answer).toEqual({ stream: STREAM, commitId: 'id', version: { us: 1 } });
  });

  it('passes the id of the stream and the time to a command that decides', async () => {
    const contexts: unknown[] = [];
    const input = z.unknown();
    const spying = defineStream({
      ...account,
      commands: {
        spy: {
          input,
          decide(_state, _input, context) {
            contexts.push(context);
            return [];
          },
        },
      },
    });
    const us = { ...aRegion(), domain: defineDomain({ streams: [spying], views: [] }) };
    await appendToStream(us, anAppend({ stream: ACCOUNT, operation: command('spy', 1) }));
    expect(contexts).toEqual([{ id: 'us.1', now: us.runtime.now() }]);
  });

  it('blames the domain, not the caller, for a decided event that violates its schema', async () => {
    const careless = defineStream({
      ...account,
      commands: { lose: { input: z.number(), decide: () => [{ type: 'Deposited', data: { amount: 0.5 } }] } },
    });
    const us = { ...aRegion(), domain: defineDomain({ streams: [careless], views: [] }) };
    await expect(appendToStream(us, anAppend({ stream: ACCOUNT, operation: command('lose', 1) }))).rejects.toThrow(
      refusal('internal'),
    );
  });

  it.each([
    ['an unknown type', { stream: 'nothing/x' }, 'unknown-stream-type'],
    ['an unknown event', { operation: { kind: 'events', events: [{ type: 'Vanished' }] } }, 'unknown-event'],
    ['a malformed event', { operation: { kind: 'events', events: [{ type: 'Noted' }] } }, 'validation'],
    ['an unknown command', { operation: command('vanish', {}) }, 'unknown-command'],
    ['a malformed input', { operation: command('note', {}) }, 'validation'],
    ['the home of another Region', { stream: 'account/eu.1', operation: deposit(1) }, 'misdirected'],
    ['an id without a home', { stream: 'account/xx.1', operation: deposit(1) }, 'rejected'],
  ] as const)('refuses %s and writes nothing', async (_what, asked, code) => {
    const us = aRegion();
    await expect(appendToStream(us, anAppend(asked as Partial<Append>))).rejects.toThrow(refusal(code));
    expect(us.events.calls).not.toContain('put');
  });

  it.each([
    ['its schema has changed', { ...note.events, Noted: { schemaVersion: 2, schema: z.number() } }],
    ['its event is gone', {}],
  ] as const)('returns a committed append although %s since', async (_what, events) => {
    const us = aRegion();
    const asked = anAppend({ operation: noted('a') });
    const first = await appendToStream(us, asked);
    const changed = defineStream({ type: 'note', mode: 'merge', events, initial: 0, evolve: (n) => n, commands: {} });
    const later = { ...us, domain: defineDomain({ streams: [changed], views: [] }) };
    expect(await appendToStream(later, asked)).toEqual(first);
    expect(await appendToStream(another(later), asked)).toEqual(first);
  });

  it('returns a committed append without waiting for the version that a retry is based on', async () => {
    const us = aRegion();
    const asked = anAppend({ operation: noted('a') });
    const first = await appendToStream(us, asked);
    for (const region of [us, another(us)])
      expect(await appendToStream(region, { ...asked, basedOn: { eu: 7 } })).toEqual(first);
  });

  it('returns a committed append whatever version a retry expects, even if the warm copy lacks the commit', async () => {
    const us = aRegion();
    const stale = another(us);
    await appendToStream(stale, anAppend({ stream: ACCOUNT, operation: deposit(1) }));
    const asked = anAppend({ stream: ACCOUNT, operation: deposit(2) });
    const first = await appendToStream(us, asked);
    expect(await appendToStream(stale, { ...asked, expected: {} })).toEqual(first);
  });

  it('accepts events although evolve cannot fold the stream', async () => {
    const evolve = () => expect.fail('evolve is asked');
    const broken = defineStream({ type: 'note', mode: 'merge', events: note.events, initial: 0, evolve, commands: {} });
    const us = { ...aRegion(), domain: defineDomain({ streams: [broken], views: [] }) };
    await appendToStream(us, anAppend({ operation: noted('a') }));
    expect(await appendToStream(us, anAppend({ operation: noted('b') }))).toMatchObject({ version: { us: 2 } });
  });

  it.each([600_000, -600_000])('keeps its limits when the wall clock jumps by %s ms', async (jump) => {
    const us = aRegion();
    await appendToStream(us, anAppend({ operation: noted('a') }));
    us.runtime.advance(1001);
    us.runtime.advance(jump);
    expect(await callsOf(us, () => appendToStream(us, anAppend({ operation: noted('b') })))).toEqual(['load', 'put']);
    const begun = us.runtime.elapsed();
    const jumping = {
      ...us.runtime,
      sleep: async (milliseconds: number) => {
        await us.runtime.sleep(milliseconds);
        us.runtime.advance(Math.min(jump, 0));
      },
    };
    await expect(appendToStream({ ...us, runtime: jumping }, anAppend({ basedOn: { eu: 9 } }))).rejects.toThrow(
      refusal('not-caught-up'),
    );
    expect(us.runtime.elapsed() - begun).toBeLessThanOrEqual(2000);
  });

  it('reports the home of a misdirected stream', async () => {
    await expect(
      appendToStream(aRegion(), anAppend({ stream: 'account/eu.1', operation: deposit(1) })),
    ).rejects.toThrow(refusal('misdirected', { details: { home: 'eu' } }));
  });
});

describe('the stamp of a commit', () => {
  it("is not taken from a clock that is more than 15 minutes ahead of the database's, if a fresh load confirms that", async () => {
    const us = aRegion();
    await appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(1) }));
    const append = () => appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(1) }));
    us.runtime.ahead = CLOCK_LIMIT_MS;
    await append();
    us.runtime.ahead = CLOCK_LIMIT_MS + 1;
    expect(
      await callsOf(us, () => expect(append()).rejects.toThrow(refusal('unavailable', { retryable: true }))),
    ).toEqual(['load']);
    const corrected = {
      ...us,
      events: watched(us.table, async () => {
        us.runtime.ahead = 0;
      }),
    };
    expect(await appendToStream(corrected, anAppend({ stream: ACCOUNT, operation: deposit(1) }))).toMatchObject({
      dot: { position: 3 },
    });
  });

  it('is above every loaded stamp, even one from a clock that is far ahead; such a stamp is reported', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu', fakeRuntime())];
    eu.runtime.advance(24 * 3_600_000);
    await appendToStream(eu, anAppend({ operation: noted('ahead') }));
    await replicate(STREAM, eu, us);
    await appendToStream(us, anAppend({ operation: noted('behind') }));
    const [theirs, ours] = await commitsOf(us);
    expect(ours?.hlc).toBe(nextStamp(0, theirs?.hlc));
    expect(us.runtime.metrics.get('ClockAhead')).toBe(24 * 3_600_000);
    expect(await textsOf(us)).toEqual(['ahead', 'behind']);
  });

  it('is also above the stamp of a hidden commit', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu', fakeRuntime())];
    eu.runtime.advance(1000);
    for (const text of ['a', 'b']) await appendToStream(eu, anAppend({ operation: noted(text) }));
    const hidden = (await commitsOf(eu))[1];
    if (hidden) us.table.replicate(hidden);
    await appendToStream(us, anAppend());
    expect((await commitsOf(us)).at(-1)?.hlc).toBe(nextStamp(0, hidden?.hlc));
  });

  it.each([
    [500, undefined],
    [501, 501],
  ])('does not report a clock up to 500 ms ahead: %i', async (ahead, reported) => {
    const us = aRegion();
    us.runtime.advance(ahead);
    await appendToStream(us, anAppend());
    us.runtime.advance(-ahead);
    await appendToStream(another(us), anAppend());
    expect(us.runtime.metrics.get('ClockAhead')).toBe(reported);
  });
});

describe('the size of a commit', () => {
  const LIMIT = 256_000;
  const bytesOf = (commit: unknown): number => Buffer.byteLength(JSON.stringify(commit));

  it.each([
    ['ASCII', 'x'],
    ['text of two bytes per character', 'é'],
    ['text of three bytes per character', '語'],
    ['text of four bytes in two UTF-16 units', '😀'],
    ['characters that JSON escapes', '"'],
  ])('is at most 256,000 bytes as JSON, to the byte: %s', async (_what, character) => {
    const [probe, us] = [aRegion(), aRegion()];
    const asked = (text: string) => anAppend({ commitId: 'id', operation: noted(text) });
    await appendToStream(probe, asked(''));
    const room = LIMIT - bytesOf((await commitsOf(probe))[0]);
    const size = bytesOf(character) - 2;
    const full = character.repeat(Math.floor(room / size)) + 'x'.repeat(room % size);
    await expect(appendToStream(us, asked(`${full}x`))).rejects.toThrow(
      refusal('too-large', { details: { bytes: LIMIT + 1, limit: LIMIT } }),
    );
    expect(await commitsOf(us)).toEqual([]);
    await appendToStream(us, asked(full));
    expect(bytesOf((await commitsOf(us))[0])).toBe(LIMIT);
  });
});

describe('the output of a schema', () => {
  it('is the same from a warm and from a cold stream, without undefined members', async () => {
    const dates = defineStream({
      ...note,
      events: {
        Dated: {
          schemaVersion: 1,
          schema: z.strictObject({ at: z.int() }).transform(({ at }) => ({ at, by: undefined })),
        },
      },
      initial: [] as readonly string[],
      evolve: (seen, { data }) => [...seen, Object.keys(data).join()],
      conflicts: () => true,
      reconcile: () => [],
      commands: {},
    });
    const us = { ...aRegion(), domain: defineDomain({ streams: [dates], views: [] }) };
    const dated = { kind: 'events', events: [{ type: 'Dated', data: { at: 0 } }] } as const;
    await appendToStream(us, anAppend({ operation: dated }));
    await appendToStream(us, anAppend({ operation: dated }));
    const warm = us.warm.get(STREAM)?.history.state;
    expect(warm).toEqual(await stateOf(us));
    expect(warm).toEqual(['at', 'at']);
    expect((await commitsOf(us))[0]?.events).toStrictEqual([{ type: 'Dated', schemaVersion: 1, data: { at: 0 } }]);
  });
});
