import { describe, expect, it } from 'vitest';
import { atomic } from '../../checkers/atomic.ts';
import type { Line, LineOf } from '../../checkers/history.ts';
import { outcomes } from '../../checkers/outcomes.ts';
import { commit, EAST, everywhere, evidence, named, outcome, replica, transact, WEST } from './a-history.ts';

const [ann, bob] = ['account/ann', 'account/bob'] as const;
const pay = (stream: string, amount: number) => ({ stream, effect: { do: 'add', amount } as const });
const paid = transact({ op: 1, participants: [pay(ann, -5), pay(bob, 5)] });
const part = (stream: string, amount: number, attempt = 1, position = 1) =>
  commit({ stream, commitId: `${paid.id}#${attempt}`, position, effect: pay(stream, amount).effect });

function judged(...lines: readonly Line[]): readonly string[] {
  return named(atomic(evidence(...lines)));
}

describe('a transaction', () => {
  const both = [...everywhere(ann, [part(ann, -5)], -5), ...everywhere(bob, [part(bob, 5)], 5)];
  const neither = [...everywhere(ann, [], 0), ...everywhere(bob, [], 0)];

  it('is visible in all of its streams, or in none', () => {
    expect(judged(paid, ...both)).toEqual([]);
    expect(judged({ ...paid, result: 'refused' }, ...neither)).toEqual([]);
    expect(judged({ ...paid, result: 'unknown' }, ...neither)).toEqual([]);
    expect(judged({ ...paid, result: 'unknown' }, ...both)).toEqual([]);
  });

  it('is not committed and visible nowhere, nor aborted and visible', () => {
    expect(judged(paid, ...neither)).toEqual(['atomic']);
    expect(judged({ ...paid, op: 2, result: 'unknown' }, paid, ...neither)).toEqual(['atomic']);
    expect(judged({ ...paid, result: 'refused' }, ...both)).toEqual(['atomic']);
    const aborted = outcome({ id: paid.id, at: 50, state: 'aborted' });
    expect(judged({ ...paid, result: 'unknown' }, aborted, ...both)).toEqual(['atomic']);
  });

  it('is not visible in one of its streams only, in any Region', () => {
    const half = [...everywhere(ann, [part(ann, -5)], -5), ...everywhere(bob, [], 0)];
    expect(judged({ ...paid, result: 'unknown' }, ...half)).toEqual(['atomic']);
    const inOne = both.map((line) => (line.region === WEST && line.stream === bob ? { ...line, commits: [] } : line));
    const found = atomic(evidence(paid, ...inOne));
    expect(found).toMatchObject([{ property: 'atomic', ops: [1], streams: [ann, bob] }]);
    expect(found[0]?.what).toBe(
      'us-east-1:t1 is committed, and lacks {"amount":5,"do":"add"} of account/bob in us-west-2',
    );
  });

  it('has the effects that were asked for', () => {
    const more = [...everywhere(ann, [part(ann, -5)], -5), ...everywhere(bob, [part(bob, 6)], 6)];
    expect(judged(paid, ...more)).toEqual(['atomic']);
  });

  it('is committed by one attempt only', () => {
    const twice = everywhere(ann, [part(ann, -5), part(ann, -5, 2, 2)], -10);
    expect(judged(paid, ...twice, ...everywhere(bob, [part(bob, 5)], 5))).toContain('one attempt');
    const second = [...everywhere(ann, [part(ann, -5, 2)], -5), ...everywhere(bob, [part(bob, 5, 2)], 5)];
    expect(judged(paid, ...second)).toEqual([]);
  });

  it('need not be visible where it changes nothing', () => {
    const seats = { stream: 'seats/a', effect: { do: 'release', by: 'ann' } as const };
    const released = transact({ op: 1, participants: [pay(ann, -5), seats] });
    expect(judged(released, ...everywhere(ann, [part(ann, -5)], -5), ...everywhere(seats.stream, [], []))).toEqual([]);
  });

  it('is one of the requests with its id', () => {
    const other = transact({ op: 2, id: paid.id, participants: [pay(ann, 1)], result: 'unknown' });
    expect(judged(paid, other, ...both)).toEqual([]);
    expect(judged(other, ...both)).toEqual(['atomic']);
  });

  it('is not judged by streams that are not known', () => {
    expect(judged(paid, replica(ann, [part(ann, -5)], -5))).toEqual([]);
  });
});

describe('outcomes', () => {
  const said = (at: number, state: LineOf<'outcome'>['state'], of: Partial<LineOf<'outcome'>> = {}) =>
    outcome({ id: paid.id, at, state, ...of });
  const settled: Line = { line: 'settled', lastFault: 0, at: 900, bound: 900, deadLetters: {} };
  const found = (...lines: readonly Line[]) => named(outcomes(evidence(...lines)));
  const promised = { ...paid, result: 'unknown', promised: 40 } as const;

  it('may be learned late, and are the same everywhere', () => {
    expect(found(said(12, 'unknown'), said(13, 'undecided'), paid, said(50, 'committed', { region: WEST }))).toEqual(
      [],
    );
    expect(found({ ...paid, result: 'unknown' }, said(50, 'unknown'), settled)).toEqual([]);
  });

  it('do not change', () => {
    expect(found(paid, said(50, 'aborted'))).toEqual(['one outcome']);
    expect(found({ ...promised }, said(50, 'aborted'), said(60, 'committed'))).toEqual(['one outcome']);
    const again = { ...paid, op: 2, result: 'refused', code: 'aborted' } as const;
    expect(found(paid, again)).toEqual(['one outcome']);
    expect(outcomes(evidence(paid, said(50, 'aborted')))[0]?.what).toBe(
      'us-east-1:t1 was committed by operation 1 at 15, and aborted by us-east-1 at 50',
    );
  });

  it('are not contradicted by a refusal that is about something else', () => {
    expect(found(paid, { ...paid, op: 2, result: 'refused', code: 'id-reused' })).toEqual([]);
  });

  it('are not forgotten', () => {
    expect(found(paid, said(50, 'undecided'))).toEqual(['outcome is kept']);
    expect(found(paid, said(50, 'unknown'))).toEqual(['outcome is kept']);
    expect(found(paid, said(50, 'unknown', { begin: 12 }))).toEqual([]);
  });

  it('are known to exist once they are promised', () => {
    expect(found(promised, said(50, 'undecided'))).toEqual([]);
    expect(found(promised, said(50, 'unknown'))).toEqual(['promise is kept']);
    expect(found(promised, said(30, 'unknown'))).toEqual([]);
    expect(found(promised, said(40, 'unknown'))).toEqual([]);
  });

  it('come in the end if they are promised', () => {
    expect(found(promised, settled)).toEqual(['promise is kept']);
    expect(found(promised, said(50, 'aborted'), settled)).toEqual([]);
    expect(found(promised)).toEqual([]);
  });

  it('are those of the Region that was asked', () => {
    expect(found(promised, said(50, 'aborted', { region: EAST }), said(60, 'aborted', { region: WEST }))).toEqual([]);
  });
});
