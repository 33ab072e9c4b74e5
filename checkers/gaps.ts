// Every log is there from its first position to its last one, and the version that a Region shows covers exactly that.
import type { Checker } from './evidence/evidence.ts';
import { sameVersion, showVersion } from './evidence/version.ts';
import type { LineOf, Violation } from './history.ts';

/** The logs of every final replica. */
export const gaps: Checker = (evidence) => evidence.lines('replica').flatMap(gapsIn);

function gapsIn({ region, stream, commits, empty = [], version }: LineOf<'replica'>): readonly Violation[] {
  const logs = Map.groupBy([...commits, ...empty], ({ log }) => log);
  const violations = [...logs].flatMap(([log, of]) => {
    const positions = of.map(({ position }) => position).sort((a, b) => a - b);
    const at = positions.findIndex((position, i) => position !== i + 1);
    if (at < 0) return [];
    const what = `${region} has position ${positions[at]} of log ${log} of ${stream} where ${at + 1} should be`;
    return [{ property: 'no gaps', what, ops: [], streams: [stream] }];
  });
  if (violations.length > 0) return violations;
  const held = Object.fromEntries([...logs].map(([log, of]) => [log, of.length]));
  if (sameVersion(held, version)) return [];
  const what = `${region} has ${showVersion(held)} of ${stream}, and shows ${showVersion(version)}`;
  return [{ property: 'version of what is stored', what, ops: [], streams: [stream] }];
}
