import type { Command } from 'commander';
import { reportingErrors, sayText } from '../output.ts';

/** `meridian init` */
export function addInit(program: Command): void {
  program
    .command('init')
    .description('create a project: a folder with streams, tests and its own deployment')
    .argument('<folder>', 'a new or empty folder; its last part is the name of the project')
    .option(
      '--package <spec>',
      'where `npm install` gets Meridian from: a version, a tarball or a URL (default: the source of this installation)',
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
