import { abortOf, attemptIdOf, type Decision, type PreparedIntent, stateIn } from '../facts/decision.ts';
import { MeridianError, toProblem } from '../facts/errors.ts';
import { drivingRegionOf, parseAttemptId } from '../facts/transaction.ts';
import type { LostIntent } from '../wire/lost.ts';

/** What the Regions that are left have of the attempts that a lost Region took part in. */
export interface FoundOfLost {
  readonly lost: string;
  /** The intents of these attempts, in every Region that has them. */
  readonly intents: readonly LostIntent[];
  /** The decisions on their transactions, of every Region. */
  readonly decisions: readonly Decision[];
}

/** Who decides, and when: milliseconds since 1970. */
export interface Deciding {
  /** The Region that decides in the place of the lost one. */
  readonly by: string;
  readonly now: number;
}

/**
 * The decision on each attempt: the one that a Region has; otherwise committed if an intent of it is final and committed, because an intent
 * is made final only after the decision; otherwise aborted, because no Region has shown it as committed and none can any more.
 */
export function outcomesOfLost(found: FoundOfLost, { by, now }: Deciding): readonly Decision[] {
  const attempts = Map.groupBy(joined(found.intents), ({ commitId }) => commitId);
  return [...attempts].flatMap(([commitId, intents]) =>
    intents.slice(0, 1).map(({ fingerprint }) => {
      const { transaction, attempt } = parseAttemptId(commitId);
      const known = found.decisions.find((each) => each.transaction === transaction && each.attempt === attempt);
      if (known) return known;
      const driving = drivingRegionOf(transaction);
      const region = driving === found.lost ? by : driving;
      const of = { transaction, attempt, fingerprint, decidedAt: now, region };
      if (intents.some(({ state }) => state === 'committed'))
        return { ...of, state: 'committed', final: true, participants: participantsOf(intents), remaining: 0 };
      const isFollowed = [...attempts.keys(), ...found.decisions.map(attemptIdOf)].some((id) => {
        const other = parseAttemptId(id);
        return other.transaction === transaction && other.attempt > attempt;
      });
      return abortOf(of, { problem: toProblem(gone(driving)) }, isFollowed ? { remaining: 0 } : undefined);
    }),
  );
}

function gone(driving: string): MeridianError {
  return new MeridianError(
    'region-unreachable',
    `It was not decided before a Region was lost permanently, and is driven by ${driving}. Send it again under a new id.`,
  );
}

/** The intents by their places: an intent that is final anywhere is final. */
function joined(intents: readonly LostIntent[]): readonly LostIntent[] {
  const places = Map.groupBy(intents, ({ stream, log, position }) => `${stream}@${log}.${position}`);
  return [...places.values()].flatMap((copies) => firstBy(copies, ({ state }) => state !== 'prepared'));
}

/** The intents that a committed attempt lists: one of each stream, the final one if there is one. */
function participantsOf(intents: readonly LostIntent[]): readonly PreparedIntent[] {
  const streams = Map.groupBy(
    intents.filter(({ state }) => state !== 'aborted'),
    ({ stream }) => stream,
  );
  return [...streams.values()]
    .flatMap((own) => firstBy(own, ({ state }) => state === 'committed'))
    .map(({ stream, region, log, position, version }) => ({ stream, region, log, position, version }));
}

/** The first one of which something holds, or the first one. */
function firstBy(intents: readonly LostIntent[], holds: (intent: LostIntent) => boolean): readonly LostIntent[] {
  return intents.toSorted((a, b) => Number(holds(b)) - Number(holds(a))).slice(0, 1);
}

/** An intent that is to be made final, and the Region that does it. */
export interface ToFinish {
  readonly region: string;
  readonly intent: Pick<LostIntent, 'stream' | 'log' | 'position' | 'commitId'>;
  readonly state: 'committed' | 'aborted';
}

/**
 * Where each intent is made final: in the Region that wrote it; one of the lost Region in each Region where it is not final. What these write
 * is the same, so that it does not matter which write is the last one.
 * @param held the intents that are not final, by Region
 */
export function intentsToFinish(
  held: ReadonlyMap<string, readonly LostIntent[]>,
  decisions: readonly Decision[],
  lost: string,
): readonly ToFinish[] {
  const byId = new Map(decisions.map((decision) => [attemptIdOf(decision), decision]));
  return [...held].flatMap(([region, intents]) =>
    intents.flatMap(({ stream, log, position, commitId, region: writer }) => {
      const decision = byId.get(commitId);
      if (!decision || (writer !== lost && writer !== region)) return [];
      const intent = { stream, log, position, commitId };
      return [{ region, intent, state: stateIn(decision, intent) }];
    }),
  );
}
