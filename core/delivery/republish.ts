import { type Commit, isVisible } from '../facts/commit.ts';
import { wallTimeOf } from '../facts/hlc.ts';
import { STEP_MS } from '../limits/budgets.ts';
import type { CommitScan } from '../ports/commit-scan.ts';
import type { ActionRequest, ActionResult } from '../wire/operate.ts';
import { type ArmPorts, armResolver, type PublishPorts, publishChanges } from './relay.ts';

export interface RepublishPorts extends PublishPorts, ArmPorts {
  readonly events: CommitScan;
}

/** Commits of one page. */
const PAGE = 100;

/** As a cursor: the beginning of a segment. */
const BEGINNING = '';

/**
 * Puts the events of the commits that were written here since a time on the bus again, with the ids that they had, and has
 * the resolver look at intents of that time once more, page after page for {@link STEP_MS}. It ends at the first page of which something
 * was not taken, and stands before it. A step that is made twice publishes twice.
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
