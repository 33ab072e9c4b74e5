// The transactions of a Region that is lost permanently are decided by what the other Regions have.

import { inChunks } from '../core/facts/chunks.ts';
import { attemptIdOf, type Decision } from '../core/facts/decision.ts';
import { entryFor, isGone } from '../core/facts/placement.ts';
import { drivingRegionOf, parseAttemptId } from '../core/facts/transaction.ts';
import { MAX_VERIFIED, RECOVERY_MS } from '../core/limits/budgets.ts';
import { intentsToFinish, outcomesOfLost, type ToFinish } from '../core/operate/lost-outcomes.ts';
import type { LostIntent } from '../core/wire/lost.ts';
import type { ActionResult } from '../core/wire/operate.ts';
import { CliError } from './client/cli-error.ts';
import type { Region } from './client/region.ts';
import { knows, type Placements, regionNamed } from './placement.ts';

/** A Region that is left: what decides asks it for its actions only. */
export type Survivor = Pick<Region, 'name' | 'operate'>;

/** Who decides in the place of a lost Region. */
export interface Deciders {
  readonly lost: string;
  /** The Region that writes the streams at home in the lost one. */
  readonly by: string;
  readonly survivors: readonly Survivor[];
}

/** What was decided, or is to be. */
export interface Decided {
  readonly decisions: readonly Decision[];
  readonly intents: readonly ToFinish[];
  /** Attempts that another Region drives and may still decide: their deadline has not passed for long, or it is lost, too. */
  readonly waiting: readonly string[];
}

/**
 * @throws CliError if the lost Region responds, if another one does not, or does not know the newest entries, or if no Region writes its
 *   streams in its place
 */
export function decidersFor({ regions, answers, known, types }: Placements, lost: string): Deciders {
  if (typeof answers.get(lost) === 'object')
    throw new CliError('region-responds', `${lost} responds: it decides its transactions itself. Nothing was changed.`);
  const survivors = regions.filter(({ name }) => name !== lost);
  for (const { name } of survivors) {
    const answer = answers.get(name);
    if (typeof answer !== 'object')
      throw new CliError('region-unreachable', `Every Region that is left has to respond, and ${name} does not.`);
    if (!knows(answer.placement, known))
      throw new CliError('placement-not-known', `${name} does not know of all moves yet. See: meridian placement.`);
  }
  const [type = ''] = types;
  const by = entryFor(known, lost, type)?.acting;
  if (!isGone(known, types, lost) || by === undefined || !survivors.some(({ name }) => name === by))
    throw new CliError(
      'not-lost',
      `Other Regions do not write all streams of ${lost} in its place. Force that first: meridian failover ${lost} --to <region> --forced --accept-loss-window.`,
    );
  return { lost, by, survivors };
}

/** Decides, and makes final, what the lost Region has left. Repeated, it continues with what is left. @param dryRun changes nothing */
export async function decideLost(deciders: Deciders, { dryRun }: { readonly dryRun: boolean }): Promise<Decided> {
  const { lost, by, survivors } = deciders;
  const open = await heldBy(deciders);
  const attempts = [...new Set([...open.values()].flat().map(({ commitId }) => commitId))];
  if (attempts.length === 0) return { decisions: [], intents: [], waiting: [] };
  const all = [...(await heldBy(deciders, attempts)).values()].flat();
  const known = await decisionsOn(survivors, attempts);
  const waiting = waitingIn(deciders, all, known);
  const proposed = outcomesOfLost(
    { lost, intents: all.filter(({ commitId }) => !waiting.includes(commitId)), decisions: known },
    { by, now: Date.now() },
  );
  const decisions = dryRun
    ? proposed
    : await Promise.all(proposed.map((decision) => record(deciders, decision, known)));
  const intents = intentsToFinish(open, decisions, lost);
  if (!dryRun)
    for (const { region, intent, state } of intents)
      await regionNamed({ regions: survivors }, region).operate('lost-finish', { lost, intent, state });
  return { decisions, intents, waiting };
}

/** The intents that each Region has; without `attempts` those that are not final. */
async function heldBy(
  { lost, survivors }: Deciders,
  attempts?: readonly string[],
): Promise<ReadonlyMap<string, readonly LostIntent[]>> {
  const parts = attempts ? inChunks(attempts, MAX_VERIFIED) : [undefined];
  return new Map(
    await Promise.all(
      survivors.map(async (region): Promise<[string, readonly LostIntent[]]> => {
        const found: LostIntent[] = [];
        for (const part of parts) {
          let cursor: string | undefined;
          do {
            const page: ActionResult<'lost-scan'> = await region.operate('lost-scan', {
              ...{ lost, cursor },
              ...(part && { attempts: [...part] }),
            });
            found.push(...page.intents);
            cursor = page.cursor;
          } while (cursor !== undefined);
        }
        return [region.name, found];
      }),
    ),
  );
}

async function decisionsOn(survivors: readonly Survivor[], attempts: readonly string[]): Promise<readonly Decision[]> {
  const transactions = [...new Set(attempts.map((id) => parseAttemptId(id).transaction))];
  const pages = await Promise.all(
    survivors.flatMap((region) =>
      inChunks(transactions, MAX_VERIFIED).map((part) => region.operate('lost-decisions', { transactions: [...part] })),
    ),
  );
  return pages.flatMap(({ decisions }) => decisions);
}

function waitingIn(
  { lost, survivors }: Deciders,
  intents: readonly LostIntent[],
  decisions: readonly Decision[],
): readonly string[] {
  const decided = new Set(decisions.map(attemptIdOf));
  const others = intents.filter(({ commitId, deadline }) => {
    const driving = drivingRegionOf(commitId);
    if (driving === lost || decided.has(commitId)) return false;
    return Date.now() < deadline + RECOVERY_MS || !survivors.some(({ name }) => name === driving);
  });
  return [...new Set(others.map(({ commitId }) => commitId))];
}

/**
 * Records a decision in the one Region that may make it. If that is in the place of the lost Region, also what is recorded there in the
 * others: each Region announces the outcome on its own bus, and one that does not see the same table gets a copy. A decision of a Region
 * that is left is replicated by it.
 * @throws CliError if another decision has arrived in a Region meanwhile
 */
async function record(
  { lost, by, survivors }: Deciders,
  proposed: Decision,
  known: readonly Decision[],
): Promise<Decision> {
  const driving = drivingRegionOf(proposed.transaction);
  if (driving !== lost && known.includes(proposed)) return proposed;
  const first = regionNamed({ regions: survivors }, driving === lost ? by : driving);
  const { decision } = await first.operate('lost-decide', { lost, decision: proposed });
  if (driving !== lost) return decision;
  for (const region of survivors) {
    if (region === first) continue;
    const { decision: there } = await region.operate('lost-decide', { lost, decision });
    if (there.state !== decision.state) throw decidedTwice(decision, first, region);
  }
  return decision;
}

/** A decision of the lost Region arrived in another Region while the opposite one was recorded in its place. */
function decidedTwice(decision: Decision, first: Survivor, other: Survivor): CliError {
  return new CliError(
    'decided-twice',
    `${attemptIdOf(decision)} is recorded as ${decision.state} in ${first.name}, and otherwise in ${other.name}, where a decision of the lost Region has arrived meanwhile. No intent was made final. The later record replaces the other one: repeat this in a minute, and compare the streams after it: meridian verify.`,
  );
}
