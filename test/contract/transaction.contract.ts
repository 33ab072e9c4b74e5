import { beforeAll, describe, expect, test } from 'vitest';
import type { Commit, EventsTable, InTheWay, OneRegionWrite } from '../../core/index.ts';
import { aCommit, anIntent, aStream, meddle } from './commits.ts';
import { aDecision, anAbort, aTransactionId } from './decisions.ts';

/**
 * The contract of every `EventsTable` for transactions: intents, and one-Region writes with their outcomes. `open` is
 * called once.
 */
export function transactionContract(open: () => EventsTable): void {
  let store: EventsTable;
  beforeAll(() => {
    store = open();
  });

  const final = (intent: Commit, state: 'committed' | 'aborted'): Commit => ({
    ...intent,
    tx: { state, deadline: intent.tx?.deadline ?? 0 },
  });

  describe('intents', () => {
    test('an intent is a commit like any other: it takes its position, and is read back as written', async () => {
      const intent = anIntent({ stream: aStream() });
      expect(await store.put(intent)).toBeUndefined();
      expect(await store.put(aCommit({ stream: intent.stream }))).toEqual(intent);
      expect(await store.load(intent.stream)).toEqual([intent]);
      expect(await store.loadLog(intent.stream, intent.log, 0)).toEqual([intent]);
    });

    test('an intent without events, which is a check, takes its position like any other', async () => {
      const check = anIntent({ stream: aStream(), events: [] });
      await store.put(check);
      expect(await store.put(aCommit({ stream: check.stream }))).toEqual(check);
      await store.finalise(check, 'committed');
      expect(await store.load(check.stream)).toEqual([final(check, 'committed')]);
    });

    test.each(['committed', 'aborted'] as const)(
      'a prepared intent becomes %s at once, and nothing else in it changes; finalising it again is harmless',
      async (state) => {
        const intent = anIntent({ stream: aStream(), position: 2 });
        const neighbours = [aCommit({ stream: intent.stream }), anIntent({ stream: intent.stream, position: 3 })];
        for (const commit of [intent, ...neighbours]) await store.put(commit);
        for (const _ of ['once', 'again']) {
          await store.finalise(intent, state);
          expect(await store.loadLog(intent.stream, intent.log, 0)).toEqual([
            neighbours[0],
            final(intent, state),
            neighbours[1],
          ]);
        }
        expect(await store.put(intent)).toEqual(final(intent, state));
      },
    );

    test('a prepared intent is marked with the oldest transaction that wants to be next, and keeps the mark once it is final', async () => {
      const intent = anIntent({ stream: aStream() });
      await store.put(intent);
      const next = async (transaction: string, began: number) =>
        (await store.mark(intent, { transaction, began }))?.tx?.next?.transaction;
      expect(await next('us-east-1:b', 20)).toBe('us-east-1:b');
      expect(await next('us-east-1:b', 20)).toBe('us-east-1:b');
      expect(await next('us-east-1:c', 20)).toBe('us-east-1:b');
      expect(await next('us-east-1:d', 21)).toBe('us-east-1:b');
      expect(await next('us-east-1:a', 20)).toBe('us-east-1:a');
      expect(await next('us-east-1:z', 3.5)).toBe('us-east-1:z');
      expect((await store.mark(intent, { transaction: 'us-east-1:z', began: 3 }))?.tx?.next?.began).toBe(3);
      expect((await store.mark(intent, { transaction: 'us-east-1:z', began: 4 }))?.tx?.next?.began).toBe(3);
      await store.finalise(intent, 'committed');
      expect(await next('us-east-1:y', 1)).toBe('us-east-1:z');
      expect(await store.load(intent.stream)).toEqual([
        { ...intent, tx: { ...intent.tx, state: 'committed', next: { transaction: 'us-east-1:z', began: 3 } } },
      ]);
    });

    test('a mark changes no other commit, and no missing one', async () => {
      const commit = aCommit({ stream: aStream() });
      await store.put(commit);
      const next = { transaction: 'us-east-1:b', began: 20 };
      expect(await store.mark({ ...commit, position: 2 }, next)).toBeUndefined();
      expect(await store.mark(commit, next)).toEqual(commit);
      const intent = anIntent({ stream: commit.stream, position: 2 });
      await store.put(intent);
      expect(await store.mark({ ...intent, commitId: 'us-east-1:other#1' }, next)).toEqual(intent);
      expect(await store.load(commit.stream)).toEqual([commit, intent]);
    });

    test('a final intent never changes to the other state', async () => {
      for (const [state, other] of [
        ['committed', 'aborted'],
        ['aborted', 'committed'],
      ] as const) {
        const intent = anIntent({ stream: aStream() });
        await store.put(intent);
        await store.finalise(intent, state);
        await expect(store.finalise(intent, other)).rejects.toMatchObject({ code: 'internal', retryable: false });
        expect(await store.load(intent.stream)).toEqual([final(intent, state)]);
      }
    });

    test('only an intent of the attempt is finalised: a free position, a commit and an intent of another attempt are refused, and stay unchanged', async () => {
      const stream = aStream();
      const [commit, intent] = [aCommit({ stream, position: 2 }), anIntent({ stream, position: 3 })];
      for (const one of [commit, intent]) await store.put(one);
      const others = [{ ...intent, position: 1 }, commit, { ...intent, commitId: 'us-east-1:other#1' }];
      for (const other of others)
        for (const state of ['committed', 'aborted'] as const)
          await expect(store.finalise(other, state)).rejects.toMatchObject({
            code: 'internal',
            message: expect.stringContaining(`${other.commitId} at ${stream}@us-east-1.${other.position}`),
          });
      expect(await store.loadLog(stream, 'us-east-1', 0)).toEqual([commit, intent]);
    });

    test('concurrent writers finalise an intent in one state: all writers of the other state are refused', async () => {
      const intent = anIntent({ stream: aStream() });
      await store.put(intent);
      const states = Array.from({ length: 16 }, (_, i) => (i % 2 ? 'committed' : 'aborted'));
      const answers = await Promise.allSettled(states.map((state) => store.finalise(intent, state)));
      const [found] = await store.load(intent.stream);
      expect(states.filter((_, i) => answers[i]?.status === 'fulfilled')).toEqual(
        states.filter((state) => state === found?.tx?.state),
      );
      expect(found?.tx?.state).not.toBe('prepared');
    });

    test('changing an intent object does not affect the store', async () => {
      const intent = anIntent({ stream: aStream() });
      await store.put(intent);
      meddle(await store.load(intent.stream));
      await store.finalise(intent, 'committed');
      meddle(await store.load(intent.stream));
      expect(await store.load(intent.stream)).toEqual([final(intent, 'committed')]);
    });
  });

  /** A write of this many streams, one commit each. */
  const aWrite = (of: Partial<OneRegionWrite> = {}, streams = 3): OneRegionWrite => {
    const transaction = of.decision?.transaction ?? aTransactionId();
    return {
      commits: Array.from({ length: streams }, () => aCommit({ stream: aStream(), commitId: `${transaction}#1` })),
      free: [],
      decision: aDecision({ transaction }),
      ...of,
    };
  };
  const isWritten = async (write: OneRegionWrite): Promise<void> => {
    for (const commit of write.commits) expect(await store.load(commit.stream)).toContainEqual(commit);
    expect(await store.findDecision(write.decision.transaction)).toEqual(write.decision);
  };
  const isNotWritten = async (write: OneRegionWrite): Promise<void> => {
    for (const commit of write.commits) expect(await store.load(commit.stream)).not.toContainEqual(commit);
    expect(await store.findDecision(write.decision.transaction)).not.toEqual(write.decision);
  };
  const taken = (...commits: readonly Commit[]): InTheWay => ({ taken: commits, contended: [] });
  /** Retries while others are writing. */
  const transact = async (write: OneRegionWrite): Promise<InTheWay | undefined> => {
    for (;;) {
      const answer = await store.transact(write);
      if (!answer || answer.decision || answer.taken.length > 0) return answer;
    }
  };

  describe('a transaction of one Region', () => {
    test('is written as a whole, with its outcome, and can be read at once', async () => {
      const write = aWrite();
      expect(await store.transact(write)).toBeUndefined();
      await isWritten(write);
    });

    test('takes 25 streams, and checks, which write nothing', async () => {
      const free = Array.from({ length: 12 }, () => ({ stream: aStream(), log: 'us-east-1', position: 1 }));
      const write = aWrite({ free }, 13);
      expect(await store.transact(write)).toBeUndefined();
      await isWritten(write);
      for (const { stream } of free) expect(await store.load(stream)).toEqual([]);
    });

    test('can consist of checks alone', async () => {
      const write = aWrite({ free: [{ stream: aStream(), log: 'us-east-1', position: 1 }] }, 0);
      expect(await store.transact(write)).toBeUndefined();
      await isWritten(write);
    });

    test('writes nothing if a position is taken, and returns every commit that holds one of its positions', async () => {
      const write = aWrite();
      const [first = aCommit(), , last = aCommit()] = write.commits;
      const holders = [{ ...first, commitId: 'commit' }, anIntent({ stream: last.stream })];
      for (const holder of holders) await store.put(holder);
      expect(await store.transact(write)).toEqual(taken(...holders));
      await isNotWritten(write);
    });

    test('writes nothing if a position that should be free is taken, by a commit or an intent', async () => {
      for (const make of [aCommit, anIntent]) {
        const holder = make({ stream: aStream(), position: 4 });
        const write = aWrite({ free: [{ stream: holder.stream, log: holder.log, position: 4 }] });
        await store.put(holder);
        expect(await store.transact(write)).toEqual(taken(holder));
        await isNotWritten(write);
      }
    });

    test('writes nothing if its id already has an outcome, and returns that outcome', async () => {
      const kept = anAbort({ transaction: aTransactionId() });
      const write = aWrite({ decision: aDecision({ transaction: kept.transaction }) });
      expect(await store.putDecision(kept)).toBeUndefined();
      expect(await store.transact(write)).toEqual({ decision: kept, ...taken() });
      await isNotWritten(write);
    });

    test('that is sent again, because its response was lost, returns its own outcome and commits', async () => {
      const write = aWrite();
      await store.transact(write);
      expect(await store.transact(write)).toEqual({ decision: write.decision, ...taken(...write.commits) });
      await isWritten(write);
    });

    test('preserves any character and large commits', async () => {
      const stream = aStream();
      const events = [{ type: 'Large 🛫', schemaVersion: 1, data: 'ü'.repeat(100_000) }];
      const write = aWrite({
        commits: [1, 2, 3].map((position) => aCommit({ stream, position, events })),
        decision: aDecision({ transaction: `${aTransactionId()}:Zürich/東京 #"` }),
      });
      expect(await store.transact(write)).toBeUndefined();
      await isWritten(write);
      const second = { ...write, decision: aDecision({ transaction: aTransactionId() }) };
      expect(await store.transact(second)).toEqual(taken(...write.commits));
    });

    test('is refused as too large if a commit exceeds an item, or all commits together exceed a transaction', async () => {
      const large = (length: number) => [{ type: 'Large', schemaVersion: 1, data: 'x'.repeat(length) }];
      for (const [streams, length] of [
        [2, 450_000],
        [12, 380_000],
      ] as const) {
        const { commits, ...rest } = aWrite({}, streams);
        const write = { ...rest, commits: commits.map((commit) => ({ ...commit, events: large(length) })) };
        await expect(store.transact(write)).rejects.toMatchObject({ code: 'too-large', retryable: false });
        await isNotWritten(write);
      }
    });

    test('is refused with more than 99 streams, and with a duplicate position', async () => {
      await expect(store.transact(aWrite({}, 100))).rejects.toMatchObject({ code: 'too-large', retryable: false });
      const [commit = aCommit()] = aWrite().commits;
      for (const twice of [{ commits: [commit, commit] }, { commits: [commit], free: [commit] }]) {
        const write = aWrite(twice);
        await expect(store.transact(write)).rejects.toThrow('name every position only once');
        await isNotWritten(write);
      }
    });

    test('is written by one of many concurrent writers at the same positions, in any order; all other writers return its commits', async () => {
      const dots = Array.from({ length: 4 }, () => aCommit({ stream: aStream() }));
      const writes = Array.from({ length: 12 }, (_, i) => {
        const transaction = aTransactionId();
        const commits = dots.map((commit) => ({ ...commit, commitId: transaction }));
        return aWrite({ commits: i % 2 ? commits : commits.reverse(), decision: aDecision({ transaction }) });
      });
      const answers = await Promise.all(writes.map(transact));
      const winner = writes[answers.indexOf(undefined)] ?? aWrite();
      expect(answers.filter((answer) => answer === undefined)).toHaveLength(1);
      await isWritten(winner);
      for (const [i, write] of writes.entries()) {
        if (write === winner) continue;
        await isNotWritten(write);
        for (const { commitId } of answers[i]?.taken ?? []) expect(commitId).toBe(winner.decision.transaction);
        expect(answers[i]?.taken).not.toEqual([]);
      }
    });

    test('is written by one of many concurrent writers under the same id, at different positions; all other writers return its outcome', async () => {
      const transaction = aTransactionId();
      const writes = Array.from({ length: 12 }, (_, i) =>
        aWrite({ decision: aDecision({ transaction, region: `r-${i}` }) }),
      );
      const answers = await Promise.all(writes.map(transact));
      const winner = writes[answers.indexOf(undefined)] ?? aWrite();
      await isWritten(winner);
      for (const [i, write] of writes.entries()) {
        if (write === winner) continue;
        await isNotWritten(write);
        expect(answers[i]?.decision).toEqual(winner.decision);
      }
    });

    test('competes with concurrent commits: each position goes to one writer, and the other sees it', async () => {
      const rounds = Array.from({ length: 8 }, async () => {
        const write = aWrite();
        const single = aCommit({ stream: write.commits[1]?.stream ?? '', commitId: 'single' });
        const [answer, holder] = await Promise.all([transact(write), store.put(single)]);
        if (answer) {
          expect({ answer, holder }).toEqual({ answer: taken(single), holder: undefined });
          await isNotWritten(write);
          expect(await store.load(single.stream)).toEqual([single]);
        } else {
          expect(holder).toEqual(write.commits[1]);
          await isWritten(write);
        }
      });
      await Promise.all(rounds);
    });

    test('changing a write or a result does not affect the store', async () => {
      const write = aWrite();
      const sent = structuredClone(write);
      await store.transact(sent);
      meddle(sent);
      meddle(await store.transact(write));
      meddle(await store.findDecision(write.decision.transaction));
      await isWritten(write);
    });
  });

  describe('the outcome of a transaction of one Region', () => {
    test('that was not stored is undefined', async () => {
      expect(await store.findDecision(aTransactionId())).toBeUndefined();
    });

    test('is read back as written, at once; storing a second outcome changes nothing, and returns the first', async () => {
      const outcome = anAbort({ transaction: aTransactionId() });
      expect(await store.putDecision(outcome)).toBeUndefined();
      expect(await store.findDecision(outcome.transaction)).toEqual(outcome);
      expect(await store.putDecision(aDecision({ transaction: outcome.transaction }))).toEqual(outcome);
      expect(await store.putDecision(outcome)).toEqual(outcome);
      expect(await store.findDecision(outcome.transaction)).toEqual(outcome);
    });

    test('is stored by exactly one of many concurrent writers; all other writers return it', async () => {
      const transaction = aTransactionId();
      const all = Array.from({ length: 16 }, (_, i) => anAbort({ transaction, region: `r-${i}` }));
      const answers = await Promise.all(all.map((outcome) => store.putDecision(outcome)));
      const kept = await store.findDecision(transaction);
      expect(answers.filter((answer) => answer === undefined)).toHaveLength(1);
      expect(all[answers.indexOf(undefined)]).toEqual(kept);
      for (const answer of answers) expect(answer ?? kept).toEqual(kept);
    });

    test('is not a commit of any stream', async () => {
      const outcome = aDecision({ transaction: aTransactionId() });
      await store.putDecision(outcome);
      expect(await store.load(outcome.transaction)).toEqual([]);
    });
  });
}
