import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Commit, foldOrder } from '../../../core/facts/commit.ts';
import { nextStamp } from '../../../core/facts/hlc.ts';
import { IDEMPOTENCY_WINDOW_MS } from '../../../core/limits/budgets.ts';
import { Fold } from '../../../core/log/fold.ts';
import { note } from '../../../testing/toy.ts';
import { aCommit } from '../../contract/commits.ts';
import { inTexts } from '../a-region.ts';
import { commitGraphs, folded } from './graph.ts';

const START = Date.UTC(2001, 0, 1);

function noting(text: string, of: Partial<Commit> = {}): Commit {
  return aCommit({
    stream: 'note/n',
    context: {},
    events: [{ type: 'Noted', schemaVersion: 1, data: { text } }],
    ...of,
  });
}

function foldOf(commits: readonly Commit[]): Fold {
  const fold = new Fold(note);
  for (const commit of commits) fold.apply(commit);
  return fold;
}

/** Copies of one commit, each in its own log. @param at when each was written, in milliseconds after START */
function copies(...at: readonly number[]): readonly Commit[] {
  return at.map((after, i) => noting(`${i}`, { commitId: 'same', log: `log${i}`, hlc: nextStamp(START + after) }));
}

describe('fold', () => {
  it('is the initial state without commits', () => {
    expect(foldOf([])).toMatchObject({ state: note.initial, reused: [] });
  });

  it('folds every graph of commits as the definition says, including `concurrent`', () => {
    fc.assert(
      fc.property(commitGraphs, (commits) => {
        expect(foldOf(commits.toSorted(foldOrder)).state).toEqual(folded(commits));
      }),
      { numRuns: 500 },
    );
  });

  it('passes evolve the origin of an event', () => {
    const seen: unknown[] = [];
    const fold = new Fold({ ...note, evolve: (_state, event) => seen.push(event) });
    const commit = noting('a', { log: 'eu', position: 3, commitId: 'id', hlc: '0123', region: 'eu' });
    fold.apply({ ...commit, events: [...commit.events, ...commit.events] });
    const [stored] = commit.events;
    const origin = { commitId: 'id', hlc: '0123', region: 'eu' };
    expect(seen).toEqual([
      { ...stored, ...origin, id: 'note/n@eu.3.0' },
      { ...stored, ...origin, id: 'note/n@eu.3.1' },
    ]);
  });

  it('ignores a copy that another Region wrote within 14 days', () => {
    expect(inTexts(foldOf(copies(0, IDEMPOTENCY_WINDOW_MS)).state)).toMatchObject({ texts: ['0'] });
  });

  it('does not ignore a copy a millisecond later', () => {
    expect(inTexts(foldOf(copies(0, IDEMPOTENCY_WINDOW_MS + 1)).state)).toMatchObject({ texts: ['0', '1'] });
  });

  it('ignores a chain of copies, each within 14 days of the previous one, however long it gets', () => {
    const chain = copies(0, IDEMPOTENCY_WINDOW_MS, 2 * IDEMPOTENCY_WINDOW_MS, 3 * IDEMPOTENCY_WINDOW_MS);
    expect(inTexts(foldOf(chain).state)).toMatchObject({ texts: ['0'] });
  });

  it('counts the 14 days again from a copy that is not ignored', () => {
    const late = IDEMPOTENCY_WINDOW_MS + 1;
    expect(inTexts(foldOf(copies(0, late, late + IDEMPOTENCY_WINDOW_MS)).state)).toMatchObject({ texts: ['0', '1'] });
  });

  it('reports only ignored copies with different content', () => {
    const [first, same, other] = copies(0, 1, 2) as [Commit, Commit, Commit];
    const reused = { ...other, fingerprint: 'something else' };
    expect(foldOf([first, same, reused]).reused).toEqual([reused]);
  });

  it('treats a context that covers one copy as covering all of them', () => {
    const [original, copy] = copies(0, 1) as [Commit, Commit];
    const knowsTheCopy = noting('later', { log: 'us', context: { [copy.log]: 1 }, hlc: nextStamp(START + 2) });
    const knowsNone = noting('last', { log: 'ap', context: {}, hlc: nextStamp(START + 3) });
    expect(inTexts(foldOf([original, copy, knowsTheCopy, knowsNone]).state)).toEqual({
      texts: ['0', 'later', 'last'],
      unseen: [[], [], ['0', 'later']],
    });
  });

  it('treats a copy that was decided again, with other events, as covered only by its own dot', () => {
    const [original, copy] = copies(0, 1) as [Commit, Commit];
    const commits = [
      { ...original, digest: 'x' },
      { ...copy, digest: 'y' },
      noting('knows the copy', { log: 'us', context: { [copy.log]: 1 }, hlc: nextStamp(START + 2) }),
      noting('knows what counts', { log: 'ap', context: { [original.log]: 1, us: 1 }, hlc: nextStamp(START + 3) }),
    ];
    expect(inTexts(foldOf(commits).state)).toEqual({
      texts: ['0', 'knows the copy', 'knows what counts'],
      unseen: [[], ['0'], []],
    });
  });

  it('counts the 14 days by the clocks of the writers, not by stamps: stamps follow a clock that is far ahead', () => {
    const [original, copy] = copies(0, 30 * 24 * 3_600_000) as [Commit, Commit];
    expect(inTexts(foldOf([original, { ...copy, wallTime: START + 60_000 }]).state)).toMatchObject({ texts: ['0'] });
  });

  it('finds commits of one log concurrent if the later one was based on an older version', () => {
    const commits = [1, 2, 3].map((position) => noting(`${position}`, { position, context: { 'us-east-1': 1 } }));
    expect(inTexts(foldOf([noting('0'), ...commits.slice(1)]).state)).toMatchObject({ unseen: [[], [], ['2']] });
  });

  it('computes `concurrent` once per commit, and only if it is read', () => {
    let looks = 0;
    const counted = (commit: Commit): Commit => ({
      ...commit,
      context: new Proxy(commit.context, {
        getOwnPropertyDescriptor: (target, key) => {
          looks++;
          return Reflect.getOwnPropertyDescriptor(target, key);
        },
      }),
    });
    const ignoring = new Fold({ ...note, evolve: (state) => state });
    ignoring.apply(noting('a'));
    ignoring.apply(counted(noting('b', { position: 2 })));
    expect(looks).toBe(0);

    const seen: unknown[] = [];
    const reading = new Fold({
      ...note,
      evolve: (state, _event, context) => {
        seen.push(context.concurrent, context.concurrent);
        return state;
      },
    });
    reading.apply(noting('a'));
    const [event] = noting('b').events;
    reading.apply({ ...noting('b', { position: 2 }), events: event ? [event, event] : [] });
    expect(seen.slice(2)).toHaveLength(4);
    expect(new Set(seen.slice(2)).size).toBe(1);
  });

  it('scans only concurrent commits and one more per log, so that a long stream folds in near-linear time', () => {
    const LENGTH = 300;
    let looks = 0;
    const handler: ProxyHandler<Record<string, number>> = {
      getOwnPropertyDescriptor: (target, key) => {
        looks++;
        return Reflect.getOwnPropertyDescriptor(target, key);
      },
    };
    const commits = Array.from({ length: LENGTH }, (_, i) => {
      const position = Math.floor(i / 2) + 1;
      const [log, other] = i % 2 === 0 ? ['eu', 'us'] : ['us', 'eu'];
      // Each writer is two commits behind the other.
      const context = new Proxy({ [log]: position - 1, [other]: Math.max(0, position - 3) }, handler);
      return noting(`${i}`, { log, position, context, hlc: nextStamp(START + i) });
    });
    const { state } = foldOf(commits);
    expect(state).toHaveLength(LENGTH);
    expect(looks).toBeLessThan(10 * LENGTH);
  });
});
