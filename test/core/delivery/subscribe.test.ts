import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryProgress } from '../../../adapters/memory/progress.ts';
import {
  type Commit,
  handleEvents,
  MeridianError,
  type Progress,
  type SubscribedEvent,
  type SubscribePorts,
  subscribedEventSchema,
} from '../../../core/index.ts';
import { entriesOf } from '../../../core/wire/bus-event.ts';
import { aCommit } from '../../contract/commits.ts';
import { fakeRuntime } from '../../runtime.ts';

const STREAM = 'note/1';
const SETTLED = 300_000;

/** A log's commit with so many events, as bodies of a queue's messages. */
function bodiesOf(of: Partial<Commit> & { readonly count?: number }): readonly string[] {
  const { count = 1, ...commit } = of;
  const events = Array.from({ length: count }, (_, i) => ({ type: 'Noted', schemaVersion: 1, data: i }));
  return entriesOf(aCommit({ stream: STREAM, events, ...commit })).map(({ source, detailType, detail }) =>
    JSON.stringify({ source, 'detail-type': detailType, detail: JSON.parse(detail) }),
  );
}
function bodyAt(position: number, of: Partial<Commit> = {}): string {
  return bodiesOf({ position, ...of })[0] ?? '';
}
function idAt(position: number, index = 0, log = 'us-east-1') {
  return `${STREAM}@${log}.${position}.${index}`;
}

/** A subscriber whose effect is a line in a journal: the event's id. */
function aSubscriber(of: Partial<SubscribePorts<string>> = {}) {
  const journal: string[] = [];
  const runtime = fakeRuntime();
  const progress = memoryProgress<string>((id) => journal.push(id));
  const ports = { from: 'beginning', progress, runtime, handle: ({ id }: SubscribedEvent) => [id], ...of } as const;
  return { journal, runtime, progress, ports, take: (...bodies: readonly string[]) => handleEvents(ports, bodies) };
}

const waits = expect.stringContaining('waits for what comes before it in its log');

describe('a subscriber', () => {
  it('handles the events of a log in their order, each once', async () => {
    const { journal, runtime, take } = aSubscriber();

    expect(await take(bodyAt(1), bodyAt(2), bodyAt(2))).toEqual([undefined, undefined, undefined]);
    expect(await take(bodyAt(1), bodyAt(3, { previous: 2 }))).toEqual([undefined, undefined]);

    expect(journal).toEqual([idAt(1), idAt(2), idAt(3)]);
    expect(Object.fromEntries(runtime.metrics)).toEqual({ Handled: 3 });
  });

  it('handles a batch in order, whatever its own order, and all events of a commit before the next commit', async () => {
    const { journal, take } = aSubscriber();
    const [a, b, c] = bodiesOf({ position: 1, count: 3 });

    await take(bodyAt(2), c ?? '', a ?? '', b ?? '');

    expect(journal).toEqual([idAt(1, 0), idAt(1, 1), idAt(1, 2), idAt(2)]);
  });

  it('tells a position without events from a gap', async () => {
    const { journal, take } = aSubscriber();
    await take(bodyAt(2, { previous: 0 }), bodyAt(9, { previous: 2 }));
    expect(journal).toEqual([idAt(2), idAt(9)]);
  });

  it('has an event that comes too early delivered again, and handles it as soon as its predecessor comes', async () => {
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

  it('waits for the missing event of a commit too', async () => {
    const { journal, take } = aSubscriber();
    const [a = '', b = '', c = ''] = bodiesOf({ position: 1, count: 3 });

    expect(await take(a, c, bodyAt(2))).toEqual([undefined, waits, waits]);
    await take(b);

    expect(journal).toEqual([idAt(1, 0), idAt(1, 1), idAt(1, 2), idAt(2)]);
  });

  it('handles many that were parked at once', async () => {
    const { journal, take } = aSubscriber();
    const rest = Array.from({ length: 24 }, (_, i) => bodyAt(i + 2));
    await take(...rest);
    await take(bodyAt(1));
    expect(journal).toEqual(Array.from({ length: 25 }, (_, i) => idAt(i + 1)));
  });

  it('lets no log wait for another', async () => {
    const { journal, take } = aSubscriber();
    const other = { log: 'us-west-2', context: {} };
    expect(await take(bodyAt(2), bodyAt(1, other), bodyAt(2, other))).toEqual([waits, undefined, undefined]);
    expect(journal).toEqual([idAt(1, 0, 'us-west-2'), idAt(2, 0, 'us-west-2')]);
  });

  it('leaves what it cannot read to be delivered again, and it alone', async () => {
    const { journal, take } = aSubscriber();
    const answers = await take('not JSON', bodyAt(1), '{"detail-type":"Noted","detail":{}}');
    expect(answers).toEqual([expect.any(SyntaxError), undefined, expect.any(Error)]);
    expect(journal).toEqual([idAt(1)]);
  });

  it('stops at an event that cannot be handled, and goes on behind it once it can', async () => {
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

  it('is done with an event although the parked one behind it cannot be handled: that has a message of its own', async () => {
    const { journal, take } = aSubscriber({
      handle: ({ id, meta: { position } }) => {
        if (position === 2) throw new Error('a fault of the handler');
        return [id];
      },
    });
    await take(bodyAt(2));
    expect(await take(bodyAt(1))).toEqual([undefined]);
    expect(await take(bodyAt(2))).toEqual([new Error('a fault of the handler')]);
    expect(journal).toEqual([idAt(1)]);
  });

  it('begins nothing after 10 s', async () => {
    const { journal, runtime, take } = aSubscriber({
      handle: ({ id }) => {
        runtime.advance(6000);
        return [id];
      },
    });
    await take(bodyAt(4));
    const answers = await take(bodyAt(1), bodyAt(2), bodyAt(3));
    expect(answers).toEqual([undefined, undefined, 'the batch took too long: this one was not begun']);
    expect(await take(bodyAt(3))).toEqual([undefined]);
    expect(journal).toEqual([idAt(1), idAt(2), idAt(3), idAt(4)]);
  });

  it('goes on with what is parked for 10 s, and has its event delivered again when that was not enough', async () => {
    const { journal, runtime, take } = aSubscriber({
      handle: ({ id }) => {
        runtime.advance(4000);
        return [id];
      },
    });
    await take(...[2, 3, 4, 5, 6].map((position) => bodyAt(position)));
    // From here on only this message comes: those of the others have ended in the dead-letter queue.
    expect(await take(bodyAt(1))).toEqual([expect.objectContaining({ code: 'unavailable', retryable: true })]);
    expect(journal).toEqual([idAt(1), idAt(2), idAt(3)]);
    expect(await take(bodyAt(1))).toEqual([undefined]);
    expect(journal).toEqual([1, 2, 3, 4, 5, 6].map((position) => idAt(position)));
  });

  it('goes on with what is parked when its process died before it did', async () => {
    const { journal, progress, ports, take } = aSubscriber();
    await take(bodyAt(2), bodyAt(3));
    const unanswered = new MeridianError('unavailable', 'no answer', { retryable: true });
    const parked = async () => {
      throw unanswered;
    };
    expect(await handleEvents({ ...ports, progress: { ...progress, parked } }, [bodyAt(1)])).toEqual([unanswered]);
    expect(journal).toEqual([idAt(1)]);
    expect(await take(bodyAt(1))).toEqual([undefined]);
    expect(journal).toEqual([idAt(1), idAt(2), idAt(3)]);
  });

  it('goes on with what is parked also when another event of the log comes too early', async () => {
    const { journal, progress, take } = aSubscriber();
    await take(bodyAt(2), bodyAt(3));
    // Whoever handled the first one died, and its message is gone.
    await progress.advance(
      subscribedEventSchema.parse({ ...JSON.parse(bodyAt(1)).detail, type: 'Noted' }),
      undefined,
      [],
    );
    expect(await take(bodyAt(5))).toEqual([waits]);
    expect(journal).toEqual([idAt(2), idAt(3)]);
    expect(await take(bodyAt(4))).toEqual([undefined]);
    expect(journal).toEqual([idAt(2), idAt(3), idAt(4), idAt(5)]);
  });

  it('gives up on an event after 10 s in which others were always faster, for this time', async () => {
    const { progress } = aSubscriber();
    const { take, runtime } = aSubscriber({ progress: { ...progress, advance: async () => false } });
    expect(await take(bodyAt(1))).toEqual([expect.objectContaining({ code: 'unavailable', retryable: true })]);
    expect(runtime.slept.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(8000);
  });

  it('leaves the rest of a parked line to the one that is already at it', async () => {
    const { journal, progress, ports } = aSubscriber();
    await handleEvents(ports, [bodyAt(2), bodyAt(3)]);
    // When this one looks for what is parked, another instance has handled it.
    const slow: Progress<string> = {
      ...progress,
      parked: async (...args) => {
        const page = await progress.parked(...args);
        for (const { event } of page.slice(0, 1))
          await progress.advance(event, await progress.last(STREAM, 'us-east-1'), [event.id]);
        return page;
      },
    };
    expect(await handleEvents({ ...ports, progress: slow }, [bodyAt(1)])).toEqual([undefined]);
    expect(journal).toEqual([idAt(1), idAt(2)]);
    expect(await handleEvents(ports, [bodyAt(3)])).toEqual([undefined]);
    expect(journal).toEqual([idAt(1), idAt(2), idAt(3)]);
  });

  it('sees the predecessor that was handled while it parked an event', async () => {
    const { journal, progress, ports } = aSubscriber();
    const slow: Progress<string> = {
      ...progress,
      park: async (event, since) => {
        await progress.park(event, since);
        await handleEvents({ ...ports, progress: { ...progress, parked: async () => [] } }, [bodyAt(1)]);
      },
    };
    expect(await handleEvents({ ...ports, progress: slow }, [bodyAt(2)])).toEqual([undefined]);
    expect(journal).toEqual([idAt(1), idAt(2)]);
  });
});

describe('a subscriber that begins with what it sees first', () => {
  it('takes a log up at the earliest event that came, once that has waited five minutes', async () => {
    const { journal, runtime, take } = aSubscriber({ from: 'first-seen' });
    expect(await take(bodyAt(8), bodyAt(7))).toEqual([waits, waits]);
    runtime.advance(SETTLED - 1);
    expect(await take(bodyAt(7))).toEqual([waits]);
    runtime.advance(1);
    expect(await take(bodyAt(8))).toEqual([waits]);
    expect(await take(bodyAt(7))).toEqual([undefined]);
    expect(journal).toEqual([idAt(7), idAt(8)]);
  });

  it('passes over what is earlier and comes after that', async () => {
    const { journal, runtime, take } = aSubscriber({ from: 'first-seen' });
    await take(bodyAt(7));
    runtime.advance(SETTLED);
    await take(bodyAt(7));
    expect(await take(bodyAt(6))).toEqual([undefined]);
    expect(journal).toEqual([idAt(7)]);
  });

  it('takes the first event of a log at once, and never steps over a gap further on', async () => {
    const { journal, runtime, take } = aSubscriber({ from: 'first-seen' });
    expect(await take(bodyAt(1), bodyAt(3))).toEqual([undefined, waits]);
    runtime.advance(2 * SETTLED);
    expect(await take(bodyAt(3))).toEqual([waits]);
    expect(journal).toEqual([idAt(1)]);
  });
});

describe('subscribers at the same time', () => {
  /** Two logs of a stream and one of another, some of their commits with several events, some positions empty. */
  const lines: readonly (readonly string[])[] = [
    [
      ...bodiesOf({ position: 1 }),
      ...bodiesOf({ position: 2, count: 3 }),
      ...bodiesOf({ position: 3 }),
      ...bodiesOf({ position: 5, previous: 3, count: 2 }),
    ],
    [
      ...bodiesOf({ log: 'us-west-2', position: 2, previous: 0, count: 2 }),
      ...bodiesOf({ log: 'us-west-2', position: 3 }),
    ],
    [...bodiesOf({ stream: 'note/2', position: 1 }), ...bodiesOf({ stream: 'note/2', position: 2 })],
  ];
  const idsOf = (bodies: readonly string[]): readonly string[] => bodies.map((body) => JSON.parse(body).detail.id);
  const all = lines.flat();

  /** A crash at a call: before it did anything, or after all of it. */
  const crash = fc.constantFrom('no', 'no', 'no', 'before', 'after');

  it('handle each event once, in the order of its log, whatever comes twice, overtakes, crashes, and meets', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.constantFrom(...all), { maxLength: 20 }),
        fc.infiniteStream(crash),
        fc.infiniteStream(fc.integer({ min: 1, max: 4 })),
        fc.infiniteStream(fc.nat()),
        async (scheduler, duplicates, crashes, sizes, picks) => {
          const { journal, progress, runtime } = aSubscriber();
          const next = <T>(stream: Iterator<T>): T => stream.next().value;
          const faulty =
            <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
            async (...args: Args): Promise<Result> => {
              const fault = next(crashes);
              await scheduler.schedule(Promise.resolve(), 'before');
              if (fault === 'before') throw new Error('the process died before the call');
              const result = await call(...args);
              await scheduler.schedule(Promise.resolve(), 'after');
              if (fault === 'after') throw new Error('the process died after the call');
              return result;
            };
          const ports: SubscribePorts<string> = {
            from: 'beginning',
            runtime: { ...runtime, elapsed: () => 0 },
            handle: faulty(async ({ id }: SubscribedEvent) => [id]),
            progress: {
              last: faulty(progress.last),
              advance: faulty(progress.advance),
              park: faulty(progress.park),
              parked: faulty(progress.parked),
            },
          };
          const queue = [...all, ...duplicates];
          const work = async (): Promise<void> => {
            while (queue.length > 0) {
              const batch = Array.from({ length: next(sizes) }).flatMap(() =>
                queue.splice(next(picks) % Math.max(1, queue.length), 1),
              );
              const answers = await handleEvents(ports, batch);
              queue.push(...batch.filter((_, i) => answers[i] !== undefined));
            }
          };
          await scheduler.waitFor(Promise.all([work(), work(), work()]));

          expect([...journal].sort()).toEqual([...idsOf(all)].sort());
          for (const line of lines) {
            const ids = idsOf(line);
            expect(journal.filter((id) => ids.includes(id))).toEqual(ids);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('handle an event once when its answer was lost', async () => {
    const { journal, progress, take, ports } = aSubscriber();
    const lost = new MeridianError('unavailable', 'no answer', { retryable: true });
    const unanswered = {
      ...progress,
      advance: async (...args: Parameters<typeof progress.advance>) => {
        await progress.advance(...args);
        throw lost;
      },
    };
    expect(await handleEvents({ ...ports, progress: unanswered }, [bodyAt(1)])).toEqual([lost]);
    expect(await take(bodyAt(1))).toEqual([undefined]);
    expect(journal).toEqual([idAt(1)]);
  });
});
