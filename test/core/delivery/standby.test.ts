import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryPlacement } from '../../../adapters/memory/placement.ts';
import { memoryProgress } from '../../../adapters/memory/progress.ts';
import { memorySharedProgress } from '../../../adapters/memory/shared-progress.ts';
import { handleMessages, KnownPlacement, type Placement, type SubscribedEvent } from '../../../core/index.ts';
import { HANDOVER_MS, STANDBY_MS } from '../../../core/limits/budgets.ts';
import type { DelayedMessage } from '../../../core/ports/delayed-queue.ts';
import { announcementOf } from '../../../core/wire/announcement.ts';
import { aDecision } from '../../contract/decisions.ts';
import { fakeRuntime } from '../../runtime.ts';
import { bodiesOf, bodyAt, idAt, STREAM } from './subscribe-fixture.ts';

const [HOME, OTHER] = ['us-east-1', 'us-west-2'];
/** The timeout of the subscriber's function. */
const STOP_MS = 60_000;

/** An entry of the placement. */
function anEntry(acting: string, of: Partial<Placement[string]> = {}): Placement[string] {
  return { forced: 0, epoch: 1, by: HOME, kind: 'planned', acting, sources: [HOME], lost: [], at: 0, ...of };
}

/** The outcome of a transaction, as a message. */
function anOutcome(transaction: string): string {
  const { source, detailType, detail } = announcementOf(aDecision({ transaction }));
  return JSON.stringify({ source, 'detail-type': detailType, detail: JSON.parse(detail) });
}

/** A subscriber that is named to `HOME`, in one Region, with a queue to which it sends what it leaves alone. */
function inRegion(region: string, begins = 0) {
  const journal: string[] = [];
  const sent: DelayedMessage[] = [];
  const runtime = fakeRuntime();
  runtime.advance(begins);
  const store = memoryPlacement();
  const progress = memorySharedProgress(memoryProgress<string>((id) => journal.push(id), runtime.now));
  const station = { region, home: HOME, placement: new KnownPlacement(store, runtime), stopMs: STOP_MS };
  const waiting = {
    send: async (messages: readonly DelayedMessage[]) => {
      sent.push(...messages);
      return messages.map(() => undefined);
    },
  };
  const ports = {
    from: 'beginning',
    ...{ progress, runtime, waiting, station },
    handle: ({ id }: SubscribedEvent) => [id],
    outcome: ({ id }: { readonly id: string }) => [id],
  } as const;
  let revision = 0;
  return {
    ...{ journal, sent, runtime, progress },
    take: (...bodies: readonly string[]) => handleMessages(ports, bodies),
    /** The placement becomes known; the process has read it too long ago by then. */
    moves: async (entries: Placement) => {
      await store.put({ region: HOME, revision: ++revision, entries });
      runtime.advance(3_000);
    },
  };
}

/** When it is now, by the runtime of a subscriber. */
const nowOf = ({ runtime }: Pick<ReturnType<typeof inRegion>, 'runtime'>): number => runtime.now();

describe('a subscriber that is named to a Region', () => {
  it('handles in that Region, and elsewhere leaves its messages alone without using up a receive', async () => {
    const [home, other] = [inRegion(HOME), inRegion(OTHER)];
    expect(await home.take(bodyAt(1), anOutcome('tx-1'))).toEqual([undefined, undefined]);
    expect(home.journal.sort()).toEqual([idAt(1), 'tx/tx-1']);
    expect(home.sent).toEqual([]);

    expect(await other.take(bodyAt(1), anOutcome('tx-1'))).toEqual([undefined, undefined]);
    expect(other.journal).toEqual([]);
    expect(other.sent).toEqual([
      { body: bodyAt(1), delay: STANDBY_MS },
      { body: anOutcome('tx-1'), delay: STANDBY_MS },
    ]);
    expect(other.runtime.metrics.get('Standby')).toBe(2);
  });

  it('drops a message elsewhere only when another Region is known to have handled it', async () => {
    const other = inRegion(OTHER);
    other.progress.replicate(STREAM, 'us-east-1', { position: 2, index: 0, count: 2 });
    other.progress.replicate('tx/tx-1', 'outcome', { position: 1, index: 0, count: 1 });
    await other.take(bodyAt(1), ...bodiesOf({ position: 2, count: 2 }), bodyAt(3), anOutcome('tx-1'));
    expect(other.sent.map(({ body }) => body)).toEqual([bodiesOf({ position: 2, count: 2 })[1], bodyAt(3)]);
    expect(other.journal).toEqual([]);
  });

  it('says why a message is left alone, if its queue does not take it', async () => {
    const other = inRegion(OTHER);
    const { runtime, progress } = other;
    const station = { region: OTHER, home: HOME, placement: new KnownPlacement(memoryPlacement(), runtime), stopMs: 1 };
    const ports = { from: 'beginning', progress, runtime, station, handle: () => [] } as const;
    expect(await handleMessages(ports, [bodyAt(1)])).toEqual(['It is left to the Region that acts for us-east-1']);
  });

  it('goes on in the Region that a home was forced to move to, after what is known to be handled', async () => {
    const other = inRegion(OTHER);
    other.progress.replicate(STREAM, 'us-east-1', { position: 1, index: 0, count: 1 });
    await other.moves({ [HOME]: anEntry(OTHER, { kind: 'forced', forced: 1, lost: [HOME], at: nowOf(other) }) });
    await other.take(bodyAt(1), bodyAt(2), anOutcome('tx-2'));
    expect(other.journal.sort()).toEqual([idAt(2), 'tx/tx-2']);
    expect(await other.progress.last(STREAM, 'us-east-1')).toEqual({ position: 2, index: 0, count: 1 });
  });

  it('begins after a planned move when the Region before it has certainly stopped, and not before', async () => {
    const [home, other] = [inRegion(HOME, 1_000_000), inRegion(OTHER, 1_000_000)];
    const at = nowOf(other);
    await home.moves({ [HOME]: anEntry(OTHER, { at }) });
    await other.moves({ [HOME]: anEntry(OTHER, { at }) });
    await home.take(bodyAt(1));
    expect(home.journal).toEqual([]);
    expect(home.sent).toHaveLength(1);

    await other.take(bodyAt(1));
    const left = at + STOP_MS + HANDOVER_MS - nowOf(other);
    expect(other.sent).toEqual([{ body: bodyAt(1), delay: left }]);
    other.runtime.advance(left - 1);
    await other.take(bodyAt(1));
    expect(other.journal).toEqual([]);
    other.runtime.advance(1);
    await other.take(bodyAt(1));
    expect(other.journal).toEqual([idAt(1)]);
  });

  it('waits no longer than a message can be delayed at once, if the clocks differ', async () => {
    const other = inRegion(OTHER);
    await other.moves({ [HOME]: anEntry(OTHER, { at: nowOf(other) + 10_000_000 }) });
    await other.take(bodyAt(1));
    expect(other.sent).toEqual([{ body: bodyAt(1), delay: 900_000 }]);
  });

  it('does not wait for a move that is complete', async () => {
    const other = inRegion(OTHER);
    await other.moves({ [HOME]: anEntry(OTHER, { at: nowOf(other), sources: [] }) });
    await other.take(bodyAt(1));
    expect(other.journal).toEqual([idAt(1)]);
  });

  it('moves for the events of one type alone, if only that type has moved', async () => {
    const [home, other] = [inRegion(HOME), inRegion(OTHER)];
    const entries = { [`${HOME}/note`]: anEntry(OTHER, { kind: 'forced', forced: 1 }) };
    const [stock = ''] = bodiesOf({ stream: 'stock/1', position: 1 });
    for (const one of [home, other]) {
      await one.moves(entries);
      await one.take(bodyAt(1), stock, anOutcome('tx-3'));
    }
    expect(other.journal).toEqual([idAt(1)]);
    expect(home.journal.sort()).toEqual(['stock/1@us-east-1.1.0', 'tx/tx-3']);
  });

  it('reads where homes are written at most every two seconds', async () => {
    const { runtime, progress } = inRegion(OTHER);
    const reads: number[] = [];
    const store = memoryPlacement();
    const records = async () => {
      reads.push(runtime.now());
      return store.records();
    };
    const placement = new KnownPlacement({ ...store, records }, runtime);
    const station = { region: OTHER, home: HOME, placement, stopMs: STOP_MS };
    const ports = { from: 'beginning', progress, runtime, station, handle: () => [] } as const;
    for (let i = 0; i < 5; i++) await handleMessages(ports, [bodyAt(1), bodyAt(2)]);
    runtime.advance(2_001);
    await handleMessages(ports, [bodyAt(1)]);
    expect(reads).toHaveLength(2);
  });
});

describe('two Regions of a subscriber between which it moves', () => {
  const bodies = [bodyAt(1), bodyAt(2), bodyAt(3), ...bodiesOf({ position: 4, count: 2 })];
  const ids = [idAt(1), idAt(2), idAt(3), idAt(4, 0), idAt(4, 1)];

  it('handle every event, each Region in order and each at most once, whenever a home moves and whatever has arrived of the progress', async () => {
    const step = fc.constantFrom('home takes', 'other takes', 'progress arrives', 'home moves');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.infiniteStream(fc.nat()), async (steps, picks) => {
        const [home, other] = [inRegion(HOME), inRegion(OTHER)];
        const queues = new Map([home, other].map((one) => [one, [...bodies]]));
        const take = async (one: typeof home): Promise<void> => {
          const queue = queues.get(one) ?? [];
          const size = 1 + ((picks.next().value ?? 0) % 5);
          await one.take(...queue.splice(0, size));
          queue.push(...one.sent.splice(0).map(({ body }) => body));
        };
        const arrive = async (): Promise<void> => {
          for (const [from, to] of [
            [home, other],
            [other, home],
          ] as const) {
            const place = await from.progress.last(STREAM, 'us-east-1');
            if (place) to.progress.replicate(STREAM, 'us-east-1', place);
          }
        };
        const move = async (): Promise<void> => {
          for (const one of [home, other])
            await one.moves({ [HOME]: anEntry(OTHER, { kind: 'forced', forced: 1, lost: [HOME] }) });
        };
        for (const each of [...steps, 'home moves'] as const)
          if (each === 'home takes') await take(home);
          else if (each === 'other takes') await take(other);
          else if (each === 'progress arrives') await arrive();
          else await move();
        for (let i = 0; i < 10; i++) {
          await take(other);
          await arrive();
          await take(home);
        }
        for (const { journal } of [home, other]) expect(journal).toEqual(ids.filter((id) => journal.includes(id)));
        expect(new Set([...home.journal, ...other.journal])).toEqual(new Set(ids));
        expect([...queues.values()].flat()).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
