import type { Command } from 'commander';
import type { Project } from '../../project/project.ts';
import { runCdk } from '../cdk.ts';
import { needProject } from '../need-project.ts';
import { reportingErrors } from '../output.ts';

/** Adds `meridian synth`, unless the project has its own command of this name. */
export function addSynth(program: Command, project: Project | undefined): void {
  program
    .command('synth')
    .description('bundle the functions and synthesize the stacks of the project into cdk.out/')
    .argument('[args...]', 'arguments for `cdk synth`, after two hyphens')
    .allowUnknownOption()
    .action((args: readonly string[]) =>
      reportingErrors({}, async () => {
        process.exitCode = await runCdk(needProject(project), ['synth', '--quiet', ...args], {
          withoutAdvice: true,
        });
      }),
    );
}
