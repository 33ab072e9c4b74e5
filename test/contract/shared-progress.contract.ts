import { beforeAll, describe, expect, test } from 'vitest';
import type { Addition, Handled, Progress } from '../../core/index.ts';
import { aStream } from './commits.ts';

/** The progress of one subscriber in two Regions, on a table that is replicated. */
export interface SharedProgressUnderTest {
  readonly here: Progress<Addition>;
  readonly there: Progress<Addition>;
  /** What was handled in one Region has arrived in the other one. */
  arrive(handled: Handled): void;
}

const LOG = 'us-east-1';
const START = { position: 0, index: 0, count: 1 };

function anEvent(stream: string, { position = 1, index = 0, count = 1 } = {}): Handled {
  return { id: `${stream}@${LOG}.${position}.${index}`, stream, meta: { log: LOG, position, index, count } };
}

function aParked(stream: string, position: number): Parameters<Progress<Addition>['park']>[0] {
  const { meta, ...event } = anEvent(stream, { position });
  return {
    ...event,
    ...{ type: 'Noted', schemaVersion: 1, data: {} },
    meta: {
      ...{ ...meta, previous: position - 1, region: LOG, context: {} },
      ...{ hlc: '018f000000000001', commitId: `commit ${position}`, fingerprint: 'digest' },
    },
  };
}

/** The contract of every `Progress` on a replicated table. `open` is called once. */
export function sharedProgressContract(open: () => SharedProgressUnderTest): void {
  describe('progress on a replicated table', () => {
    let under: SharedProgressUnderTest;
    beforeAll(() => {
      under = open();
    });

    test('the furthest place of all Regions counts', async () => {
      const { here, there, arrive } = under;
      const stream = aStream();
      expect(await here.last(stream, LOG)).toBeUndefined();
      const events = [anEvent(stream), anEvent(stream, { position: 2, count: 2 })];
      for (const event of events) expect(await here.advance(event, undefined, [])).toBe(true);
      for (const event of events) arrive(event);
      expect(await there.last(stream, LOG)).toEqual({ position: 2, index: 0, count: 2 });
      const next = anEvent(stream, { position: 2, index: 1, count: 2 });
      expect(await there.advance(next, await there.last(stream, LOG), [])).toBe(true);
      arrive(next);
      expect(await here.last(stream, LOG)).toEqual({ position: 2, index: 1, count: 2 });
      arrive(anEvent(stream));
      expect(await here.last(stream, LOG)).toEqual({ position: 2, index: 1, count: 2 });
      expect(await here.last(aStream(), LOG)).toBeUndefined();
    });

    test('a Region handles nothing that it has handled, nor anything before that, whatever it was handled against', async () => {
      const { here } = under;
      const stream = aStream();
      const second = anEvent(stream, { position: 2, index: 1, count: 2 });
      expect(await here.advance(second, undefined, [])).toBe(true);
      const before = [undefined, START, { position: 2, index: 1, count: 2 }];
      for (const last of before) {
        expect(await here.advance(second, last, [])).toBe(false);
        expect(await here.advance(anEvent(stream, { position: 2, count: 2 }), last, [])).toBe(false);
        expect(await here.advance(anEvent(stream), last, [])).toBe(false);
      }
      expect(await here.last(stream, LOG)).toEqual({ position: 2, index: 1, count: 2 });
    });

    test('only one of many concurrent attempts in a Region succeeds', async () => {
      const { here } = under;
      const stream = aStream();
      const all = Array.from({ length: 8 }, () => here.advance(anEvent(stream), undefined, []));
      expect((await Promise.all(all)).filter((done) => done)).toHaveLength(1);
    });

    test('each Region parks events for itself', async () => {
      const { here, there } = under;
      const stream = aStream();
      const [second, third] = [aParked(stream, 2), aParked(stream, 3)];
      await here.park(second, 5, { look: 0, latest: 0 });
      expect(await there.park(third, 6, { look: 0, latest: 0 })).toEqual({ since: 6, isCopy: false });
      expect(await here.parked(stream, LOG, START, 10)).toEqual([{ event: second, since: 5 }]);
      expect(await there.parked(stream, LOG, START, 10)).toEqual([{ event: third, since: 6 }]);
    });
  });
}
