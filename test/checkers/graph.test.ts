import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cyclesIn, type Edge } from '../../checkers/reference/graph.ts';
import { realtimeEdges } from '../../checkers/reference/realtime.ts';

/** An edge such as `0 ww 1`, on stream x unless another is given. */
function edge(text: string, stream = 'x'): Edge {
  const [, from, why, to] = /^(\d+) (ww|wr|rw|rt) (\d+)$/.exec(text) ?? [];
  if (why !== 'ww' && why !== 'wr' && why !== 'rw' && why !== 'rt') throw new Error(text);
  return { from: Number(from), to: Number(to), why, ...(why !== 'rt' && { stream }) };
}

function namesOf(...texts: readonly string[]): readonly string[] {
  return cyclesIn(
    10,
    texts.map((text) => edge(text)),
  ).map(({ name }) => name);
}

describe('cycles', () => {
  it.each([
    ['G0', ['0 ww 1', '1 ww 0']],
    ['G1c', ['0 ww 1', '1 wr 0']],
    ['G1c', ['0 wr 1', '1 wr 2', '2 wr 0']],
    ['G-single', ['0 rw 1', '1 wr 0']],
    ['G-single', ['0 rw 1', '1 ww 2', '2 ww 0']],
    ['lost update', ['0 rw 1', '1 ww 0']],
    ['G2', ['0 rw 1', '1 rw 0']],
    ['G0-realtime', ['0 ww 1', '1 rt 0']],
    ['G1c-realtime', ['0 wr 1', '1 rt 0']],
    ['G-single-realtime', ['0 rw 1', '1 rt 0']],
    ['G2-realtime', ['0 rw 1', '1 rw 2', '2 rt 0']],
  ])('are named %s: %j', (name, texts) => {
    expect(namesOf(...texts)).toEqual([name]);
  });

  it('are not there without a way back', () => {
    expect(namesOf('0 ww 1', '1 wr 2', '0 rw 2', '2 rt 3', '3 rw 3')).toEqual([]);
  });

  it('have the name of the worst one of each group', () => {
    const names = namesOf('0 rw 1', '1 rw 0', '1 ww 0', '0 ww 1', '5 wr 6', '6 rw 5', '0 rt 5');
    expect(names.toSorted()).toEqual(['G-single', 'G0']);
  });

  it('are as short as possible', () => {
    const [cycle] = cyclesIn(
      4,
      ['0 wr 1', '1 wr 2', '2 wr 0', '1 wr 0'].map((text) => edge(text)),
    );
    expect(cycle?.edges).toEqual([edge('0 wr 1'), edge('1 wr 0')]);
  });

  it('are no lost update on two streams', () => {
    expect(cyclesIn(2, [edge('0 rw 1'), edge('1 ww 0', 'y')])).toMatchObject([{ name: 'G-single' }]);
  });

  it('are found in a chain of 100,000 transactions', () => {
    const chain = Array.from({ length: 100_000 }, (_, i) => edge(`${i} rt ${i + 1}`));
    expect(cyclesIn(100_001, chain)).toEqual([]);
    expect(cyclesIn(100_001, [...chain, edge('100000 ww 0')])).toMatchObject([{ name: 'G0-realtime' }]);
  });

  it('are there exactly if there is no order of the nodes', () => {
    const node = fc.nat(6);
    const edges = fc.array(fc.record({ from: node, to: node, why: fc.constantFrom('ww', 'wr', 'rw', 'rt') }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(edges, (all) => {
        const between = all.filter(({ from, to }) => from !== to);
        const cycles = cyclesIn(7, between);
        for (const { edges: found } of cycles)
          for (const [i, each] of found.entries()) {
            expect(between).toContainEqual(each);
            expect(each.to).toBe(found[(i + 1) % found.length]?.from);
          }
        // A cycle of `rt` alone has no name, since time has none.
        const isTimeOnly = hasCycle(between) && cycles.length === 0;
        if (isTimeOnly) expect(hasCycle(between.filter(({ why }) => why === 'rt'))).toBe(true);
        else expect(cycles.length > 0).toBe(hasCycle(between));
      }),
      { numRuns: 1000 },
    );
  });
});

/** Takes away nodes that nothing leads to, as long as there are some. */
function hasCycle(edges: readonly { readonly from: number; readonly to: number }[]): boolean {
  const left = edges.filter(({ from }) => edges.some(({ to }) => to === from));
  return left.length === edges.length ? left.length > 0 : hasCycle(left);
}

describe('the order in time', () => {
  const interval = fc.record({ begin: fc.nat(20), length: fc.nat(8), isOver: fc.constantFrom(true, true, false) });

  it('is that of the intervals, with few edges', () => {
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 12 }), (drawn) => {
        const intervals = drawn.map(({ begin, length, isOver }) => ({
          ...{ begin, isAfterOthers: true },
          end: isOver ? begin + length : Number.POSITIVE_INFINITY,
        }));
        const edges = realtimeEdges(intervals);
        for (const [a, { end }] of intervals.entries())
          for (const [b, { begin }] of intervals.entries()) expect(isReached(edges, a, b)).toBe(end < begin);
        for (const one of edges) {
          const others = edges.filter((other) => other !== one);
          expect(isReached(others, one.from, one.to)).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('has no edge to what need not come after others', () => {
    const at = (begin: number, isAfterOthers = true) => ({ begin, end: begin + 1, isAfterOthers });
    expect(realtimeEdges([at(0), at(5, false), at(10)])).toEqual([
      { from: 0, to: 2, why: 'rt' },
      { from: 1, to: 2, why: 'rt' },
    ]);
  });

  it('of 20,000 intervals in a row is found in a moment', () => {
    const intervals = Array.from({ length: 20_000 }, (_, i) => ({ begin: i * 2, end: i * 2 + 1, isAfterOthers: true }));
    expect(realtimeEdges(intervals)).toHaveLength(19_999);
  });
});

function isReached(edges: readonly Edge[], from: number, to: number): boolean {
  return edges.some((edge) => edge.from === from && (edge.to === to || isReached(edges, edge.to, to)));
}
