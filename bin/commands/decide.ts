import type { Command } from 'commander';
import { attemptIdOf } from '../../core/facts/decision.ts';
import { type Decided, decideLost, decidersFor } from '../decide.ts';
import { countOf, sayJson, sayNote, sayText } from '../output.ts';
import { readPlacements, regionNamed } from '../placement.ts';
import { type RegionOptions, regionCommand, withRegion } from '../region-command.ts';

interface DecideOptions extends RegionOptions {
  readonly dryRun?: boolean;
}

/** `meridian decide` */
export function addDecide(program: Command): void {
  regionCommand(
    program,
    'decide <lost>',
    'end the transactions of a Region that is lost permanently, by what the other Regions have of them',
  )
    .option('--dry-run', 'only show what would be decided and made final')
    .action((lost: string, options: DecideOptions) =>
      withRegion(options, async (first) => {
        const { dryRun = false, json = false } = options;
        const placements = await readPlacements(first);
        regionNamed(placements, lost);
        const deciders = decidersFor(placements, lost);
        const decided = await decideLost(deciders, { dryRun });
        if (decided.waiting.length > 0) process.exitCode = 1;
        if (json) sayJson({ dryRun, by: deciders.by, ...decided });
        else tell(decided, dryRun);
      }),
    );
}

function tell({ decisions, intents, waiting }: Decided, dryRun: boolean): void {
  for (const decision of decisions) sayText(`${attemptIdOf(decision)}: ${decision.state}`);
  for (const { region, intent, state } of intents)
    sayText(`${intent.stream}@${intent.log}.${intent.position}: ${state}, made final in ${region}`);
  for (const id of waiting) sayNote(`${id}: may still be decided by the Region that drives it. Repeat this later.`);
  if (decisions.length === 0 && waiting.length === 0) sayText('Nothing is undecided, and every intent is final.');
  else if (dryRun) sayText('Nothing was changed.');
  else sayText(`${countOf(decisions.length, 'attempt')} decided, ${countOf(intents.length, 'intent')} made final.`);
}
