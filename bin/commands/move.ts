import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ActionResult } from '../../core/wire/operate.ts';
import { CliError } from '../client/cli-error.ts';
import type { Region } from '../client/region.ts';
import { sayJson, sayNote, sayText } from '../output.ts';
import { checkTarget, type Placements, readPlacements, regionNamed } from '../placement.ts';
import { type RegionOptions, regionCommand, streamArgument, withRegion } from '../region-command.ts';

interface MoveOptions extends RegionOptions {
  readonly to?: string;
  readonly home?: boolean;
  readonly dryRun?: boolean;
}

type Moved = ActionResult<'move-stream'>;

/** How long the command waits until the Region that is to write the stream does, and how often it asks. */
const WRITTEN_MS = 60_000;
const ASK_MS = 250;

/** `meridian move` */
export function addMove(program: Command): void {
  regionCommand(program, 'move', 'have one home stream written in another Region, whatever its id says')
    .argument('<stream>', 'the stream, such as order/17', streamArgument)
    .option('--to <region>', 'the Region that is to be its home')
    .option('--home', 'the home that its id names')
    .option('--dry-run', 'only show what would be done')
    .action((stream: string, options: MoveOptions) =>
      withRegion(options, async (first) => {
        const { to, home = false, dryRun = false, json = false } = options;
        if ((to !== undefined) === home)
          throw new CliError('target', 'Name the Region with --to, or send the stream home with --home.');
        const placements = await readPlacements(first);
        if (to !== undefined) regionNamed(placements, to);
        checkKnown(placements);
        const asked = { stream, ...(to !== undefined && { to }) };
        const planned = await first.operate('move-stream', { ...asked, dryRun: true });
        checkTarget(placements, { name: planned.willBeWrittenIn });
        const moved = dryRun ? planned : await first.operate('move-stream', { ...asked, dryRun: false });
        const written = dryRun ? undefined : await untilWritten(first, moved);
        if (json) sayJson({ ...moved, ...written, dryRun });
        else tell({ ...moved, ...written }, dryRun);
        if (!dryRun && !written) process.exitCode = 1;
      }),
    );
}

/** @throws CliError if a Region that responds has code that would go on to write the stream by its id */
function checkKnown({ answers }: Placements): void {
  const old = [...answers].flatMap(([name, answer]) => (typeof answer === 'string' || answer.pins ? [] : [name]));
  if (old.length > 0)
    throw new CliError(
      'older-code',
      `${old.join(', ')} would not know of the move: its code is from before streams could be moved. Deploy every Region first.`,
    );
  for (const [name, answer] of answers)
    if (typeof answer === 'string')
      sayNote(`${name} does not respond, so whether its code knows of moved streams is open: ${answer}`);
}

/** The Region that writes a stream now, and after how many seconds. */
interface Written {
  readonly willBeWrittenIn: string;
  readonly seconds: number;
}

/** Waits until the Region that is to write the stream does. @returns undefined: not in time */
async function untilWritten(region: Region, { stream, home }: Moved): Promise<Written | undefined> {
  const start = Date.now();
  while (Date.now() - start < WRITTEN_MS) {
    const seen = await region.operate('move-stream', { stream, to: home, dryRun: true }).catch(() => undefined);
    if (seen && !seen.moved && seen.writtenIn === seen.willBeWrittenIn)
      return { willBeWrittenIn: seen.writtenIn, seconds: (Date.now() - start) / 1000 };
    await sleep(ASK_MS);
  }
  return undefined;
}

function tell(
  { stream, home, writtenIn, willBeWrittenIn, moved, seconds }: Moved & Partial<Written>,
  dryRun: boolean,
): void {
  const place = willBeWrittenIn === home ? '' : `, in whose place ${willBeWrittenIn} writes`;
  if (!moved) sayText(`${stream} is at home in ${home}${place}: nothing is to be moved.`);
  else if (dryRun) sayText(`${stream} is written in ${writtenIn}. It would be at home in ${home}${place}.`);
  else sayText(`${stream} was written in ${writtenIn}. Now it is at home in ${home}${place}.`);
  if (dryRun) return;
  if (seconds === undefined) sayNote(`${willBeWrittenIn}: does not write it yet. Repeat the command to find out.`);
  else sayText(`${willBeWrittenIn}: writes it after ${seconds.toFixed(1)} s`);
}
