import { describe, expect, it } from 'vitest';
import { handleMessages } from '../../../core/index.ts';
import { aSubscriber, bodiesOf, bodyAt, idAt, waits } from './subscribe-fixture.ts';

describe('a subscriber', () => {
  it('handles the events of a log in order, each once', async () => {
    const { journal, runtime, take } = aSubscriber();

    expect(await take(bodyAt(1), bodyAt(2), bodyAt(2))).toEqual([undefined, undefined, undefined]);
    expect(await take(bodyAt(1), bodyAt(3, { previous: 2 }))).toEqual([undefined, undefined]);

    expect(journal).toEqual([idAt(1), idAt(2), idAt(3)]);
    expect(Object.fromEntries(runtime.metrics)).toEqual({ Handled: 3 });
  });

  it('handles a batch in log order, whatever its own order, and all events of a commit before the next commit', async () => {
    const { journal, take } = aSubscriber();
    const [a, b, c] = bodiesOf({ position: 1, count: 3 });

    await take(bodyAt(2), c ?? '', a ?? '', b ?? '');

    expect(journal).toEqual([idAt(1, 0), idAt(1, 1), idAt(1, 2), idAt(2)]);
  });

  it('distinguishes a position without events from a missing position', async () => {
    const { journal, take } = aSubscriber();
    await take(bodyAt(2, { previous: 0 }), bodyAt(9, { previous: 2 }));
    expect(journal).toEqual([idAt(2), idAt(9)]);
  });

  it('has an early event redelivered, and handles it as soon as its predecessor arrives', async () => {
    const { journal, runtime, take } = aSubscriber();

    expect(await take(bodyAt(3), bodyAt(2))).toEqual([waits, waits]);
    expect(await take(bodyAt(3))).toEqual([waits]);
    expect(journal).toEqual([]);
    expect(await take(bodyAt(1))).toEqual([undefined]);
    expect(journal).toEqual([idAt(1), idAt(2), idAt(3)]);

    expect(await take(bodyAt(3), bodyAt(2))).toEqual([undefined, undefined]);
    expect(journal).toHaveLength(3);
    expect(runtime.metrics.get('Waiting')).toBe(3);
  });

  it('also waits for the missing event of a commit', async () => {
    const { journal, take } = aSubscriber();
    const [a = '', b = '', c = ''] = bodiesOf({ position: 1, count: 3 });

    expect(await take(a, c, bodyAt(2))).toEqual([undefined, waits, waits]);
    await take(b);

    expect(journal).toEqual([idAt(1, 0), idAt(1, 1), idAt(1, 2), idAt(2)]);
  });

  it.each([
    ['with a table', undefined, {}],
    ['without a table', undefined, { progress: undefined }],
    ['without a table', 'closed', { progress: undefined }],
  ])(
    'has an event redelivered, with an error as the reason, if its function rejects %s with %s',
    async (_, thrown, of) => {
      const { take } = aSubscriber({ ...of, handle: () => Promise.reject(thrown) });
      expect(await take(bodyAt(1))).toEqual([new Error(`the function threw ${thrown}, which is not an Error`)]);
    },
  );

  it('handles logs independently', async () => {
    const { journal, take } = aSubscriber();
    const other = { log: 'us-west-2', context: {} };
    expect(await take(bodyAt(2), bodyAt(1, other), bodyAt(2, other))).toEqual([waits, undefined, undefined]);
    expect(journal).toEqual([idAt(1, 0, 'us-west-2'), idAt(2, 0, 'us-west-2')]);
  });

  it('has only unreadable messages redelivered', async () => {
    const { journal, take } = aSubscriber();
    const answers = await take('not JSON', bodyAt(1), '{"detail-type":"Noted","detail":{}}');
    expect(answers).toEqual([expect.any(SyntaxError), undefined, expect.any(Error)]);
    expect(journal).toEqual([idAt(1)]);
  });

  it('stops at an event whose handling fails, and continues once it succeeds', async () => {
    let broken = true;
    const { journal, take } = aSubscriber({
      handle: ({ id, meta: { position } }) => {
        if (broken && position === 2) throw new Error('a fault of the handler');
        return [id];
      },
    });

    const answers = await take(bodyAt(1), bodyAt(2), bodyAt(3));
    expect(answers).toEqual([undefined, new Error('a fault of the handler'), waits]);
    broken = false;
    expect(await take(bodyAt(2))).toEqual([undefined]);

    expect(journal).toEqual([idAt(1), idAt(2), idAt(3)]);
  });

  it('starts nothing after 10 s, or after the time that it is given', async () => {
    const { journal, runtime, take } = aSubscriber({
      handle: ({ id }) => {
        runtime.advance(6000);
        return [id];
      },
    });
    await take(bodyAt(4));
    const answers = await take(bodyAt(1), bodyAt(2), bodyAt(3));
    expect(answers).toEqual([undefined, undefined, 'not started: the batch ran out of time']);
    expect(await take(bodyAt(3))).toEqual([undefined]);
    expect(journal).toEqual([idAt(1), idAt(2), idAt(3), idAt(4)]);

    const patient = aSubscriber({
      handle: ({ id }) => {
        patient.runtime.advance(6000);
        return [id];
      },
    });
    expect(await handleMessages(patient.ports, [bodyAt(1), bodyAt(2), bodyAt(3)], 150_000)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
