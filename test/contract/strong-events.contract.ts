import { beforeAll, describe, expect, test } from 'vitest';
import type { EventsTable } from '../../core/index.ts';
import { aCommit, anIntent, aStream } from './commits.ts';

/** The table of the `strong` streams. */
export type StrongEvents = Omit<EventsTable, 'taken' | 'transact' | 'findDecision' | 'putDecision'>;

/** The table as two Regions see it. */
export interface TwoViews {
  readonly here: StrongEvents;
  readonly there: StrongEvents;
}

/** The contract of a table of `strong` streams, beside that of every table of events. `open` is called once. */
export function strongEventsContract(open: () => TwoViews): void {
  describe('strong events', () => {
    let views: TwoViews;
    beforeAll(() => {
      views = open();
    });
    const shared = (of: Parameters<typeof aCommit>[0] = {}) => ({ log: 'global', ...of });

    test('what one Region has written the other one reads at once', async () => {
      const { here, there } = views;
      const commit = aCommit(shared({ stream: aStream() }));
      expect(await here.put(commit)).toBeUndefined();
      expect(await there.load(commit.stream)).toEqual([commit]);
      expect(await there.at(commit.stream, 'global', 1)).toEqual(commit);
      expect(await there.loadLog(commit.stream, 'global', 0)).toEqual([commit]);
      expect((await there.loadFirst(commit.stream, {}, 1)).commits).toEqual([commit]);
    });

    test('of two Regions that write one position at once, one gets it, and the other one its commit', async () => {
      const { here, there } = views;
      for (let i = 0; i < 20; i++) {
        const stream = aStream();
        const [a, b] = ['a', 'b'].map((commitId) => aCommit(shared({ stream, commitId })));
        if (!a || !b) throw new Error('There are two.');
        const answers = await Promise.all([here.put(a), there.put(b)]);
        const [winner, loser] = answers[0] === undefined ? [a, answers[1]] : [b, answers[0]];
        expect(answers.filter((taken) => taken === undefined)).toHaveLength(1);
        expect(loser).toEqual(winner);
        expect(await here.load(stream)).toEqual([winner]);
      }
    });

    test('an intent of one Region is marked and made final by the other one', async () => {
      const { here, there } = views;
      const intent = anIntent(shared({ stream: aStream() }));
      await here.put(intent);
      const next = { transaction: 'us-east-1:a', began: 1 };
      expect(await there.mark(intent, next)).toMatchObject({ tx: { next } });
      await there.finalise(intent, 'committed');
      await here.finalise(intent, 'committed');
      await expect(here.finalise(intent, 'aborted')).rejects.toThrow(expect.objectContaining({ code: 'internal' }));
      expect((await here.load(intent.stream))[0]?.tx).toMatchObject({ state: 'committed' });
    });

    test('a local read shows what was written here', async () => {
      const { here } = views;
      const commit = aCommit(shared({ stream: aStream() }));
      await here.put(commit);
      expect(await here.load(commit.stream, {}, 'local')).toEqual([commit]);
      expect(await here.load(commit.stream, { global: 1 }, 'local')).toEqual([]);
    });
  });
}
