import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineDomain, defineStream, reject } from '../../../core/index.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { account, note } from '../../../testing/toy.ts';
import { anAppend, aRegion, command, inTexts, noted, replicate, watched } from '../a-region.ts';
import { ACCOUNT, another, callsOf, commitsOf, deposit, STREAM, stateOf, warmUp, withdraw } from './append-fixture.ts';

describe('the cost of an append', () => {
  it.each([STREAM, ACCOUNT])(
    'is one load and one put on a cold stream, and one put on a warm stream: %s',
    async (stream) => {
      const us = aRegion();
      const operation = stream === STREAM ? noted('a') : deposit(1);
      expect(await callsOf(us, () => appendToStream(us, anAppend({ stream, operation })))).toEqual(['load', 'put']);
      expect(await callsOf(us, () => appendToStream(us, anAppend({ stream, operation })))).toEqual(['put']);
      expect(us.runtime.metrics.get('Appended')).toBe(2);
    },
  );

  it('is the same for a command that writes', async () => {
    const us = aRegion();
    await appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(5) }));
    expect(await callsOf(us, () => appendToStream(us, anAppend({ stream: ACCOUNT, operation: withdraw(5) })))).toEqual([
      'put',
    ]);
  });

  it('is one more put and one read of its own log if the position is taken', async () => {
    const us = aRegion();
    await warmUp(us, ACCOUNT);
    await appendToStream(another(us), anAppend({ stream: ACCOUNT, operation: deposit(1) }));
    expect(await callsOf(us, () => appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(1) })))).toEqual([
      'put',
      'loadLog',
      'put',
    ]);
    expect(us.runtime.metrics.get('AppendConflict')).toBe(1);
  });
});

describe('a warm stream', () => {
  it('is used at any age if only this Region writes to it', async () => {
    const us = aRegion();
    await appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(1) }));
    us.runtime.advance(3_600_000);
    expect(await callsOf(us, () => appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(1) })))).toEqual([
      'put',
    ]);
  });

  it.each([
    ['a merge stream', STREAM, false],
    ['a home stream that another Region has written', ACCOUNT, true],
  ])(
    'is used for a second if other Regions can write to it or have written to it: %s',
    async (_what, stream, foreign) => {
      const us = aRegion();
      const operation = stream === STREAM ? noted('a') : deposit(1);
      if (foreign) {
        const eu = { ...aRegion('eu'), region: 'us' };
        await appendToStream(eu, anAppend({ stream, operation }));
        await replicate(stream, eu, us);
      }
      await appendToStream(us, anAppend({ stream, operation }));
      us.runtime.advance(1000);
      expect(await callsOf(us, () => appendToStream(us, anAppend({ stream, operation })))).toEqual(['put']);
      us.runtime.advance(1);
      expect(await callsOf(us, () => appendToStream(us, anAppend({ stream, operation })))).toEqual(['load', 'put']);
    },
  );

  it('is as old as the start of its load', async () => {
    const us = aRegion();
    const slow = { ...us, events: watched(us.table, async (call) => call === 'load' && us.runtime.advance(600)) };
    await appendToStream(slow, anAppend());
    us.runtime.advance(500);
    await appendToStream(slow, anAppend());
    expect(slow.events.calls).toEqual(['load', 'put', 'load', 'put']);
  });

  it('is as old as the older of two clocks says: one may jump, the other stops while a function is frozen', async () => {
    for (const frozen of [true, false]) {
      const us = aRegion();
      const stopped = frozen ? { elapsed: () => 0 } : { now: () => Date.UTC(2001, 0, 1) };
      const process = { ...us, runtime: { ...us.runtime, ...stopped } };
      await appendToStream(process, anAppend());
      us.runtime.advance(1001);
      expect(await callsOf(process, () => appendToStream(process, anAppend()))).toEqual(['load', 'put']);
    }
  });

  it('is not used after the wall clock jumped back', async () => {
    const us = aRegion();
    await appendToStream(us, anAppend());
    us.runtime.advance(-1);
    expect(await callsOf(us, () => appendToStream(us, anAppend()))).toEqual(['load', 'put']);
  });

  it('is not used for an id that an earlier request may have had: another Region may have written its commit', async () => {
    const us = aRegion();
    await warmUp(us);
    expect(await callsOf(us, () => appendToStream(us, anAppend({ commitId: 'repeated' })))).toEqual(['load', 'put']);
    expect(await callsOf(us, () => appendToStream(us, anAppend({ commitId: 'repeated' })))).toEqual([]);
  });

  it('that is stale never causes a refusal', async () => {
    const us = aRegion();
    await warmUp(us, ACCOUNT);
    await appendToStream(another(us), anAppend({ stream: ACCOUNT, operation: deposit(9) }));
    expect(await appendToStream(us, anAppend({ stream: ACCOUNT, operation: withdraw(9) }))).toHaveProperty('dot');
  });

  it('that is stale never makes a command change nothing', async () => {
    const us = aRegion();
    await appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(9) }));
    const zero = defineStream({
      ...account,
      commands: {
        empty: {
          input: z.unknown(),
          decide: (balance) => (balance === 9 ? [] : [{ type: 'Withdrawn', data: { amount: balance } }]),
        },
      },
    });
    await appendToStream(another(us), anAppend({ stream: ACCOUNT, operation: deposit(1) }));
    const emptying = { ...us, domain: defineDomain({ streams: [zero], views: [] }) };
    await appendToStream(emptying, anAppend({ stream: ACCOUNT, operation: command('empty', {}) }));
    expect(await stateOf(us, ACCOUNT)).toBe(0);
  });

  it('that is behind another Region never causes a refusal, even once its position is taken', async () => {
    const states: string[] = [];
    const choosy = defineStream({
      ...note,
      commands: {
        choose: {
          input: z.unknown(),
          decide(entries: typeof note.initial) {
            const texts = entries.map(({ text }) => text);
            states.push(texts.join());
            if (texts.includes('b') && !texts.includes('theirs')) throw reject('Not on b alone.');
            return [{ type: 'Noted', data: { text: 'c' } }];
          },
        },
      },
    });
    const us = { ...aRegion('us'), domain: defineDomain({ streams: [choosy], views: [] }) };
    const eu = aRegion('eu');
    await appendToStream(us, anAppend({ operation: noted('a') }));
    eu.runtime.advance(1);
    // The copy is behind in both logs: a new commit takes its position, and the other log has the text that the command
    // needs.
    await appendToStream(another(us), anAppend({ operation: noted('b') }));
    await appendToStream(eu, anAppend({ operation: noted('theirs') }));
    await replicate(STREAM, eu, us);
    expect(await appendToStream(us, anAppend({ operation: command('choose', {}) }))).toHaveProperty('dot');
    expect(states).toEqual(['a', 'a,b', 'a,b,theirs']);
  });

  it('is read again if the commit at its position had seen more of other Regions', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    await appendToStream(us, anAppend({ operation: noted('a') }));
    await appendToStream(eu, anAppend({ operation: noted('theirs') }));
    await replicate(STREAM, eu, us);
    await appendToStream(another(us), anAppend({ operation: noted('b') }));
    const calls = await callsOf(us, () => appendToStream(us, anAppend({ operation: noted('c') })));
    expect(calls).toEqual(['put', 'loadLog', 'load', 'put']);
    expect((await commitsOf(us)).at(-1)).toMatchObject({ position: 3, context: { us: 2, eu: 1 } });
    expect(inTexts(await stateOf(us)).unseen.at(-1)).toEqual([]);
  });

  it('reports commits in the table that are still hidden', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    for (const text of ['a', 'b', 'c']) await appendToStream(us, anAppend({ operation: noted(text) }));
    for (const commit of (await commitsOf(us)).slice(1)) eu.table.replicate(commit);
    await appendToStream(eu, anAppend({ operation: noted('d') }));
    expect(eu.runtime.metrics.get('HiddenCommits')).toBe(2);
    expect((await commitsOf(eu)).at(0)).toMatchObject({ log: 'eu', context: {} });
  });
});
