import { type Commit, isVisible } from '../facts/commit.ts';
import { wallTimeOf } from '../facts/hlc.ts';
import { STEP_MS } from '../limits/budgets.ts';
import type { CommitScan } from '../ports/commit-scan.ts';
import type { ActionRequest, ActionResult } from '../wire/operate.ts';
import { type ArmPorts, armResolver, type PublishPorts, publishChanges } from './relay.ts';

export interface RepublishPorts extends PublishPorts, ArmPorts {
  readonly events: CommitScan;
}

/** Commits per page. */
const PAGE = 100;

/** Cursor value for the start of a segment. */
const BEGINNING = '';

/**
 * Republishes the events of commits written here since a given time, under their original ids, and schedules the
 * resolver again for intents written since then. Reads page after page for {@link STEP_MS}. Stops at the first page
 * that could not be published completely; the cursor then points to that page. Repeating a step publishes its events
 * again.
 * @throws MeridianError `unavailable`
 */
export async function republishStep(
  ports: RepublishPorts,
  { since, segment, segments, cursor = BEGINNING, dryRun }: ActionRequest<'republish-step'>,
): Promise<ActionResult<'republish-step'>> {
  const { region, events, runtime } = ports;
  const deadline = runtime.elapsed() + STEP_MS;
  const from = Date.parse(since);
  const step = { scanned: 0, published: 0 };
  let at = cursor;
  do {
    const page = await events.scan(segment, segments, at === BEGINNING ? undefined : at, PAGE);
    const own = page.commits.filter((commit) => commit.region === region && wallTimeOf(commit.hlc) >= from);
    const changes = own.map((commit) => ({ commit }));
    const unpublished = dryRun ? 0 : (await publishChanges(ports, changes)).length;
    const unarmed = dryRun ? 0 : (await armResolver(ports, changes)).length;
    const failed = unpublished + unarmed;
    step.scanned += page.commits.length;
    step.published += count(own) - unpublished;
    if (failed > 0) return { ...step, failed, cursor: at };
    if (page.cursor === undefined) return { ...step, failed };
    at = page.cursor;
  } while (runtime.elapsed() < deadline);
  return { ...step, failed: 0, cursor: at };
}

function count(commits: readonly Commit[]): number {
  return commits.filter(isVisible).reduce((sum, { events }) => sum + events.length, 0);
}
