import { describe, expect, it } from 'vitest';
import type { Commit } from '../../../core/facts/commit.ts';
import { advanceVersion, joinVersions, meetVersions, type VersionVector } from '../../../core/facts/version.ts';
import { History } from '../../../core/log/history.ts';
import { note } from '../../../testing/toy.ts';
import { aCommit } from '../../contract/commits.ts';

/** Commits of some logs, and how often their contexts and stamps have been read. */
function counted(logs: readonly string[], each: number, contextOf: (log: number, position: number) => VersionVector) {
  let reads = 0;
  const commits = logs.flatMap((log, l) =>
    Array.from({ length: each }, (_, i): Commit => {
      const position = i + 1;
      const context = contextOf(l, position);
      const hlc = (position * logs.length + l).toString(16).padStart(16, '0');
      const { context: _context, hlc: _hlc, ...commit } = aCommit({ stream: 'note/n', log, position });
      return {
        ...commit,
        get context() {
          reads++;
          return context;
        },
        get hlc() {
          reads++;
          return hlc;
        },
      };
    }),
  );
  return { commits, reads: () => reads };
}

const three = ['ap', 'eu', 'us'];
const many = Array.from({ length: 3_000 }, (_, i) => `log-${i}`);

describe('a load', () => {
  it.each([
    ['three logs that do not know each other', three, 1_000, () => ({})],
    [
      'three logs that know all of each other',
      three,
      1_000,
      (log: number, position: number) =>
        Object.fromEntries(three.map((name, l) => [name, l < log ? position : position - 1])),
    ],
    [
      'logs that each follow the next one',
      many,
      1,
      (log: number) => (log + 1 < many.length ? { [`log-${log + 1}`]: 1 } : {}),
    ],
    [
      'logs that all follow the last one',
      many,
      1,
      (log: number) => (log + 1 < many.length ? { [`log-${many.length - 1}`]: 1 } : {}),
    ],
  ] as const)('looks at each commit a limited number of times: %s', (_, logs, each, contextOf) => {
    const { commits, reads } = counted(logs, each, contextOf);
    const history = new History(note, 'note/n', commits);
    expect(history.since({})).toHaveLength(commits.length);
    // Sorting takes some ten comparisons of two stamps for each; a quadratic load reads thousands.
    expect(reads()).toBeLessThan(50 * commits.length);
  });

  it('takes commits that arrive one by one where they belong', () => {
    const { commits } = counted(three, 20, () => ({}));
    const [whole, one] = [new History(note, 'note/n', commits), new History(note, 'note/n')];
    for (const commit of commits) one.add([commit]);
    expect(one.since({}).map(({ log, position }) => [log, position])).toEqual(
      whole.since({}).map(({ log, position }) => [log, position]),
    );
    expect(one.seen).toEqual({ ap: 20, eu: 20, us: 20 });
  });
});

describe('a log named __proto__', () => {
  const log = '__proto__';

  it('is as valid in versions as any other', () => {
    const version = advanceVersion(advanceVersion({ us: 1 }, { log, position: 1 }), { log, position: 2 });
    for (const each of [version, joinVersions({}, version), meetVersions(version, version)])
      expect(Object.entries(each).sort()).toEqual([
        [log, 2],
        ['us', 1],
      ]);
  });

  it('is seen like any other, and ends no load in a loop', () => {
    const position = (at: number, context: VersionVector) => aCommit({ stream: 'note/n', log, position: at, context });
    const history = new History(note, 'note/n', [position(1, {}), position(2, JSON.parse('{"__proto__": 1}'))]);
    expect(Object.entries(history.seen)).toEqual([[log, 2]]);
    expect(history.since({})).toHaveLength(2);
  });
});
