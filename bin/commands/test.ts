import { spawnSync } from 'node:child_process';
import type { Command } from 'commander';
import { readDomain } from '../../project/domain-file.ts';
import { packageBin } from '../../project/package-bin.ts';
import type { Project } from '../../project/project.ts';
import { needProject } from '../need-project.ts';
import { reportingErrors } from '../output.ts';

/** `meridian test`, for a project that has no command of this name. */
export function addTest(program: Command, project: Project | undefined): void {
  program
    .command('test')
    .description("run the project's tests with Vitest, after a look at its domain")
    .argument('[args...]', 'for `vitest run`, after two hyphens')
    .action((args: readonly string[]) =>
      reportingErrors({}, async () => {
        const { folder, domain } = needProject(project);
        // Its error says more than that of every test file that imports it.
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
