import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { handleMessages, type MessagePorts, type SubscribedEvent } from '../../../core/index.ts';
import { aSubscriber, bodiesOf } from './subscribe-fixture.ts';

describe('concurrent subscribers', () => {
  /** Two logs of one stream and one log of another, with some commits of several events, and some empty positions. */
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

  /** A crash at a call: before the call has any effect, or after it has taken effect. */
  const crash = fc.constantFrom('no', 'no', 'no', 'before', 'after');

  it('handle each event once, in log order, despite duplicates, reordering, crashes and conflicts', async () => {
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
          const ports: MessagePorts<string> = {
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
              const answers = await handleMessages(ports, batch);
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
});
