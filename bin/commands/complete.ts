import type { Command } from 'commander';
import { parseScope } from '../../core/facts/placement.ts';
import { type Completed, completeMoves } from '../complete.ts';
import { sayJson, sayNote, sayText } from '../output.ts';
import { readPlacements } from '../placement.ts';
import { type RegionOptions, regionCommand, withRegion } from '../region-command.ts';

/** Streams that are named where Regions differ. */
const SHOWN = 5;

/** `meridian complete` */
export function addComplete(program: Command): void {
  regionCommand(
    program,
    'complete',
    'after failover or failback: end the move, so that no Region that wrote the streams before is needed for them',
  ).action((options: RegionOptions) =>
    withRegion(options, async (first) => {
      const placements = await readPlacements(first);
      const moves = await completeMoves(placements);
      if (moves.some(({ state }) => state !== 'complete')) process.exitCode = 1;
      if (options.json) sayJson({ moves });
      else if (moves.length === 0)
        sayText(
          'Nothing is to be completed: the streams of every home are written there. Those that were moved alone need no completion.',
        );
      else for (const move of moves) tell(move);
    }),
  );
}

function tell(move: Completed): void {
  const { home, type } = parseScope(move.scope);
  const what = `${type === undefined ? 'streams' : type} at home in ${home}, written in ${move.acting}`;
  if (move.state === 'complete') sayText(`${what}: complete`);
  else sayNote(`${what}: not complete${whyNot(move)}`);
}

function whyNot(move: Exclude<Completed, { state: 'complete' }>): string {
  switch (move.state) {
    case 'not-known':
      return `, because ${move.regions.join(', ')} must respond, and know of the move. See: meridian placement.`;
    case 'waits':
      return ` yet. All Regions know of the move. Repeat this in ${Math.ceil(move.seconds / 60)} min.`;
    case 'differs': {
      const some = move.streams.slice(0, SHOWN).join(', ');
      const more = move.streams.length > SHOWN ? `, and ${move.streams.length - SHOWN} more` : '';
      return `, because the Regions differ on ${some}${more}, or have not finished a transaction there. See: meridian verify.`;
    }
  }
}
