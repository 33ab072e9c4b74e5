import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addToQuarantine, type listQuarantine } from '../../../core/index.ts';
import { MAX_ANSWER_BYTES } from '../../../core/limits/budgets.ts';
import { aQuarantine, event } from './quarantine-fixture.ts';

function bodiesOf({ messages }: Awaited<ReturnType<typeof listQuarantine>>) {
  return messages.map(({ body }) => body);
}

describe('a list of the quarantine', () => {
  it('shows unreadable messages with their reason, and unprocessed ones with the names they contain', async () => {
    const { add, memory, list, runtime } = aQuarantine();
    await add('This is not JSON.', '{');
    runtime.advance(1000);
    await memory.send([event('a1', 'note/1')]);

    expect(await list()).toEqual({
      messages: [
        {
          id: 'quarantined-1',
          sentAt: '2001-01-01T00:00:00.000Z',
          receives: 1,
          reason: 'This is not JSON.',
          body: '{',
        },
        {
          id: 'quarantined-2',
          sentAt: '2001-01-01T00:00:01.000Z',
          receives: 1,
          reason: expect.stringContaining('could not be processed'),
          detailType: 'meridian.append',
          stream: 'note/1',
          envelopeId: 'a1',
          body: event('a1', 'note/1'),
        },
      ],
      about: 2,
      complete: true,
    });
  });

  it.each(['', 'null', '5', '[]', '{"detail-type":5,"detail":"x"}', '{"detail":{"id":"with blank","stream":"X"}}'])(
    'shows %j unchanged',
    async (body) => {
      const { memory, list } = aQuarantine();
      await memory.send([body]);
      const { messages } = await list();
      expect(messages).toEqual([
        { id: 'quarantined-1', sentAt: expect.any(String), receives: 1, reason: expect.any(String), body },
      ]);
    },
  );

  it('hides no messages from the next reader', async () => {
    const { add, list } = aQuarantine();
    await add('one', '1');
    await list();
    expect(bodiesOf(await list())).toEqual(['1']);
  });

  it('shows at most the requested number of messages, and reports that there are more', async () => {
    const { add, list } = aQuarantine();
    for (let i = 0; i < 25; i++) await add('one', `${i}`);

    const some = await list({ limit: 12 });
    expect(some).toMatchObject({ about: 25, complete: false });
    expect(some.messages).toHaveLength(12);
    const all = await list();
    expect(all.complete).toBe(true);
    expect(new Set(bodiesOf(all)).size).toBe(25);
  });

  it('selects by id, by part of the reason, by stream and by stream type', async () => {
    const { add, list } = aQuarantine();
    await add('It has no USABLE id.', event('', 'note/1'));
    await add('This is not JSON.', event('a', 'note/10'));
    await add('This is not JSON.', event('b', 'stock/1'));
    await add('This is not JSON.', '{');

    expect((await list({ filter: { reason: 'usable' } })).messages).toHaveLength(1);
    expect((await list({ filter: { stream: 'note/1' } })).messages).toHaveLength(1);
    expect((await list({ filter: { stream: 'note' } })).messages).toHaveLength(2);
    expect((await list({ filter: { stream: 'note', reason: 'json' } })).messages).toHaveLength(1);
    expect(await list({ ids: ['quarantined-4', 'quarantined-2'] })).toMatchObject({
      messages: [{ id: 'quarantined-2' }, { id: 'quarantined-4' }],
      complete: true,
    });
    expect(await list({ ids: ['quarantined-9'] })).toMatchObject({ messages: [], complete: true });
  });

  it('does not show messages held by another consumer, and shows them when their timeout expires', async () => {
    const { add, list, memory, runtime } = aQuarantine();
    await add('one', '1');
    await memory.receive(30_000);
    expect(await list()).toEqual({ messages: [], about: 1, complete: true });
    runtime.advance(30_000);
    expect(bodiesOf(await list())).toEqual(['1']);
  });

  it.each<[of: string, make: (i: number) => [reason: string, body: string]]>([
    ['bodies', (i) => ['large', `${i}`.padEnd(100_000)]],
    ['reasons', (i) => ['large'.padEnd(10_000, ' x'), `${i}`]],
    ['characters that JSON escapes', (i) => ['large', `${i}`.padEnd(50_000, '"')]],
  ])(
    'ends when the %s of its messages fill a response, and leaves the remaining messages for the next caller',
    async (_of, make) => {
      const { add, list } = aQuarantine();
      for (let i = 0; i < 700; i++) await add(...make(i));
      const listed = await list({ limit: 1000 });
      expect(listed.complete).toBe(false);
      expect(listed.messages.length).toBeGreaterThan(10);
      expect(Buffer.byteLength(JSON.stringify(listed))).toBeLessThan(MAX_ANSWER_BYTES);
      expect((await list({ limit: 1 })).messages).toHaveLength(1);
    },
  );

  it('shows only one message if that alone exceeds the size of a response', async () => {
    const { list, memory } = aQuarantine();
    // Messages as moved here from the ingest queue; escaped, they have twice as many bytes.
    for (let i = 0; i < 2; i++) await memory.send([`${i}`.padEnd(1_000_000, '"')]);
    expect(await list()).toMatchObject({ messages: { length: 1 }, complete: false });
  });

  it('ends when its time is up', async () => {
    const { add, list, memory, runtime, with: having } = aQuarantine();
    for (let i = 0; i < 30; i++) await add('large', `${i}`);
    const slow = having({
      receive: (milliseconds) => {
        runtime.advance(6_000);
        return memory.receive(milliseconds);
      },
    });
    expect(await list({ filter: { reason: 'none' } }, slow)).toMatchObject({ messages: [], complete: false });
  });

  it('shows a message once if the queue delivers it twice', async () => {
    const { add, list, memory, with: having } = aQuarantine();
    await add('one', '1');
    // With a visibility timeout of 0, the queue delivers the message again immediately.
    expect(bodiesOf(await list({}, having({ receive: () => memory.receive(0) })))).toEqual(['1']);
  });

  it('succeeds even if messages cannot be released: they become visible by themselves', async () => {
    const { add, list, runtime, with: having } = aQuarantine();
    await add('one', '1');
    const failing = having({
      release: async () => {
        throw new Error('no answer');
      },
    });
    expect(bodiesOf(await list({}, failing))).toEqual(['1']);
    expect(bodiesOf(await list())).toEqual([]);
    runtime.advance(30_000);
    expect(bodiesOf(await list())).toEqual(['1']);
  });
});

describe('a message put into the quarantine', () => {
  it('is reported if it was not stored', async () => {
    const { ports, with: having } = aQuarantine();
    const full = having({ send: async (bodies) => bodies.map((body) => (body.includes('two') ? 'full' : undefined)) });
    const messages = ['one', 'two', 'three'].map((body) => ({ reason: 'unreadable', body }));
    expect(await addToQuarantine({ ...ports, ...full }, { messages })).toEqual({
      added: 2,
      failed: [{ index: 1, why: 'full' }],
    });
  });
});

describe('a redrive', () => {
  it('sends the original messages unchanged, and removes them', async () => {
    const { add, memory, redrive, ingested } = aQuarantine();
    const body = `${event('a', 'note/1')} `;
    await add('unreadable', '{');
    await memory.send([body]);

    expect(await redrive()).toMatchObject({
      examined: 2,
      redriven: [{ id: 'quarantined-1' }, { id: 'quarantined-2', stream: 'note/1', envelopeId: 'a' }],
      kept: 0,
      failed: [],
      about: 2,
      complete: true,
    });
    expect(ingested).toEqual(['{', body]);
    expect(memory.bodies).toEqual([]);
  });

  it('sends nothing in a dry run, and hides nothing after it', async () => {
    const { add, memory, redrive, ingested } = aQuarantine();
    await add('unreadable', '{');
    expect(await redrive({ dryRun: true })).toMatchObject({ redriven: [{ id: 'quarantined-1' }], kept: 0 });
    expect([ingested, memory.bodies.length]).toEqual([[], 1]);
    expect(await redrive({ dryRun: true })).toMatchObject({ redriven: [{ id: 'quarantined-1' }] });
  });

  it('leaves the messages that were not chosen visible to all', async () => {
    const { add, redrive, list, ingested } = aQuarantine();
    await add('red', '1');
    await add('green', '2');
    expect(await redrive({ filter: { reason: 'red' } })).toMatchObject({ examined: 2, kept: 1, complete: true });
    expect(ingested).toEqual(['1']);
    expect(bodiesOf(await list())).toEqual(['2']);
    expect(await redrive({ ids: ['quarantined-2'] })).toMatchObject({ redriven: [{ id: 'quarantined-2' }] });
  });

  it('sends at most the requested number of messages; the next call continues after the messages that the first call passed over', async () => {
    const { add, redrive, list, runtime } = aQuarantine();
    for (let i = 0; i < 24; i++) await add(i % 2 ? 'red' : 'green', `${i}`);

    const first = await redrive({ filter: { reason: 'red' }, limit: 3 });
    expect(first).toMatchObject({ examined: 10, kept: 7, complete: false });
    expect(first.redriven).toHaveLength(3);
    const second = await redrive({ filter: { reason: 'red' }, before: first.before });
    // The five green messages of the first call remain hidden; its two surplus red messages do not.
    expect(second).toMatchObject({ examined: 16, complete: true });
    expect(second.redriven).toHaveLength(9);
    expect(bodiesOf(await list())).toHaveLength(7);
    runtime.advance(120_000);
    expect(bodiesOf(await list())).toHaveLength(12);
  });

  it('ignores messages that arrive after it started, so that a message that returns immediately is not sent repeatedly', async () => {
    const { add, memory, ports, redrive, runtime } = aQuarantine();
    for (let i = 0; i < 15; i++) await add('unreadable', '{');
    // An ingest queue whose messages return to the quarantine immediately.
    const back = {
      ingest: {
        send: async (bodies: readonly string[]) => {
          runtime.advance(1);
          const messages = bodies.map((body) => ({ reason: 'unreadable', body }));
          await addToQuarantine(ports, { messages });
          return bodies.map(() => undefined);
        },
      },
    };
    let sent = 0;
    let before: number | undefined;
    for (let complete = false; !complete; ) {
      const step = await redrive({ before, limit: 10 }, back);
      sent += step.redriven.length;
      ({ before, complete } = step);
    }
    expect([sent, memory.bodies.length]).toEqual([15, 15]);
  });

  it('keeps messages that the ingest queue refuses, and says why', async () => {
    const { add, memory, redrive, list } = aQuarantine();
    await add('one', 'good');
    await add('one', 'bad');
    const ingest = {
      send: async (bodies: readonly string[]) => bodies.map((b) => (b === 'bad' ? 'full' : undefined)),
    };

    expect(await redrive({}, { ingest })).toMatchObject({
      redriven: [{ id: 'quarantined-1' }],
      kept: 0,
      failed: [{ id: 'quarantined-2', why: 'full' }],
    });
    expect(memory.bodies).toHaveLength(1);
    expect(bodiesOf(await list())).toEqual(['bad']);

    const down = {
      ingest: {
        send: async () => {
          throw new Error('no answer');
        },
      },
    };
    expect(await redrive({}, down)).toMatchObject({
      redriven: [],
      failed: [{ id: 'quarantined-2', why: 'Error: no answer' }],
    });
    expect(memory.bodies).toHaveLength(1);
  });

  it('reports messages that were sent but not removed, and will be sent again', async () => {
    const { add, memory, redrive, ingested, with: having } = aQuarantine();
    await add('one', 'refused');
    await add('one', 'removed');
    const half = having({
      remove: async (messages) => {
        await memory.remove(messages.slice(1));
        return messages.map((_, i) => (i === 0 ? 'InternalError' : undefined));
      },
    });
    expect(await redrive({}, half)).toMatchObject({
      redriven: [{ id: 'quarantined-2' }],
      failed: [{ id: 'quarantined-1', why: 'The message was sent, but could not be removed: InternalError' }],
    });
    const lost = having({
      remove: async () => {
        throw new Error('no answer');
      },
    });
    expect(await redrive({}, lost)).toMatchObject({
      redriven: [],
      failed: [{ id: 'quarantined-1', why: 'The message was sent, but could not be removed: Error: no answer' }],
    });
    await redrive();
    expect(ingested).toEqual(['refused', 'removed', 'refused', 'refused']);
    expect(memory.bodies).toEqual([]);
  });

  it('that dies between any two of its calls loses nothing, and the next redrive finishes its work', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 0, max: 12 }), async (messages, dieAt) => {
        const { add, memory, ports, redrive, runtime, ingested } = aQuarantine();
        const bodies = Array.from({ length: messages }, (_, i) => `${i}`);
        for (const body of bodies) await add('one', body);
        let calls = 0;
        const dead = Promise.withResolvers<void>();
        /** A call that never returns. */
        const mortal =
          <A extends readonly unknown[], R>(call: (...args: A) => Promise<R>) =>
          (...args: A): Promise<R> => {
            if (calls++ < dieAt) return call(...args);
            dead.resolve();
            return new Promise(() => undefined);
          };
        const dying = redrive(
          {},
          {
            quarantine: { ...memory, receive: mortal(memory.receive), remove: mortal(memory.remove) },
            ingest: { send: mortal(ports.ingest.send) },
          },
        );
        await Promise.race([dying, dead.promise]);
        await setImmediate(); // the calls that it started before it died end here
        runtime.advance(120_000);

        await redrive();

        expect(memory.bodies).toEqual([]);
        expect([...new Set(ingested)].sort()).toEqual([...bodies].sort());
      }),
      { numRuns: 30 },
    );
  });
});
