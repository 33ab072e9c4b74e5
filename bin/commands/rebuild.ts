import { setTimeout as sleep } from 'node:timers/promises';
import { MultiBar } from 'cli-progress';
import type { Command } from 'commander';
import type { ActionResult } from '../../core/index.ts';
import { CliError } from '../client/cli-error.ts';
import type { Region } from '../client/region.ts';
import { everyRegion, inEach, tellEach } from '../each-region.ts';
import { countOf, sayText } from '../output.ts';
import { type RegionOptions, regionCommand, wholeNumber, withRegion } from '../region-command.ts';
import { sideBySide } from '../side-by-side.ts';

interface RebuildOptions extends RegionOptions {
  readonly only?: boolean;
  readonly segments?: number;
  readonly clean?: boolean;
}

type RebuildStatus = ActionResult<'rebuild-status'>;

/** `meridian rebuild` */
export function addRebuild(program: Command): void {
  regionCommand(program, 'rebuild', 'rebuild a view from the events, in every Region; the view stays readable')
    .argument('<view>', 'its name')
    .option('--only', 'in the named Region only')
    .option(
      '--segments <n>',
      'parts of the table that are read in parallel, up to 32; 4 by default',
      wholeNumber(1, 32),
    )
    .option(
      '--clean',
      'only delete the rows of earlier builds; possible two minutes after the current build was finished',
    )
    .action((view: string, options: RebuildOptions) =>
      withRegion(options, async (first) => {
        const regions = options.only ? [first] : await everyRegion(first);
        await (options.clean ? clean(regions, view, options) : rebuild(regions, view, options));
      }),
    );
}

async function rebuild(
  regions: readonly Region[],
  view: string,
  { json = false, segments }: RebuildOptions,
): Promise<void> {
  const bars = json || !process.stderr.isTTY ? undefined : new MultiBar(BAR);
  const results = await inEach(regions, (region) => {
    const bar = bars?.create(1, 0, { region: region.name, streams: 0 });
    return rebuildIn(region, view, segments, (now) => {
      bar?.setTotal(now.segments.length);
      bar?.update(now.segments.filter(({ done }) => done).length, { streams: now.streams });
    });
  });
  bars?.stop();
  tellEach(results, json, ({ active }) => `${view} is rebuilt: reads now use build ${active.build}.`);
  if (!json && results.some((result) => 'done' in result))
    sayText(`In two minutes the rows of the previous build can be deleted: meridian rebuild ${view} --clean`);
}

const BAR = {
  format: '{region} {bar} {value}/{total} segments, {streams} streams',
  clearOnComplete: true,
  // Leaves line wrap on: by default the bar turns it off, and Ctrl-C would not turn it on again.
  linewrap: true,
};

/** @returns the status after the end of the build */
export async function rebuildIn(
  region: Pick<Region, 'operate'>,
  view: string,
  segments: number | undefined,
  onProgress: (status: RebuildStatus) => void,
): Promise<RebuildStatus> {
  const begun = await region.operate('rebuild-begin', { view, segments });
  const { build } = begun;
  onProgress(begun);
  const isUnderWay = (status: RebuildStatus): boolean => {
    if (!status.done && status.build === build) return true;
    if (status.active.build === build) return false;
    throw new CliError('replaced', `Another build of ${view} has started in the meantime: run the command again.`);
  };
  await sideBySide(begun.segments, async ({ segment, done }, stop) => {
    for (let isDone = done; !isDone && !stop.aborted; ) {
      const status = await region.operate('rebuild-step', { view, build, segment });
      if (!isUnderWay(status)) return;
      onProgress(status);
      isDone = status.segments[segment]?.done ?? true;
    }
  });
  const end = await region.operate('rebuild-status', { view });
  if (isUnderWay(end))
    throw new CliError('not-done', `Build ${build} of ${view} is not complete: run the command again to continue it.`);
  return end;
}

const BETWEEN_CLEANS_MS = 1000;

async function clean(regions: readonly Region[], view: string, { json = false }: RebuildOptions): Promise<void> {
  const results = await inEach(regions, async (region) => {
    for (;;) {
      const now = Date.now();
      const status = await region.operate('rebuild-clean', { view });
      if (!status.retired.some(({ removableAt }) => Date.parse(removableAt) < now)) return status;
      // If the Region's clock is behind this machine's, it may be too early for the Region to delete them.
      await sleep(BETWEEN_CLEANS_MS);
    }
  });
  tellEach(results, json, ({ retired }) => {
    const [first] = retired.map(({ removableAt }) => removableAt).sort();
    return first === undefined
      ? `all earlier builds of ${view} are deleted.`
      : `${countOf(retired.length, 'earlier build')} of ${view} can be deleted from ${first} on.`;
  });
}
