import { spawnSync } from 'node:child_process';
import type { Command } from 'commander';
import { packageBin } from '../../project/package-bin.ts';
import type { Project } from '../../project/project.ts';
import { readProject } from '../../project/read-project.ts';
import { needProject } from '../need-project.ts';
import { reportingErrors } from '../output.ts';

/** Adds `meridian test`, unless the project has its own command of this name. */
export function addTest(program: Command, project: Project | undefined): void {
  program
    .command('test')
    .description("check the project's domain and subscribers, then run its tests with Vitest")
    .argument('[args...]', 'arguments for `vitest run`, after two hyphens')
    .action((args: readonly string[]) =>
      reportingErrors({}, async () => {
        const found = needProject(project);
        const { folder } = found;
        // The project is checked first, so that there is one clear error instead of one per test file.
        await readProject(found);
        const vitest = packageBin(folder, 'vitest');
        const { status, error } = spawnSync(process.execPath, [vitest, 'run', ...args], {
          cwd: folder,
          stdio: 'inherit',
        });
        if (error) throw error;
        process.exitCode = status ?? 1;
      }),
    );
}
