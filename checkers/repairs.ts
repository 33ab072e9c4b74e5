// Each loser of a conflict is compensated once, whatever is redelivered, grows or is repaired in two Regions.
import type { Checker, Evidence } from './evidence/evidence.ts';
import { show } from './evidence/json.ts';
import { covers, showDot } from './evidence/version.ts';
import type { HistoryCommit, LineOf, Violation } from './history.ts';
import { countedOf, waitingOf } from './reference/fold.ts';
import { claimsIn } from './reference/kinds.ts';

/** What is stored, and shown, of streams that repairs compensate losers in, when everything has settled. */
export const repairs: Checker = (evidence) => {
  const isClaimed = (stream: string): boolean => evidence.typeOf(stream)?.kind === 'claims';
  const replicas = evidence.lines('replica').filter(({ stream }) => isClaimed(stream));
  return [...replicas.flatMap((replica) => [...unfair(replica), ...wrong(replica)]), ...open(evidence, isClaimed)];
};

function violation(stream: string, what: string): Violation {
  return { property: 'repairs', what, ops: [], streams: [stream] };
}

/** All claims but one are refunded, each once. */
function unfair({ region, stream, state }: LineOf<'replica'>): readonly Violation[] {
  const { claims, refunds } = claimsIn(state);
  const left = claims.filter((id) => !refunds.includes(id));
  const isFair = new Set(refunds).size === refunds.length && left.length === Math.min(1, claims.length);
  if (isFair && refunds.every((id) => claims.includes(id))) return [];
  return [
    violation(stream, `${region} shows the claims ${show(claims)} of ${stream}, and the refunds ${show(refunds)}`),
  ];
}

/** The repairs that should not be there, and the conflicts that wait for one. */
function wrong({ region, stream, commits }: LineOf<'replica'>): readonly Violation[] {
  const visible = commits.filter(({ state }) => state === 'visible');
  const repairs = visible.filter(({ repair }) => repair);
  const counted = countedOf(commits);
  const counts = counted.filter(({ repair }) => repair).length;
  const waiting = waitingOf(commits);
  const needless = repairs.filter((repair) => waitingOf(seenBy(repair, commits)).length === 0);
  return [
    ...needless.map((repair) => `has the repair ${showDot(repair)} of ${stream}, before which nothing waited`),
    ...repairs
      .filter((repair) => repair.commitId !== `repair:${repair.log}.${repair.position}`)
      .map((repair) => `has the repair ${showDot(repair)} of ${stream} under the id ${repair.commitId}`),
    ...(counts > visible.length - repairs.length
      ? [`counts ${counts} repairs of ${stream}, more than others have arrived`]
      : []),
    ...(waiting.length > 0 ? [`has left conflicts of ${stream} without a repair: ${show(waiting)}`] : []),
  ].map((what) => violation(stream, `${region} ${what}`));
}

/** What the writer of a repair had seen. */
function seenBy({ context }: HistoryCommit, commits: readonly HistoryCommit[]): readonly HistoryCommit[] {
  return commits.filter((commit) => covers(context, commit));
}

/** No conflict is shown, or listed, as one that waits. */
function open(evidence: Evidence, isClaimed: (stream: string) => boolean): readonly Violation[] {
  const shown = evidence
    .lines('conflicts')
    .flatMap(({ region, stream, conflicts }) => conflicts.map((each) => ({ ...each, region, stream })));
  const listed = evidence
    .lines('ledger')
    .flatMap(({ region, conflicts }) => conflicts.map((each) => ({ ...each, region })));
  return [...shown, ...listed]
    .filter(({ stream, open: isOpen }) => isOpen && isClaimed(stream))
    .map(({ region, stream, ...dot }) =>
      violation(stream, `${region} shows ${showDot(dot)} of ${stream} as a conflict that waits for a repair`),
    );
}
