import { describe, expect, it } from 'vitest';
import { loads } from '../../bench/contention/loads.ts';
import { runLoad, type SceneOptions } from '../../bench/contention/scene.ts';

const LINKS = [20, 50] as const;

async function resultOf(name: string, options: Partial<SceneOptions> = {}) {
  const found = loads.find((each) => each.name === name) ?? expect.fail(`There is no load ${name}.`);
  const { transactions, ...result } = await runLoad(found.load(1), {
    seed: 1,
    decisions: 'strong',
    links: LINKS,
    functions: found.functions ?? {},
    ...options,
  });
  const committed = transactions.filter(({ state }) => state === 'committed');
  const times = committed.map(({ took }) => took).sort((a, b) => a - b);
  return {
    ...result,
    states: new Set(transactions.map(({ state }) => state)),
    committed: committed.length,
    median: times[Math.floor(times.length / 2)] ?? 0,
    max: times.at(-1) ?? 0,
  };
}

describe.each(['strong', 'eventual'] as const)(
  'transactions that compete for streams, with %s decisions',
  (decisions) => {
    it('cost nothing more if there is no competition', async () => {
      const { writes, marks, committed } = await resultOf('alone', { decisions });
      expect({ committed, writes, marks }).toEqual({ committed: 3, writes: 15, marks: 0 });
    });

    it('commit one after the other on one hot stream', async () => {
      const { states, median, max, held } = await resultOf('20 at once, one hot stream', { decisions });
      expect([...states]).toEqual(['committed']);
      expect(median).toBeLessThanOrEqual(2_000);
      expect(max).toBeLessThanOrEqual(4_000);
      expect(held).toBe(0);
    });

    it('all commit although Lambda throttles the prepares and the turns: waiting takes no execution from working', async () => {
      const { states, max, held } = await resultOf('60 at once, few instances', { decisions });
      expect([...states]).toEqual(['committed']);
      expect(max).toBeLessThanOrEqual(9_000);
      expect(held).toBe(0);
    });

    it('do not block each other on two streams in opposite orders', async () => {
      const { states, max, held } = await resultOf('two streams in opposite orders, 20 at once', { decisions });
      expect([...states]).toEqual(['committed']);
      expect(max).toBeLessThanOrEqual(8_000);
      expect(held).toBe(0);
    });

    it('all commit although the clock of one Region is ten minutes ahead, or behind: that costs fairness only', async () => {
      for (const ahead of [600_000, -600_000]) {
        const clockAhead = { 'us-west-2': ahead };
        const { states, held } = await resultOf('20 at once, one hot stream', { decisions, clockAhead });
        expect([...states]).toEqual(['committed']);
        expect(held).toBe(0);
      }
    });

    it('wait for a driver that died no longer than 4.5 s', async () => {
      const { committed, max, held } = await resultOf('a driver dies while it holds', { decisions });
      expect(committed).toBe(1);
      expect(held).toBe(0);
      expect(max).toBeLessThanOrEqual(4_500);
    });
  },
);
