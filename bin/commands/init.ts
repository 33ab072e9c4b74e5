import type { Command } from 'commander';
import { reportingErrors, sayText } from '../output.ts';

/** Adds `meridian init`. */
export function addInit(program: Command): void {
  program
    .command('init')
    .description('create a project: a folder with streams, tests and a CDK app')
    .argument('<folder>', 'a new or empty folder; its name is the name of the project')
    .option(
      '--package <spec>',
      'the version, tarball or URL of Meridian to depend on (default: the one that is running)',
    )
    .action((folder: string, { package: spec }: { readonly package?: string }) =>
      reportingErrors({}, async () => {
        const { initProject } = await import('../init/init.ts');
        const { files, name } = initProject(folder, spec);
        sayText(`Created ${name} with ${files} files. Next steps:
  cd ${folder}
  npm install
  npm start          run its streams in three Regions in one process
  npm test           run its tests`);
      }),
    );
}
