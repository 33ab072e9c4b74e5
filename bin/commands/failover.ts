import type { Command } from 'commander';
import { joinPlacements, type Placement, parseScope } from '../../core/facts/placement.ts';
import { type Move, planFailback } from '../../core/placement/moves.ts';
import { caughtUp, caughtUpText } from '../behind.ts';
import { CliError } from '../client/cli-error.ts';
import { sayJson, sayNote, sayText } from '../output.ts';
import {
  checkMoves,
  checkType,
  type Known,
  makeMove,
  type Placements,
  placementTable,
  plannedEntries,
  readPlacements,
  regionNamed,
  sayKnown,
  untilKnown,
} from '../placement.ts';
import { type RegionOptions, regionCommand, typeOption, withRegion } from '../region-command.ts';

interface FailbackOptions extends RegionOptions {
  readonly type?: string;
  readonly dryRun?: boolean;
}

interface FailoverOptions extends FailbackOptions {
  readonly to: string;
  readonly forced?: boolean;
  readonly acceptLossWindow?: boolean;
}

/** `meridian failover` */
export function addFailover(program: Command): void {
  regionCommand(program, 'failover <from>', 'have another Region write the home streams that a Region writes now')
    .requiredOption('--to <region>', 'the Region that is to write them')
    .addOption(typeOption())
    .option('--forced', 'without the Region that writes them now, because it is lost')
    .option('--accept-loss-window', 'required with --forced: what it acknowledged and has not arrived is not seen')
    .option('--dry-run', 'only show what would be written')
    .action((from: string, options: FailoverOptions) =>
      withRegion(options, async (first) => {
        const { to, type, forced = false } = options;
        if (options.acceptLossWindow && !forced)
          throw new CliError('loss-window', 'A planned move loses nothing: --accept-loss-window is for --forced.');
        if (forced && !options.acceptLossWindow)
          throw new CliError(
            'loss-window',
            `What ${from} has acknowledged and has not arrived in ${to} is not seen by ${to}; if ${from} comes back, it shows as conflicts. Repeat the command with --accept-loss-window.`,
          );
        const placements = await readPlacements(first, forced ? from : undefined);
        const move: Move = { from, to, kind: forced ? 'forced' : 'planned', ...(type !== undefined && { type }) };
        checkMoves(placements, [move]);
        await makeMoves(placements, [move], options);
      }),
    );
}

/** `meridian failback` */
export function addFailback(program: Command): void {
  regionCommand(program, 'failback <region>', 'have home streams written at home again: a planned move')
    .addOption(typeOption())
    .option('--dry-run', 'only show what would be written')
    .action((home: string, options: FailbackOptions) =>
      withRegion(options, async (first) => {
        const placements = await readPlacements(first);
        regionNamed(placements, home);
        checkType(placements, options.type);
        const moves = planFailback(placements.known, { home, type: options.type });
        checkMoves(placements, moves);
        if (moves.length === 0 && !options.json) sayText(`${home} writes all of these streams that are at home there.`);
        else await makeMoves(placements, moves, options);
      }),
    );
}

async function makeMoves(placements: Placements, moves: readonly Move[], options: FailbackOptions): Promise<void> {
  const { json = false, dryRun = false } = options;
  if (dryRun) {
    const entries = plannedEntries(placements, moves);
    const behind = await Promise.all(
      moves.map(({ from, to }) => caughtUp(regionNamed(placements, from), regionNamed(placements, to))),
    );
    if (json) sayJson({ dryRun, moved: entries, caughtUp: behind });
    else {
      const lines = [
        `Would be written:\n${placementTable(entries)}`,
        followersOf(entries),
        ...behind.map(caughtUpText),
      ];
      sayText(lines.join('\n'));
    }
    return;
  }
  let moved: Placement = {};
  for (const move of moves)
    moved = { ...moved, ...(await makeMove({ ...placements, known: joinPlacements(placements.known, moved) }, move)) };
  if (!json) sayText(placementTable(moved));
  const lost = moves.flatMap(({ kind, from }) => (kind === 'forced' ? [from] : []));
  const asked = placements.regions.filter(({ name }) => !lost.includes(name));
  const known = await untilKnown(asked, moved);
  if (known.some(({ seconds }) => seconds === undefined)) process.exitCode = 1;
  if (json) {
    sayJson({ moved, regions: known });
    return;
  }
  sayKnown(known);
  sayText(followersOf(moved));
  for (const move of moves) sayIfNoneWrites(move, known);
}

/** A planned move that its target does not learn of leaves the streams without a Region that writes them. */
function sayIfNoneWrites({ kind, from, to }: Move, known: readonly Known[]): void {
  if (kind === 'forced' || known.some(({ region, seconds }) => region === to && seconds !== undefined)) return;
  sayNote(
    `${to} does not know yet that it writes them, and ${from} does not write them any more. If ${from} cannot reach ${to}, end the wait: meridian failover ${from} --to ${to} --forced --accept-loss-window.`,
  );
}

/** What else moves: this command does not know the subscribers of the deployment, but the Regions that they may be named to. */
function followersOf(entries: Placement): string {
  const homes = new Set(Object.keys(entries).map((scope) => parseScope(scope).home));
  return `Subscribers that are named to ${[...homes].join(', ')} (runsIn) move along.`;
}
