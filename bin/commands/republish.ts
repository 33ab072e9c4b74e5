import { type Command, InvalidArgumentError } from 'commander';
import { pauseMs } from '../../client/retry.ts';
import { platformRuntime } from '../../client/runtime.ts';
import { CLIENT_TRIES } from '../../core/limits/budgets.ts';
import type { ActionResult } from '../../core/wire/operate.ts';
import { CliError } from '../client/cli-error.ts';
import type { Region } from '../client/region.ts';
import { everyRegion, inEach, tellEach } from '../each-region.ts';
import { countOf, sayNote } from '../output.ts';
import { regionNamed } from '../placement.ts';
import { type RegionOptions, regionCommand, withRegion } from '../region-command.ts';
import { sideBySide } from '../side-by-side.ts';
import { localTime, timeOf } from '../time.ts';

interface RepublishOptions extends RegionOptions {
  readonly since: string;
  readonly only?: boolean;
  readonly dryRun?: boolean;
  readonly of?: string;
}

/** @returns ISO 8601 */
function since(text: string): string {
  const now = Date.now();
  const time = timeOf(text, now);
  if (time === undefined)
    throw new InvalidArgumentError(
      'Write a time of the calendar, such as 2026-11-24T08:00:00Z, without Z in local time, or how long ago: 90m, 36h, 2d.',
    );
  if (time.getTime() >= now) throw new InvalidArgumentError(`${time.toISOString()} is not in the past.`);
  return time.toISOString();
}

/** `meridian republish` */
export function addRepublish(program: Command): void {
  regionCommand(
    program,
    'republish',
    'publish again, in every Region, the events that the Region has written since a given time, and have the transactions of that time finished',
  )
    .requiredOption(
      '--since <time>',
      'a time, such as 2026-11-24T08:00:00Z (without Z or an offset: local time), or how long ago: 90m, 36h, 2d',
      since,
    )
    .option('--only', 'in the named Region only')
    .option('--of <region>', 'a lost Region: the others publish what it wrote and they have received')
    .option('--dry-run', 'only count the events and transactions')
    .action((options: RepublishOptions) =>
      withRegion(options, async (first) => {
        const { json = false, dryRun = false, since, of } = options;
        if (!json) sayNote(`Since ${options.since}, in local time ${localTime(new Date(options.since))}:`);
        const regions = options.only ? [first] : await everyRegion(first);
        if (of !== undefined && !options.only) regionNamed({ regions }, of);
        const publishing = regions.filter(({ name }) => name !== of);
        const results = await inEach(publishing, (region) =>
          republishIn(region, { since, dryRun, ...(of !== undefined && { of }) }),
        );
        tellEach(results, json, ({ scanned, published, refused = 0, scheduled }) => {
          const would = dryRun ? 'would be ' : '';
          const kept = refused > 0 ? ` The bus refused ${countOf(refused, 'event')}, now in the quarantine.` : '';
          return `${countOf(published, 'event')} ${would}published again, of ${countOf(scanned, 'commit')} read; ${countOf(scheduled, 'check')} of transactions ${would}scheduled.${kept}`;
        });
      }),
    );
}

/** Parts of each table that are read in parallel. */
const SEGMENTS = 4;

type Counts = Pick<ActionResult<'republish-step'>, 'scanned' | 'published' | 'refused'> & {
  readonly scheduled: number;
};

interface Asked {
  readonly since: string;
  readonly dryRun: boolean;
  readonly of?: string;
}

async function republishIn(region: Region, asked: Asked): Promise<Counts> {
  const segments = await sideBySide([...Array(SEGMENTS).keys()], (segment, stop) =>
    republishSegment(region, { ...asked, segment }, stop),
  );
  const refused = segments.reduce((sum, segment) => sum + (segment.refused ?? 0), 0);
  return {
    ...(refused > 0 && { refused }),
    scanned: segments.reduce((sum, { scanned }) => sum + scanned, 0),
    published: segments.reduce((sum, { published }) => sum + published, 0),
    scheduled: segments.reduce((sum, { scheduled }) => sum + scheduled, 0),
  };
}

async function republishSegment(
  region: Region,
  request: Asked & { readonly segment: number },
  stop: AbortSignal,
): Promise<Counts> {
  const all = { scanned: 0, published: 0, refused: 0, scheduled: 0 };
  let cursor: string | undefined;
  for (let failures = 0; ; ) {
    const step: ActionResult<'republish-step'> = await region.operate('republish-step', {
      ...request,
      segments: SEGMENTS,
      cursor,
    });
    all.scanned += step.scanned;
    all.published += step.published;
    all.refused += step.refused ?? 0;
    all.scheduled += step.scheduled ?? 0;
    if (stop.aborted || (step.cursor === undefined && step.failed === 0)) return all;
    failures = step.failed > 0 && step.cursor === cursor ? failures + 1 : 0;
    if (failures === CLIENT_TRIES)
      throw new CliError(
        'not-published',
        `The bus or the resolver's queue does not accept ${countOf(step.failed, 'message')}; of this part of the tables, ${countOf(all.published, 'event')} were published and ${countOf(all.scheduled, 'check')} scheduled. Run the command again: ids stay the same, so subscribers recognise events that they have handled.`,
      );
    if (step.failed > 0) await platformRuntime.sleep(pauseMs(platformRuntime, failures));
    cursor = step.cursor;
  }
}
