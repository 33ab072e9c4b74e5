import { beforeEach, describe, expect, test } from 'vitest';
import type { HeldMessage, Quarantine } from '../../core/index.ts';

export interface QuarantineToTest {
  /** Empty at first. */
  readonly quarantine: Quarantine;
  /** Lets so many milliseconds pass for it. */
  readonly pass: (milliseconds: number) => Promise<void>;
}

/** What Meridian relies on in every `Quarantine`. `open` is called for each test. */
export function quarantineContract(open: () => QuarantineToTest | Promise<QuarantineToTest>): void {
  describe('quarantine', () => {
    let quarantine: Quarantine;
    let pass: QuarantineToTest['pass'];
    beforeEach(async () => {
      ({ quarantine, pass } = await open());
    });

    /** Receives until nothing more comes. */
    const receiveAll = async (milliseconds: number): Promise<readonly HeldMessage[]> => {
      const all: HeldMessage[] = [];
      for (let more = true; more; ) {
        const received = await quarantine.receive(milliseconds);
        all.push(...received);
        more = received.length > 0;
      }
      return all;
    };
    const bodies = (messages: readonly HeldMessage[]) => messages.map(({ body }) => body).sort();

    test('an empty one has nothing to receive', async () => {
      expect(await quarantine.receive(30_000)).toEqual([]);
      expect(await quarantine.count()).toBe(0);
    });

    test('what was sent is received, to the letter', async () => {
      const sent = ['{"reason":"Zürich","body":"{\\"id\\":1}"}', '東京', ' '.repeat(3)];
      const before = Date.now() - 600_000;
      expect(await quarantine.send(sent)).toEqual([undefined, undefined, undefined]);
      expect(await quarantine.count()).toBe(3);

      const received = await receiveAll(30_000);

      expect(bodies(received)).toEqual([...sent].sort());
      expect(new Set(received.map(({ id }) => id)).size).toBe(3);
      for (const { receives, sentAt } of received) {
        expect(receives).toBe(1);
        expect(sentAt).toBeGreaterThan(before);
      }
    });

    test('many are received at most ten at a time, each once', async () => {
      const sent = Array.from({ length: 25 }, (_, i) => `message ${i}`);
      for (let i = 0; i < sent.length; i += 10) await quarantine.send(sent.slice(i, i + 10));
      const first = await quarantine.receive(30_000);
      expect(first.length).toBeGreaterThan(0);
      expect(first.length).toBeLessThanOrEqual(10);
      expect(bodies([...first, ...(await receiveAll(30_000))])).toEqual([...sent].sort());
    });

    test('one that is held is hidden from others, and counted all the same', async () => {
      await quarantine.send(['held']);
      expect(await receiveAll(30_000)).toHaveLength(1);
      expect(await quarantine.receive(30_000)).toEqual([]);
      expect(await quarantine.count()).toBe(1);
    });

    test('one that is released comes again at once, with the same id', async () => {
      await quarantine.send(['released']);
      const [first] = await receiveAll(30_000);
      await quarantine.release(first ? [first] : []);
      const [second] = await receiveAll(30_000);
      expect(second).toMatchObject({ id: first?.id, body: 'released', receives: 2 });
    });

    test('one whose time is up comes again by itself', async () => {
      await quarantine.send(['late']);
      const [first] = await quarantine.receive(1_000);
      await pass(1_500);
      const [second] = await receiveAll(30_000);
      expect(second?.id).toBe(first?.id);
    });

    test('one that is removed is gone, and only that', async () => {
      await quarantine.send(['gone', 'stays']);
      const held = await receiveAll(30_000);
      const gone = held.filter(({ body }) => body === 'gone');
      expect(await quarantine.remove(gone)).toEqual([undefined]);
      // Twice does no harm.
      expect(await quarantine.remove(gone)).toEqual([undefined]);
      await quarantine.release(held);
      expect(bodies(await receiveAll(30_000))).toEqual(['stays']);
      expect(await quarantine.count()).toBe(1);
    });

    test('nothing to release or to remove is nothing to do', async () => {
      await quarantine.release([]);
      expect(await quarantine.remove([])).toEqual([]);
    });
  });
}
