import type { LineOf } from '../../checkers/history.ts';
import type { CommitPage } from '../../client/call.ts';
import { eventId } from '../../core/facts/commit.ts';
import { versionIn } from '../../workload/session.ts';
import type { Region } from '../client/region.ts';
import type { UsedStream } from './draw.ts';

type Replica = LineOf<'replica'>;
type Shown = CommitPage['commits'][number];

/** Commits per request. */
const PAGE = 500;

/** What a Region shows of a stream: its state, and all of its commits. */
export async function replicaOf(region: Region, name: string, { name: stream, use }: UsedStream): Promise<Replica> {
  const { state, version } = await region.stream(stream);
  const commits = await commitsOf(region, stream);
  return {
    line: 'replica',
    ...{ region: name, stream },
    commits: commits.map(({ log, position, commitId, region: from, context, hlc, wallTime, events }) => ({
      ...{ log, position, commitId, region: from, context, hlc, state: 'visible' as const },
      ...(wallTime !== undefined && { wallTime }),
      events: events.map(({ type, data }, index) => ({
        id: eventId({ stream, log, position }, index),
        ...{ type, effect: use.effect({ type, data }) },
      })),
    })),
    empty: emptyIn(commits, versionIn(version)),
    version: versionIn(version),
    state: use.state(state),
  };
}

async function commitsOf(region: Region, stream: string): Promise<readonly Shown[]> {
  const commits: Shown[] = [];
  for (let after: string | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
    const page = await region.commits(stream, { after, limit: PAGE });
    commits.push(...page.commits);
    after = page.next;
  }
  return commits;
}

/**
 * The positions that a Region does not show, since they are of aborted transactions: those between a commit and the one that it names as
 * the previous one with events, and those after the last commit. A commit that is lost leaves a gap, since the next one names it.
 */
function emptyIn(commits: readonly Shown[], version: Replica['version']): NonNullable<Replica['empty']> {
  return Object.entries(version).flatMap(([log, last]) => {
    const own = commits.filter((commit) => commit.log === log).sort((a, b) => a.position - b.position);
    const before = own.flatMap(({ position, previous }) => between(previous, position));
    const hidden = new Set([...before, ...between(own.at(-1)?.position ?? 0, last + 1)]);
    // A committed transaction that changed nothing has a commit without events, which is shown.
    for (const { position } of own) hidden.delete(position);
    return [...hidden].map((position) => ({ log, position }));
  });
}

/** The positions after one and before another one. */
function between(after: number, before: number): readonly number[] {
  return Array.from({ length: Math.max(0, before - after - 1) }, (_, i) => after + 1 + i);
}
