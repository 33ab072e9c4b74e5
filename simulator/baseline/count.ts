// What is counted of a history, of any design: by the answers that clients got and by what is stored in the end, and nothing else.
import type { History, LineOf } from '../../checkers/history.ts';

export interface Counts {
  readonly histories: number;
  /** Appends that were sent, a retry not counted. */
  readonly sent: number;
  /** At least one try was acknowledged. */
  readonly acknowledged: number;
  /** No try was acknowledged: every one was refused. */
  readonly refused: number;
  /** No try was acknowledged, and at least one was not answered, or by an error that leaves it open. */
  readonly unanswered: number;
  /** Acknowledged appends that are in the end missing in at least one Region. */
  readonly lost: number;
  /** Those of them that are missing in every Region. */
  readonly lostEverywhere: number;
  /** Histories with a lost append. */
  readonly historiesWithLoss: number;
  /** Streams that were written, one history and one stream after the other. */
  readonly streams: number;
  /** Streams of which not all Regions store the same in the end. */
  readonly streamsThatDiffer: number;
}

export const NONE: Counts = {
  ...{ histories: 0, sent: 0, acknowledged: 0, refused: 0, unanswered: 0, lost: 0, lostEverywhere: 0 },
  ...{ historiesWithLoss: 0, streams: 0, streamsThatDiffer: 0 },
};

type Replica = LineOf<'replica'>;

/** The counts of one history. */
export function countsOf(history: History): Counts {
  const appends = Map.groupBy(linesOf(history, 'append'), ({ id }) => id);
  const streams = Map.groupBy(linesOf(history, 'replica'), ({ stream }) => stream);
  const counts = { ...NONE, histories: 1, sent: appends.size, streams: streams.size };
  for (const [id, tries] of appends) {
    const stream = tries[0]?.stream ?? '';
    if (tries.some(({ result }) => result === 'ok')) {
      counts.acknowledged++;
      const replicas = streams.get(stream) ?? [];
      const having = replicas.filter((replica) => has(replica, id));
      if (having.length < replicas.length || replicas.length === 0) counts.lost++;
      if (having.length === 0) counts.lostEverywhere++;
    } else if (tries.every(({ result }) => result === 'refused')) counts.refused++;
    else counts.unanswered++;
  }
  for (const replicas of streams.values()) if (new Set(replicas.map(contentOf)).size > 1) counts.streamsThatDiffer++;
  if (counts.lost > 0) counts.historiesWithLoss++;
  return counts;
}

/** The sums of two counts. */
export function sumOf(a: Counts, b: Counts): Counts {
  const sum = { ...a };
  for (const key of Object.keys(NONE).filter((name): name is keyof Counts => name in NONE)) sum[key] += b[key];
  return sum;
}

function linesOf<L extends 'append' | 'replica'>(history: History, kind: L): readonly LineOf<L>[] {
  return history.filter((line): line is LineOf<L> => line.line === kind);
}

function has({ commits }: Replica, id: string): boolean {
  return commits.some(({ commitId, state }) => commitId === id && state === 'visible');
}

/** What a Region stores of a stream: which commit each position has. */
function contentOf({ commits }: Replica): string {
  return JSON.stringify(commits.map(({ log, position, commitId }) => [log, position, commitId]).sort());
}
