// The transactions of a Region that is lost permanently, as the Regions that are left decide them. Everything may be repeated.

import { announceOutcome, type PublishPorts } from '../delivery/relay.ts';
import { type Commit, isShared } from '../facts/commit.ts';
import { invalid, MeridianError } from '../facts/errors.ts';
import { isGone, placementOf } from '../facts/placement.ts';
import { drivingRegionOf } from '../facts/transaction.ts';
import { advanceVersion } from '../facts/version.ts';
import { MAX_VERIFIED } from '../limits/budgets.ts';
import { putDecision } from '../log/decisions.ts';
import type { CommitScan } from '../ports/commit-scan.ts';
import type { Decisions } from '../ports/decisions.ts';
import type { IntentStore } from '../ports/intent-store.ts';
import type { LostIntent } from '../wire/lost.ts';
import type { ActionRequest, ActionResult } from '../wire/operate.ts';
import { homeTypes, type PlacementPorts, storeOf } from './placement.ts';

export interface LostRegionPorts extends PlacementPorts, PublishPorts {
  readonly events: CommitScan & Pick<IntentStore, 'at' | 'finalise'>;
  readonly decisions: Decisions;
  readonly runtime: PublishPorts['runtime'];
}

/**
 * Looks through one page of the `events` table for intents that a lost Region wrote or drove. Those in a log that all Regions write are
 * left out: every Region makes them final.
 * @throws MeridianError `validation`: not a cursor; `unavailable`
 */
export async function scanLost(
  { events }: Pick<LostRegionPorts, 'events'>,
  { lost, attempts, cursor: after }: ActionRequest<'lost-scan'>,
): Promise<ActionResult<'lost-scan'>> {
  const { commits, outcomes, cursor } = await events.scan(0, 1, after, MAX_VERIFIED);
  const isAsked = (intent: Commit): boolean =>
    attempts
      ? attempts.includes(intent.commitId)
      : intent.tx?.state === 'prepared' && (intent.region === lost || drivingRegionOf(intent.commitId) === lost);
  return {
    scanned: commits.length + outcomes.length,
    intents: commits.flatMap((commit) => (!isShared(commit) && isAsked(commit) ? intentIn(commit) : [])),
    ...(cursor !== undefined && { cursor }),
  };
}

function intentIn(commit: Commit): readonly LostIntent[] {
  const { stream, log, position, commitId, fingerprint, region, context, tx } = commit;
  if (!tx) return [];
  const version = advanceVersion(context, commit);
  const { state, deadline } = tx;
  return [{ stream, log, position, commitId, fingerprint, region, state, deadline, version }];
}

/** The decisions on transactions that are recorded here. @throws MeridianError `unavailable`, `quorum-unreachable` */
export async function decisionsOfLost(
  { decisions }: Pick<LostRegionPorts, 'decisions'>,
  { transactions }: ActionRequest<'lost-decisions'>,
): Promise<ActionResult<'lost-decisions'>> {
  const found = await Promise.all(transactions.map((id) => decisions.attempts(id)));
  return { decisions: found.flat() };
}

/**
 * Records the decision on an attempt, unless there is one. Of a transaction that the lost Region drove the outcome is announced here,
 * because that Region does not do it any more.
 * @returns the decision that is recorded
 * @throws MeridianError `validation`: the transaction is driven by another Region that is left, or the Region is not taken for lost;
 *   `unavailable`, `quorum-unreachable`
 */
export async function decideForLost(
  ports: LostRegionPorts,
  { lost, decision: proposed }: ActionRequest<'lost-decide'>,
): Promise<ActionResult<'lost-decide'>> {
  await checkGone(ports, lost);
  const driving = drivingRegionOf(proposed.transaction);
  if (driving !== lost && driving !== ports.region)
    throw invalid([{ path: 'decision.transaction', message: `is driven by ${driving}, which decides it` }]);
  const decision = await putDecision(ports, proposed);
  if (driving === lost && !(await announceOutcome(ports, decision)))
    throw new MeridianError('unavailable', `The bus has refused the outcome of ${proposed.transaction}. Retry.`, {
      retryable: true,
    });
  return { decision };
}

/**
 * Makes an intent final that was written here, or in the lost Region: that does not do it any more.
 * @throws MeridianError `validation`: another Region that is left wrote it, or the Region is not taken for lost; `internal`: it is final
 *   in the other state; `unavailable`
 */
export async function finishForLost(
  ports: LostRegionPorts,
  { lost, intent: asked, state }: ActionRequest<'lost-finish'>,
): Promise<ActionResult<'lost-finish'>> {
  await checkGone(ports, lost);
  if (isShared(asked))
    throw invalid([{ path: 'intent.log', message: 'is the log that all Regions write: any of them does that' }]);
  const intent = await ports.events.at(asked.stream, asked.log, asked.position);
  if (intent && intent.region !== lost && intent.region !== ports.region)
    throw invalid([{ path: 'intent', message: `was written in ${intent.region}, which makes it final` }]);
  if (!intent || intent.tx?.state === state) return { finished: false };
  await ports.events.finalise(asked, state);
  return { finished: true };
}

/**
 * What is decided in the place of a Region must not be decided by it: here it has to be known that it writes nothing any more.
 * @throws MeridianError `validation`
 */
async function checkGone(ports: LostRegionPorts, lost: string): Promise<void> {
  const placement = placementOf(await storeOf(ports).records());
  if (lost !== ports.region && isGone(placement, homeTypes(ports), lost)) return;
  throw invalid([
    {
      path: 'lost',
      message: `is ${lost}, which is not taken for lost in ${ports.region}: force a move of all that it writes first`,
    },
  ]);
}
