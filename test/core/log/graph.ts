import * as fc from 'fast-check';
import type { Commit } from '../../../core/facts/commit.ts';
import { nextStamp } from '../../../core/facts/hlc.ts';
import type { VersionVector } from '../../../core/facts/version.ts';
import type { Entry } from '../../../testing/toy.ts';

const HOUR = 60 * 60 * 1000;

const step = fc.record({
  writer: fc.constantFrom('ap', 'eu', 'us'),
  /** A bit mask: which of the existing commits reach the writer before it writes. */
  learns: fc.nat(0xffff),
  /** How many of its own commits ago the writer had the version that it uses as context. */
  behind: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(3)),
  /** The earlier commit that this commit copies: a retry in any Region. */
  copies: fc.option(fc.nat(20), { freq: 3 }),
  /** Whether a copy is decided again, with other events. */
  again: fc.constantFrom(false, false, true),
  /** Whether older code writes the commit, without a digest. */
  isOld: fc.constantFrom(false, false, true),
  /** Milliseconds that pass before the commit. If negative, by how much this writer's clock is behind. */
  passes: fc.constantFrom(0, 1, 1000, -5000, 8 * 24 * HOUR, 15 * 24 * HOUR),
  /** Milliseconds by which the stamp is ahead of the writer's clock, as if it had loaded a stamp of a wrong clock. */
  ahead: fc.constantFrom(0, 0, 0, 0, 30 * 24 * HOUR),
  events: fc.constantFrom(1, 1, 1, 2, 0),
});

/**
 * The commits of one stream written by three Regions, each based on what it had received from the others: with late
 * arrivals, old versions as contexts, copies with the same commitId, different clocks, and commits without events.
 */
export const commitGraphs: fc.Arbitrary<readonly Commit[]> = fc.array(step, { maxLength: 14 }).map((steps) => {
  const all: Commit[] = [];
  const held = new Map<string, Set<Commit>>();
  const versions = new Map<string, VersionVector[]>();
  let now = Date.UTC(2001, 0, 1);
  for (const { writer, learns, behind, copies, again, isOld, passes, ahead, events } of steps) {
    const mine = held.get(writer) ?? new Set<Commit>();
    for (const [i, commit] of all.entries()) if ((learns >> i) % 2 === 1) mine.add(commit);
    held.set(writer, mine);
    const known = [...(versions.get(writer) ?? []), seenOf([...mine])];
    versions.set(writer, known);
    now += Math.max(0, passes);
    const own = all.filter(({ log }) => log === writer);
    const original = copies === null ? undefined : all[copies];
    // A decision without events writes no commit, so what was decided again has some.
    const made = Array.from({ length: again ? Math.max(1, events) : events }, (_, i) => ({
      type: 'Noted',
      schemaVersion: 1,
      data: { text: `${all.length}.${i}` },
    }));
    const written = (!again && original?.events) || made;
    const wallTime = now + Math.min(0, passes);
    const commit: Commit = {
      stream: 'note/n',
      log: writer,
      position: own.length + 1,
      commitId: original?.commitId ?? `c${all.length}`,
      fingerprint: original?.fingerprint ?? `r${all.length}`,
      ...(!isOld && { digest: JSON.stringify(written) }),
      events: written,
      context: known.at(-1 - behind) ?? {},
      previous: own.findLast((before) => before.events.length > 0)?.position ?? 0,
      hlc: nextStamp(
        wallTime + ahead,
        [...mine, ...own]
          .map(({ hlc }) => hlc)
          .sort()
          .at(-1),
      ),
      wallTime,
      region: writer,
      meta: {},
    };
    mine.add(commit);
    all.push(commit);
  }
  return all;
});

/** A graph, and some of its commits in some order, some twice: what a Region receives. */
export const arrivals: fc.Arbitrary<{ readonly all: readonly Commit[]; readonly arrived: readonly Commit[] }> =
  commitGraphs.chain((all) =>
    fc
      .array(all.length > 0 ? fc.constantFrom(...all) : fc.constant(undefined), { maxLength: 2 * all.length })
      .map((arrived) => ({ all, arrived: arrived.filter((commit) => commit !== undefined) })),
  );

export function shuffled<T>(items: readonly T[]): fc.Arbitrary<readonly T[]> {
  return fc.shuffledSubarray([...items], { minLength: items.length });
}

function isCovered(version: VersionVector, { log, position }: Pick<Commit, 'log' | 'position'>): boolean {
  return (version[log] ?? 0) >= position;
}

/** The definition of the seen set: all logs up to their first gap, cut back until every context is covered. */
export function seenOf(commits: readonly Commit[]): VersionVector {
  const seen = new Map<string, number>();
  const at = (log: string, position: number) => commits.find((c) => c.log === log && c.position === position);
  for (const { log } of commits) {
    let position = 0;
    while (at(log, position + 1)) position++;
    seen.set(log, position);
  }
  const isUncovered = ({ log, position, context }: Commit): boolean =>
    position <= (seen.get(log) ?? 0) &&
    Object.entries(context).some(([other, needed]) => (seen.get(other) ?? 0) < needed);
  for (let cut = commits.find(isUncovered); cut; cut = commits.find(isUncovered)) seen.set(cut.log, cut.position - 1);
  return Object.fromEntries([...seen].filter(([, position]) => position > 0));
}

const WINDOW = 14 * 24 * HOUR;
function wall({ wallTime = Number.NaN }: Commit): number {
  return wallTime;
}

/** Without a digest, copies count as equal. */
function haveSameEvents(a: Commit, b?: Commit): boolean {
  return !a.digest || !b?.digest || a.digest === b.digest;
}

/**
 * The definition of folding: in order of (stamp, log, position), ignoring copies within 14 days. A writer that has seen
 * a copy has also seen the commit that counts, if both have the same events.
 */
export function folded(commits: readonly Commit[]): readonly Entry[] {
  return foldedWith(commits).entries;
}

/** The copies of commits that do not count, and have other events than the one that does, each with that one. */
export function decidedAgain(commits: readonly Commit[]): readonly (readonly [copy: Commit, counted: Commit])[] {
  return foldedWith(commits).groups.flatMap(([first, ...copies]) =>
    copies.flatMap((copy) => (first && !haveSameEvents(copy, first) ? [[copy, first] as const] : [])),
  );
}

function foldedWith(commits: readonly Commit[]) {
  const order = [...new Map(commits.map((c) => [`${c.log}.${c.position}`, c])).values()].sort((a, b) =>
    [a.hlc, a.log, a.position.toString().padStart(9, '0')].join() <
    [b.hlc, b.log, b.position.toString().padStart(9, '0')].join()
      ? -1
      : 1,
  );
  /** Groups of a commit and its copies; the first of each group counts. */
  const groups: Commit[][] = [];
  const entries: Entry[] = [];
  const idsOf = ({ stream, log, position, events }: Commit): string[] =>
    events.map((_event, i) => `${stream}@${log}.${position}.${i}`);
  for (const commit of order) {
    const repeated = groups.findLast(([first]) => first?.commitId === commit.commitId);
    if (repeated && wall(commit) - Math.max(...repeated.map(wall)) <= WINDOW) {
      repeated.push(commit);
      continue;
    }
    const unseen = groups
      .filter((group) => !group.some((copy) => haveSameEvents(copy, group[0]) && isCovered(commit.context, copy)))
      .flatMap(([first]) => (first ? idsOf(first) : []));
    for (const [i, id] of idsOf(commit).entries()) {
      const text = String(Reflect.get(Object(commit.events[i]?.data), 'text'));
      entries.push({ id, commitId: commit.commitId, text, unseen });
    }
    groups.push([commit]);
  }
  return { entries, groups };
}
