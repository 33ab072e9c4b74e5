import type { Command } from 'commander';
import { reportingErrors, sayText } from '../output.ts';

/** `meridian init` */
export function addInit(program: Command): void {
  program
    .command('init')
    .description('begin a project: a folder with streams, tests and a deployment of its own')
    .argument('<folder>', 'a new or an empty one; its last part is the name of the project')
    .option(
      '--package <spec>',
      'what `npm install` gets Meridian by: a version, a tarball or a URL (default: where this one came from)',
    )
    .action((folder: string, { package: spec }: { readonly package?: string }) =>
      reportingErrors({}, async () => {
        const { initProject } = await import('../init/init.ts');
        const { files, name } = initProject(folder, spec);
        sayText(`Made ${name}, ${files} files. Next:
  cd ${folder}
  npm install
  npm start          its streams in three Regions of this process
  npm test           what they promise`);
      }),
    );
}
