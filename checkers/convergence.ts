// In the end all Regions have the same commits, versions and states, and the states are what folding is defined to give.
import type { Checker } from './evidence/evidence.ts';
import { show } from './evidence/json.ts';
import type { StreamType } from './evidence/names.ts';
import type { Stored } from './evidence/stored.ts';
import { sameVersion, showDot, showVersion } from './evidence/version.ts';
import type { LineOf, Violation } from './history.ts';
import { foldOf } from './reference/fold.ts';
import { keyOf } from './reference/kinds.ts';

type Replica = LineOf<'replica'>;

/** The final replicas, compared with each other and with a fold of their commits. */
export const convergence: Checker = (evidence) =>
  [...evidence.stored.values()].flatMap((stored) => {
    const type = evidence.typeOf(stored.stream);
    return type ? [...divergence(type, stored), ...wrongFolds(type, stored)] : [];
  });

function divergence({ kind }: StreamType, { stream, replicas }: Stored): readonly Violation[] {
  const [first, ...others] = replicas;
  if (!first) return [];
  const dots = dotsOf(first);
  return others.flatMap((replica) => {
    const [a, b] = [first.region, replica.region];
    const own = dotsOf(replica);
    const apart = [...own.symmetricDifference(dots)];
    const what =
      apart.length > 0
        ? `only one of ${a} and ${b} has ${apart.join(' ')} of ${stream}`
        : !sameVersion(replica.version, first.version)
          ? `${stream} is at ${showVersion(first.version)} in ${a}, and at ${showVersion(replica.version)} in ${b}`
          : keyOf(kind, replica.state) !== keyOf(kind, first.state)
            ? `${stream} is ${show(first.state)} in ${a}, and ${show(replica.state)} in ${b}`
            : undefined;
    return what === undefined ? [] : [{ property: 'convergence', what, ops: [], streams: [stream] }];
  });
}

function dotsOf({ commits, empty = [] }: Replica): ReadonlySet<string> {
  const withState = commits.map((commit) => `${showDot(commit)} (${commit.state})`);
  return new Set([...withState, ...empty.map((dot) => `${showDot(dot)} (aborted)`)]);
}

function wrongFolds({ kind }: StreamType, { stream, replicas }: Stored): readonly Violation[] {
  const folds = new Map<string, unknown>();
  return replicas.flatMap(({ region, commits, state }) => {
    // The replicas usually have the same commits: these are folded once.
    const key = JSON.stringify(commits);
    if (!folds.has(key)) folds.set(key, foldOf(kind, commits));
    const expected = folds.get(key);
    if (keyOf(kind, expected) === keyOf(kind, state)) return [];
    const what = `${region} shows ${show(state)} for ${stream}, whose commits fold to ${show(expected)}`;
    return [{ property: 'reference fold', what, ops: [], streams: [stream] }];
  });
}
