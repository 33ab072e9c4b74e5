import { type Commit, isVisible } from '../facts/commit.ts';
import type { Decision } from '../facts/decision.ts';
import { wallTimeOf } from '../facts/hlc.ts';
import { nextAttemptEnds } from '../facts/transaction.ts';
import { STEP_MS } from '../limits/budgets.ts';
import type { CommitScan } from '../ports/commit-scan.ts';
import type { DecisionScan } from '../ports/decision-scan.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { ActionRequest, ActionResult } from '../wire/operate.ts';
import {
  type ArmPorts,
  armResolver,
  type Change,
  type PublishPorts,
  publishChanges,
  resolverMessageFor,
} from './relay.ts';

export interface RepublishPorts extends PublishPorts, ArmPorts {
  readonly events: CommitScan;
  readonly decisions: DecisionScan;
}

type Request = ActionRequest<'republish-step'>;
type Result = ActionResult<'republish-step'> & { readonly scheduled: number };

/** Commits or decisions per page. */
const PAGE = 100;

/** Cursor value for the start of a segment. */
const BEGINNING = '';

/** Starts the cursors of the `transactions` table, which is read after the `events` table, whose cursors are the scan's own. */
const TRANSACTIONS = 'transactions:';

/**
 * Republishes the events of commits written here since a given time, under their original ids. Schedules the resolver
 * again for what was promised then: intents written here since, and undecided transactions driven here whose deadline is later.
 * Reads one segment of the `events` table, then of the `transactions` table, page after page for {@link STEP_MS}. A
 * step reads one table only: if the decisions are unavailable, the step before has published every event. Stops at the
 * first page that could not be sent completely; the cursor then points to that page. Repeating a step sends everything
 * again, which is harmless.
 * @throws MeridianError `unavailable`
 */
export async function republishStep(ports: RepublishPorts, request: Request): Promise<Result> {
  const { cursor = BEGINNING } = request;
  if (cursor.startsWith(TRANSACTIONS)) {
    const step = await inPages(ports.runtime, cursor.slice(TRANSACTIONS.length), (after) =>
      armTransactions(ports, request, after),
    );
    return step.cursor === undefined ? step : { ...step, cursor: TRANSACTIONS + step.cursor };
  }
  const step = await inPages(ports.runtime, cursor, (after) => republishCommits(ports, request, after));
  return { ...step, cursor: step.cursor ?? TRANSACTIONS };
}

type Counted = Pick<Result, 'scanned' | 'published' | 'refused' | 'scheduled'>;

/**
 * Works through the pages of one segment of a table.
 * @param work handles the page after a cursor; returns the next cursor, undefined at the end
 */
async function inPages(
  runtime: Runtime,
  cursor: string,
  work: (after: string | undefined) => Promise<Result>,
): Promise<Result> {
  const deadline = runtime.elapsed() + STEP_MS;
  const step: { -readonly [Name in keyof Counted]: Counted[Name] } = { scanned: 0, published: 0, scheduled: 0 };
  let at = cursor;
  do {
    const page = await work(at === BEGINNING ? undefined : at);
    step.scanned += page.scanned;
    step.published += page.published;
    if (page.refused) step.refused = (step.refused ?? 0) + page.refused;
    step.scheduled += page.scheduled;
    if (page.failed > 0) return { ...step, failed: page.failed, cursor: at };
    if (page.cursor === undefined) return { ...step, failed: 0 };
    at = page.cursor;
  } while (runtime.elapsed() < deadline);
  return { ...step, failed: 0, cursor: at };
}

async function republishCommits(
  ports: RepublishPorts,
  { since, segment, segments, dryRun }: Request,
  after: string | undefined,
): Promise<Result> {
  const { commits, cursor } = await ports.events.scan(segment, segments, after, PAGE);
  const from = Date.parse(since);
  const own = commits.filter(({ region, hlc }) => region === ports.region && wallTimeOf(hlc) >= from);
  const changes = own.map((commit) => ({ commit }));
  const { failed: unpublished, refused } = dryRun ? NOTHING : await publishChanges(ports, changes);
  const { scheduled, failed } = await arm(ports, changes, dryRun);
  return {
    scanned: commits.length,
    published: count(own) - unpublished.length - refused,
    refused,
    scheduled,
    failed: unpublished.length + failed,
    cursor,
  };
}

const NOTHING = { failed: [], refused: 0 };

function count(commits: readonly Commit[]): number {
  return commits.filter(isVisible).reduce((sum, { events }) => sum + events.length, 0);
}

async function armTransactions(
  ports: RepublishPorts,
  { since, segment, segments, dryRun }: Request,
  after: string | undefined,
): Promise<Result> {
  const { decisions, cursor } = await ports.decisions.scan(segment, segments, after, PAGE);
  const from = Date.parse(since);
  const changes = decisions
    .filter((decision, i) => isLatest(decision, decisions[i + 1]) && nextAttemptEnds(decision) >= from)
    .map((decision) => ({ decision }));
  return { scanned: 0, published: 0, ...(await arm(ports, changes, dryRun)), cursor };
}

/**
 * True if no later decision on the same transaction follows on the page. One on the next page goes unnoticed: the
 * resolver then finds nothing to do.
 */
function isLatest({ transaction }: Decision, next: Decision | undefined): boolean {
  return next?.transaction !== transaction;
}

/** Schedules the resolver for the changes that need it; in a dry run, only counts them. */
async function arm(
  ports: ArmPorts,
  changes: readonly Change[],
  dryRun: boolean,
): Promise<Pick<Result, 'scheduled' | 'failed'>> {
  const open = changes.filter((change) => resolverMessageFor(ports, change) !== undefined);
  const failed = dryRun ? 0 : (await armResolver(ports, open)).length;
  return { scheduled: open.length - failed, failed };
}
