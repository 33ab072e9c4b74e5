import { inChunks } from '../facts/chunks.ts';
import { type Commit, isShared } from '../facts/commit.ts';
import type { Decision } from '../facts/decision.ts';
import { wallTimeOf } from '../facts/hlc.ts';
import { nextAttemptEnds } from '../facts/transaction.ts';
import { STEP_MS } from '../limits/budgets.ts';
import type { CommitScan } from '../ports/commit-scan.ts';
import type { DecisionScan } from '../ports/decision-scan.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { ActionRequest, ActionResult } from '../wire/operate.ts';
import {
  type ArmPorts,
  armResolver,
  type Change,
  entriesFor,
  isPublishedIn,
  type ListPorts,
  noticeConflicts,
  type PublishPorts,
  publishChanges,
  resolverMessageFor,
} from './relay.ts';

export interface RepublishPorts extends PublishPorts, ArmPorts {
  readonly events: CommitScan;
  readonly decisions: DecisionScan;
  /** What notices conflicts, and lists them. @default none are listed or announced again */
  readonly listing?: (ListPorts & { readonly ledger: Pick<Ledger, 'ofStream'> }) | undefined;
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
 * Republishes the events of commits written here, or to a log that all Regions write, since a given time, and the outcomes of transactions driven here and
 * decided since then, under their original ids. Schedules the resolver again for what was promised then: intents written
 * here since, and undecided transactions driven here whose deadline is later. Has the conflicts of all commits since then listed
 * that this Region lists, and announces the present revisions of those that a commit since then takes part in, or has resolved.
 * Reads one segment of the `events` table, then of the `transactions` table, page after page for {@link STEP_MS}. A
 * step reads one table only: if the decisions are unavailable, the step before has published every event. Stops at the
 * first page that could not be sent completely; the cursor then points to that page. Repeating a step sends everything
 * again, which is harmless.
 *
 * With `of`, the events of commits are published that a lost Region wrote, and may not have published, as far as they have arrived here. They are not
 * forwarded, so each remaining Region does that. Nothing is scheduled or listed.
 * @throws MeridianError `unavailable`
 */
export async function republishStep(ports: RepublishPorts, request: Request): Promise<Result> {
  const { cursor = BEGINNING } = request;
  if (cursor.startsWith(TRANSACTIONS)) {
    const step = await inPages(ports.runtime, cursor.slice(TRANSACTIONS.length), (after) =>
      republishDecisions(ports, request, after),
    );
    return step.cursor === undefined ? step : { ...step, cursor: TRANSACTIONS + step.cursor };
  }
  const { of } = request;
  if (of !== undefined)
    return inPages(ports.runtime, cursor, (after) => republishLost(ports, { ...request, of }, after));
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
  const { commits, outcomes, cursor } = await ports.events.scan(segment, segments, after, PAGE);
  const from = Date.parse(since);
  const own = commits.filter((commit) => isPublishedIn(ports.region, commit) && wallTimeOf(commit.hlc) >= from);
  const changes = own.map((commit) => ({ commit }));
  const announced = outcomes.filter(({ decidedAt }) => decidedAt >= from).map((decision) => ({ decision }));
  const conflicts = await conflictsSince(ports, commits, from);
  const sent = await publish(ports, [...changes, ...announced, ...conflicts], dryRun);
  const { scheduled, failed } = await arm(ports, changes, dryRun);
  const unlisted = await listAgain(ports, commits, { from, dryRun });
  return { ...sent, scanned: commits.length, scheduled, failed: sent.failed + failed + unlisted, cursor };
}

/** Publishes what another Region wrote, as it would. */
async function republishLost(
  ports: RepublishPorts,
  { since, segment, segments, dryRun, of }: Request & { readonly of: string },
  after: string | undefined,
): Promise<Result> {
  const { commits, cursor } = await ports.events.scan(segment, segments, after, PAGE);
  const from = Date.parse(since);
  const lost = commits.filter((commit) => commit.region === of && !isShared(commit) && wallTimeOf(commit.hlc) >= from);
  const sent = await publish(
    { ...ports, region: of },
    lost.map((commit) => ({ commit })),
    dryRun,
  );
  return { ...sent, scanned: commits.length, scheduled: 0, cursor };
}

/** Streams whose conflicts are read at the same time. */
const STREAMS_AT_ONCE = 20;

/** The listed conflicts whose commit, or the one that resolved it, is among these and was written since a time. */
async function conflictsSince(
  { listing }: RepublishPorts,
  commits: readonly Commit[],
  from: number,
): Promise<readonly Change[]> {
  if (!listing) return [];
  const recent = commits.filter((commit) => !isShared(commit) && wallTimeOf(commit.hlc) >= from);
  const dots = new Set(recent.map(dotOf));
  const changes: Change[] = [];
  for (const streams of inChunks([...new Set(recent.map(({ stream }) => stream))], STREAMS_AT_ONCE)) {
    const kept = await Promise.all(streams.map((stream) => listing.ledger.ofStream(stream)));
    for (const conflict of kept.flatMap(({ entries }) => entries)) {
      const { stream, commit, resolvedBy = commit } = conflict;
      if ([commit, resolvedBy].some((each) => dots.has(dotOf({ ...each, stream })))) changes.push({ conflict });
    }
  }
  return changes;
}

function dotOf({ stream, log, position }: Pick<Commit, 'stream' | 'log' | 'position'>): string {
  return `${stream}@${log}.${position}`;
}

/** @returns the number of streams whose conflicts could not be listed again */
async function listAgain(
  { listing }: RepublishPorts,
  commits: readonly Commit[],
  { from, dryRun }: { readonly from: number; readonly dryRun: boolean },
): Promise<number> {
  if (!listing || dryRun) return 0;
  const final = commits.filter(({ hlc, tx }) => wallTimeOf(hlc) >= from && tx?.state !== 'prepared');
  return (await noticeConflicts(listing, final)).size;
}

/** Publishes changes; in a dry run, only counts their entries. */
async function publish(
  ports: RepublishPorts,
  changes: readonly Change[],
  dryRun: boolean,
): Promise<Pick<Result, 'published' | 'refused' | 'failed'>> {
  if (dryRun) return { published: changes.flatMap((change) => entriesFor(ports, change)).length, failed: 0 };
  const { published, refused, failed } = await publishChanges(ports, changes);
  return { published, refused, failed: failed.length };
}

async function republishDecisions(
  ports: RepublishPorts,
  { since, segment, segments, dryRun }: Request,
  after: string | undefined,
): Promise<Result> {
  const { decisions, cursor } = await ports.decisions.scan(segment, segments, after, PAGE);
  const from = Date.parse(since);
  const changes = decisions
    .filter((decision, i) => isLatest(decision, decisions[i + 1]) && nextAttemptEnds(decision) >= from)
    .map((decision) => ({ decision }));
  const decided = changes.filter(({ decision }) => decision.decidedAt >= from);
  const sent = await publish(ports, decided, dryRun);
  const { scheduled, failed } = await arm(ports, changes, dryRun);
  return { ...sent, scanned: 0, scheduled, failed: sent.failed + failed, cursor };
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
