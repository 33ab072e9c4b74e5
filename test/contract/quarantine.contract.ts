import { beforeEach, describe, expect, test } from 'vitest';
import type { HeldMessage, Quarantine } from '../../core/index.ts';

export interface QuarantineToTest {
  /** Initially empty. */
  readonly quarantine: Quarantine;
  /** Advances its clock by this many milliseconds. */
  readonly pass: (milliseconds: number) => Promise<void>;
}

/** The contract of every `Quarantine`. `open` is called for each test. */
export function quarantineContract(open: () => QuarantineToTest | Promise<QuarantineToTest>): void {
  describe('quarantine', () => {
    let quarantine: Quarantine;
    let pass: QuarantineToTest['pass'];
    beforeEach(async () => {
      ({ quarantine, pass } = await open());
    });

    /** Receives until no message is left. */
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

    test('an empty quarantine has nothing to receive', async () => {
      expect(await quarantine.receive(30_000)).toEqual([]);
      expect(await quarantine.count()).toBe(0);
    });

    test('a message is received unchanged', async () => {
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

    test('many messages are received at most ten at a time, each once', async () => {
      const sent = Array.from({ length: 25 }, (_, i) => `message ${i}`);
      for (let i = 0; i < sent.length; i += 10) await quarantine.send(sent.slice(i, i + 10));
      const first = await quarantine.receive(30_000);
      expect(first.length).toBeGreaterThan(0);
      expect(first.length).toBeLessThanOrEqual(10);
      expect(bodies([...first, ...(await receiveAll(30_000))])).toEqual([...sent].sort());
    });

    test('a received message is hidden from others, but still counted', async () => {
      await quarantine.send(['held']);
      expect(await receiveAll(30_000)).toHaveLength(1);
      expect(await quarantine.receive(30_000)).toEqual([]);
      expect(await quarantine.count()).toBe(1);
    });

    test('a released message is received again at once, with the same id', async () => {
      await quarantine.send(['released']);
      const [first] = await receiveAll(30_000);
      await quarantine.release(first ? [first] : []);
      const [second] = await receiveAll(30_000);
      expect(second).toMatchObject({ id: first?.id, body: 'released', receives: 2 });
    });

    test('a message is received again when its visibility timeout expires', async () => {
      await quarantine.send(['late']);
      const [first] = await quarantine.receive(1_000);
      await pass(1_500);
      const [second] = await receiveAll(30_000);
      expect(second?.id).toBe(first?.id);
    });

    test('only the removed message is gone', async () => {
      await quarantine.send(['gone', 'stays']);
      const held = await receiveAll(30_000);
      const gone = held.filter(({ body }) => body === 'gone');
      expect(await quarantine.remove(gone)).toEqual([undefined]);
      // Repeating it is harmless.
      expect(await quarantine.remove(gone)).toEqual([undefined]);
      await quarantine.release(held);
      expect(bodies(await receiveAll(30_000))).toEqual(['stays']);
      expect(await quarantine.count()).toBe(1);
    });

    test('releasing or removing nothing has no effect', async () => {
      await quarantine.release([]);
      expect(await quarantine.remove([])).toEqual([]);
    });
  });
}
