import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { Command } from 'commander';
import * as z from 'zod';
import { addProjectCommands, findProject } from '../project/project.ts';
import { addAppend } from './commands/append.ts';
import { addCommand } from './commands/command.ts';
import { addCost } from './commands/cost.ts';
import { addDeploy } from './commands/deploy.ts';
import { addIngest } from './commands/ingest.ts';
import { addInit } from './commands/init.ts';
import { addQuarantine } from './commands/quarantine.ts';
import { addRebuild } from './commands/rebuild.ts';
import { addRegions } from './commands/regions.ts';
import { addRepublish } from './commands/republish.ts';
import { addSchemas } from './commands/schemas.ts';
import { addStart } from './commands/start.ts';
import { addStream } from './commands/stream.ts';
import { addTest } from './commands/test.ts';
import { addTransact } from './commands/transact.ts';
import { addTransaction } from './commands/transaction.ts';
import { addView } from './commands/view.ts';
import { BEGIN } from './need-project.ts';
import { endWithReader } from './output.ts';

const USAGE_ERROR = 2;

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(findPackageJSON(import.meta.url) ?? '', 'utf8')));

const program = new Command('meridian')
  .description('Event-driven systems whose data stays consistent across AWS Regions')
  .version(version, '--version', 'print the version')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : USAGE_ERROR));

endWithReader();
// Each command is in a file of its own.
const project = findProject(process.cwd());
if (project) await addProjectCommands(program, project);
program.commandsGroup('Your project:');
addInit(program);
// A command of the project's own takes the place of the one of that name.
for (const [name, add] of [
  ['start', addStart],
  ['test', addTest],
  ['deploy', addDeploy],
] as const)
  if (!program.commands.some((command) => command.name() === name)) add(program, project);
addSchemas(program);
program.commandsGroup('Streams and views of a Region:');
for (const add of [addIngest, addAppend, addCommand, addTransact, addTransaction, addStream, addView]) add(program);
program.commandsGroup('For operators:');
for (const add of [addRegions, addQuarantine, addRebuild, addRepublish, addCost]) add(program);

program.addHelpText(
  'after',
  `
Commands talk to the world that \`npm start\` serves, unless --url or --region names another Region.
Exit codes: 0, 1 for an error or a refusal, 2 for wrong usage, 3 for a transaction of
which no outcome is known yet. Data is on standard output, errors are on standard error.
Commands in full: docs/reference/command-line.md${project ? '' : `\n\n${BEGIN}`}`,
);

/** A whole help would push what is wrong out of sight. */
function pointToHelp(command: Command, name: string): void {
  command.showHelpAfterError(`See: ${name} --help`);
  for (const child of command.commands) pointToHelp(child, `${name} ${child.name()}`);
}
pointToHelp(program, program.name());

await program.parseAsync();
