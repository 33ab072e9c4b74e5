import { beforeAll, describe, expect, test } from 'vitest';
import { type Addition, additionsOf, type Progress, type SubscribedEvent } from '../../core/index.ts';
import { MAX_NUMBER, MAX_SORT_KEY_BYTES, MAX_TRANSACTION_ITEMS, MIN_NUMBER } from '../../core/limits/aws.ts';
import { MAX_ADDED_FIELDS } from '../../core/limits/budgets.ts';
import { aStream, meddle, strangeJson } from './commits.ts';

/** A progress, and the sums of its effects. */
export interface ProgressUnderTest {
  readonly progress: Progress<Addition>;
  sumsOf(key: string): Promise<Readonly<Record<string, number>>>;
}

const START = { position: 0, index: 0, count: 1 };
const LOG = 'us-east-1';
/** Parks whatever was parked before. */
const NEXT = { look: 0, latest: 0 };

/** An event of a separate stream; tests override what matters to them. */
function anEvent(
  stream: string,
  { log = LOG, position = 1, index = 0, count = 1 } = {},
  data: unknown = { text: 'red' },
): SubscribedEvent {
  return {
    id: `${stream}@${log}.${position}.${index}`,
    type: 'Noted',
    stream,
    schemaVersion: 1,
    data,
    meta: {
      log,
      position,
      index,
      count,
      previous: position - 1,
      region: 'us-east-1',
      context: { 'eu-west-1': 7 },
      hlc: '018f000000000001',
      commitId: `commit ${position}`,
      fingerprint: 'digest',
      traceparent: '00-0af7-b7ad-01',
    },
  };
}

/** The contract of every `Progress`. `open` is called once. */
export function progressContract(open: () => ProgressUnderTest): void {
  describe('progress', () => {
    let progress: Progress<Addition>;
    let sumsOf: ProgressUnderTest['sumsOf'];
    beforeAll(() => {
      ({ progress, sumsOf } = open());
    });
    const once = (key: string): readonly Addition[] => [{ key, sums: { handled: 1 } }];

    test('a log without handled events has no place and no parked events', async () => {
      const stream = aStream();
      expect(await progress.last(stream, LOG)).toBeUndefined();
      expect(await progress.parked(stream, LOG, START, 10)).toEqual([]);
    });

    test('an event is handled against the previous place; its own place and its effects are visible at once', async () => {
      const stream = aStream();
      const effects = [
        { key: stream, sums: { handled: 1, balance: -19 } },
        { key: `${stream} too`, sums: { handled: 1, half: 0.5, large: -(2 ** 60) } },
      ];
      expect(await progress.advance(anEvent(stream, { count: 2 }), undefined, effects)).toBe(true);
      const first = { position: 1, index: 0, count: 2 };
      expect(await progress.last(stream, LOG)).toEqual(first);
      expect(await progress.advance(anEvent(stream, { index: 1, count: 2 }), first, once(stream))).toBe(true);
      expect(await progress.last(stream, LOG)).toEqual({ position: 1, index: 1, count: 2 });
      expect(await sumsOf(stream)).toEqual({ handled: 2, balance: -19 });
      expect(await sumsOf(`${stream} too`)).toEqual({ handled: 1, half: 0.5, large: -(2 ** 60) });
    });

    test('every addition that a handler may return is stored, in one row for each key; an empty addition creates no row', async () => {
      const stream = aStream();
      const long = stream.padEnd(MAX_SORT_KEY_BYTES, 'x');
      const effects = additionsOf([
        { key: stream, sums: { count: 1, half: 0.5 } },
        { key: stream, sums: { count: 2, zero: 0 } },
        { key: `${stream} nothing`, sums: {} },
        {
          key: long,
          sums: { [long]: 1, __proto: 1, constructor: 1, 'with a dot.': 1, large: MAX_NUMBER, small: MIN_NUMBER },
        },
      ]);
      expect(await progress.advance(anEvent(stream), undefined, effects)).toBe(true);
      expect(await sumsOf(stream)).toEqual({ count: 3, half: 0.5, zero: 0 });
      expect(await sumsOf(`${stream} nothing`)).toEqual({});
      expect(await sumsOf(long)).toEqual({
        ...{ [long]: 1, __proto: 1, constructor: 1, 'with a dot.': 1, large: MAX_NUMBER, small: MIN_NUMBER },
      });
    });

    test('as many rows as a handler may return, with as many fields, are added', async () => {
      const stream = aStream();
      const sums = Object.fromEntries(Array.from({ length: MAX_ADDED_FIELDS }, (_, i) => [`field-${i}`, i]));
      const rows = Array.from({ length: MAX_TRANSACTION_ITEMS - 1 }, (_, i) => ({
        key: `${stream} ${i}`,
        sums: i === 0 ? sums : { n: i },
      }));
      expect(await progress.advance(anEvent(stream), undefined, additionsOf(rows))).toBe(true);
      expect(await sumsOf(`${stream} 0`)).toEqual(sums);
      expect(await sumsOf(`${stream} 98`)).toEqual({ n: 98 });
    });

    test('an event without effects is handled too', async () => {
      const stream = aStream();
      expect(await progress.advance(anEvent(stream), undefined, [])).toBe(true);
      expect(await progress.last(stream, LOG)).toEqual({ position: 1, index: 0, count: 1 });
    });

    test('an event that is handled against another place has no effect', async () => {
      const stream = aStream();
      const [first, second] = [anEvent(stream, { count: 2 }), anEvent(stream, { index: 1, count: 2 })];
      expect(await progress.advance(first, { position: 7, index: 0, count: 1 }, once(stream))).toBe(false);
      expect(await progress.last(stream, LOG)).toBeUndefined();
      expect(await progress.advance(first, undefined, [])).toBe(true);
      expect(await progress.advance(first, undefined, once(stream))).toBe(false);
      expect(await progress.advance(second, { position: 1, index: 1, count: 2 }, once(stream))).toBe(false);
      expect(await progress.advance(second, { position: 2, index: 0, count: 2 }, once(stream))).toBe(false);
      expect(await progress.last(stream, LOG)).toEqual({ position: 1, index: 0, count: 2 });
      expect(await sumsOf(stream)).toEqual({});
    });

    test('only one of many concurrent attempts to handle an event succeeds', async () => {
      const stream = aStream();
      const all = Array.from({ length: 8 }, () => progress.advance(anEvent(stream), undefined, once(stream)));
      expect((await Promise.all(all)).filter((done) => done)).toHaveLength(1);
      expect(await sumsOf(stream)).toEqual({ handled: 1 });
    });

    test('every log of every stream has its own place', async () => {
      const [stream, other] = [aStream(), aStream()];
      await progress.advance(anEvent(stream), undefined, []);
      await progress.park(anEvent(stream, { position: 3 }), 0, NEXT);
      expect(await progress.last(stream, 'us-west-2')).toBeUndefined();
      expect(await progress.last(other, LOG)).toBeUndefined();
      expect(await progress.parked(stream, 'us-west-2', START, 10)).toEqual([]);
      expect(await progress.advance(anEvent(stream, { log: 'us-west-2' }), undefined, [])).toBe(true);
    });

    test('the parked events after a place are returned in order, up to the limit', async () => {
      const stream = aStream();
      const events = [
        anEvent(stream, { position: 2, index: 1, count: 12 }),
        anEvent(stream, { position: 2, index: 2, count: 12 }),
        anEvent(stream, { position: 2, index: 10, count: 12 }),
        anEvent(stream, { position: 10 }),
        anEvent(stream, { position: 9_007_199_254_740_991 }),
      ];
      for (const event of events.toReversed()) await progress.park(event, 5, NEXT);
      const parked = events.map((event) => ({ event, since: 5 }));
      expect(await progress.parked(stream, LOG, START, 10)).toEqual(parked);
      expect(await progress.parked(stream, LOG, START, 2)).toEqual(parked.slice(0, 2));
      expect(await progress.parked(stream, LOG, { position: 2, index: 1, count: 12 }, 10)).toEqual(parked.slice(1));
      expect(await progress.parked(stream, LOG, { position: 3, index: 0, count: 1 }, 1)).toEqual(parked.slice(3, 4));
    });

    test('the wait of an event that is parked again counts from the first time', async () => {
      const stream = aStream();
      const first = 1_000_000_000_000;
      expect(await progress.park(anEvent(stream), first, NEXT)).toEqual({ since: first, isCopy: false });
      expect(await progress.park(anEvent(stream), first + 1, NEXT)).toEqual({ since: first, isCopy: false });
      expect(await progress.parked(stream, LOG, START, 10)).toEqual([{ event: anEvent(stream), since: first }]);
    });

    test('an event that is to be looked at later than the latest time is left as it is', async () => {
      const stream = aStream();
      const park = (look: number, latest: number) => progress.park(anEvent(stream), look, { look, latest });
      expect(await park(100, 50)).toEqual({ since: 100, isCopy: false });
      expect(await park(150, 99)).toEqual({ since: 100, isCopy: true });
      // What was left as it is has its own time still.
      expect(await park(199, 100)).toEqual({ since: 100, isCopy: false });
      expect(await park(300, 198)).toEqual({ since: 100, isCopy: true });
      expect(await park(300, 199)).toEqual({ since: 100, isCopy: false });
      expect(await progress.parked(stream, LOG, START, 10)).toEqual([{ event: anEvent(stream), since: 100 }]);
    });

    test('parked events are returned up to the limit, however large they are', async () => {
      const stream = aStream();
      const events = Array.from({ length: 6 }, (_, i) => anEvent(stream, { position: i + 2 }, 'x'.repeat(250_000)));
      for (const event of events) await progress.park(event, 0, NEXT);
      const parked = await progress.parked(stream, LOG, START, 10);
      expect(parked.map(({ event: { id } }) => id)).toEqual(events.map(({ id }) => id));
      expect(await progress.parked(stream, LOG, START, 5)).toHaveLength(5);
    });

    test('a parked event is handled like any other, and is no longer returned after its own place', async () => {
      const stream = aStream();
      const [first, second] = [anEvent(stream), anEvent(stream, { position: 2 })];
      await progress.park(second, 0, NEXT);
      await progress.advance(first, undefined, []);
      const place = { position: 1, index: 0, count: 1 };
      expect(await progress.parked(stream, LOG, place, 10)).toEqual([{ event: second, since: 0 }]);
      expect(await progress.advance(second, place, once(stream))).toBe(true);
      expect(await progress.parked(stream, LOG, { position: 2, index: 0, count: 1 }, 10)).toEqual([]);
    });

    test('a parked event is read back as written, whatever its content', async () => {
      const stream = aStream();
      const events = strangeJson.map((data, i) => anEvent(stream, { position: i + 1 }, data));
      for (const event of events) await progress.park(event, 0, NEXT);
      const parked = await progress.parked(stream, LOG, START, events.length);
      expect(parked.map(({ event }) => event)).toEqual(events);
    });

    test('changing a result, or a parked event object, does not affect the store', async () => {
      const stream = aStream();
      const event = anEvent(stream, { position: 2 });
      const before = structuredClone(event);
      await progress.park(event, 0, NEXT);
      await progress.advance(anEvent(stream), undefined, []);
      meddle(event);
      meddle(await progress.parked(stream, LOG, START, 1));
      meddle(await progress.last(stream, LOG));
      expect(await progress.parked(stream, LOG, START, 1)).toEqual([{ event: before, since: 0 }]);
      expect(await progress.last(stream, LOG)).toEqual({ position: 1, index: 0, count: 1 });
    });
  });
}
