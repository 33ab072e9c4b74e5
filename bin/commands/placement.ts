import type { Command } from 'commander';
import { sayJson, sayNote, sayText } from '../output.ts';
import { knows, placementTable, readPlacements } from '../placement.ts';
import { type RegionOptions, regionCommand, withRegion } from '../region-command.ts';

/** `meridian placement` */
export function addPlacement(program: Command): void {
  regionCommand(
    program,
    'placement',
    'show where home streams are written after their homes have moved, and which Regions know',
  ).action((options: RegionOptions) =>
    withRegion(options, async (first) => {
      const { known, answers } = await readPlacements(first);
      const regions = [...answers].map(([region, answer]) =>
        typeof answer === 'string'
          ? { region, error: answer }
          : { region, knowsNewest: knows(answer.placement, known) },
      );
      if (regions.some((region) => 'error' in region)) process.exitCode = 1;
      if (options.json) {
        sayJson({ placement: known, regions });
        return;
      }
      if (Object.keys(known).length === 0)
        sayText('The streams of every home are written there. Those that were moved alone are not listed.');
      else sayText(placementTable(known));
      for (const of of regions)
        if ('error' in of) sayNote(`${of.region}: ${of.error}`);
        else
          sayText(
            `${of.region}: ${of.knowsNewest ? 'knows the newest entries' : 'does not know the newest entries yet'}`,
          );
    }),
  );
}
