import { spawnSync } from 'node:child_process';
import type { Command } from 'commander';
import { readDomain } from '../../project/domain-file.ts';
import { packageBin } from '../../project/package-bin.ts';
import type { Project } from '../../project/project.ts';
import { needProject } from '../need-project.ts';
import { reportingErrors } from '../output.ts';

/** `meridian test`, unless the project has its own command of this name. */
export function addTest(program: Command, project: Project | undefined): void {
  program
    .command('test')
    .description("run the project's tests with Vitest, after checking that its domain loads")
    .argument('[args...]', 'arguments for `vitest run`, after two hyphens')
    .action((args: readonly string[]) =>
      reportingErrors({}, async () => {
        const { folder, domain } = needProject(project);
        // Loaded first, because its own error is clearer than the error of each test file that imports it.
        readDomain(domain);
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
