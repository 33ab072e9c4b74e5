import { Command } from 'commander';
import { ownPackage, ownPage } from '../project/own-package.ts';
import { addProjectCommands, findProject, type Project } from '../project/project.ts';
import { BEGIN } from './need-project.ts';
import { endWithReader, reportError } from './output.ts';

const USAGE_ERROR = 2;

const program = new Command('meridian')
  .description('Event-driven systems whose data stays consistent across AWS Regions')
  .version(ownPackage().version, '--version', 'print the version')
  .configureOutput({ outputError: (text, write) => write(plain(text)) })
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : USAGE_ERROR));

endWithReader();
// Every command has its own file.
const project = projectHere();
if (project) await addProjectCommands(program, project);

/** Every command needs to know its project, so a fault of package.json ends all of them. */
function projectHere(): Project | undefined {
  try {
    return findProject(process.cwd());
  } catch (error) {
    reportError(error, { json: process.argv.includes('--json') });
    process.exit(process.exitCode);
  }
}

type Add = (program: Command, project: Project | undefined) => void;

/** A command's file is loaded only when the command is used: together they load all of Meridian. */
const groups: readonly (readonly [string, Readonly<Record<string, () => Promise<Add>>>])[] = [
  [
    'A project:',
    {
      init: async () => (await import('./commands/init.ts')).addInit,
      schemas: async () => (await import('./commands/schemas.ts')).addSchemas,
      start: async () => (await import('./commands/start.ts')).addStart,
      test: async () => (await import('./commands/test.ts')).addTest,
      synth: async () => (await import('./commands/synth.ts')).addSynth,
      deploy: async () => (await import('./commands/deploy.ts')).addDeploy,
      localstack: async () => (await import('./commands/localstack.ts')).addLocalStack,
    },
  ],
  [
    'Streams and views of a Region:',
    {
      ingest: async () => (await import('./commands/ingest.ts')).addIngest,
      append: async () => (await import('./commands/append.ts')).addAppend,
      command: async () => (await import('./commands/command.ts')).addCommand,
      transact: async () => (await import('./commands/transact.ts')).addTransact,
      transaction: async () => (await import('./commands/transaction.ts')).addTransaction,
      stream: async () => (await import('./commands/stream.ts')).addStream,
      conflicts: async () => (await import('./commands/conflicts.ts')).addConflicts,
      view: async () => (await import('./commands/view.ts')).addView,
    },
  ],
  [
    'For operators:',
    {
      smoke: async () => (await import('./commands/smoke.ts')).addSmoke,
      regions: async () => (await import('./commands/regions.ts')).addRegions,
      placement: async () => (await import('./commands/placement.ts')).addPlacement,
      failover: async () => (await import('./commands/failover.ts')).addFailover,
      failback: async () => (await import('./commands/failover.ts')).addFailback,
      move: async () => (await import('./commands/move.ts')).addMove,
      drill: async () => (await import('./commands/drill.ts')).addDrill,
      complete: async () => (await import('./commands/complete.ts')).addComplete,
      decide: async () => (await import('./commands/decide.ts')).addDecide,
      quarantine: async () => (await import('./commands/quarantine.ts')).addQuarantine,
      verify: async () => (await import('./commands/verify.ts')).addVerify,
      rebuild: async () => (await import('./commands/rebuild.ts')).addRebuild,
      republish: async () => (await import('./commands/republish.ts')).addRepublish,
      record: async () => (await import('./commands/record.ts')).addRecord,
      check: async () => (await import('./commands/check.ts')).addCheck,
      cost: async () => (await import('./commands/cost.ts')).addCost,
    },
  ],
];

const [asked = ''] = process.argv.slice(2);
const isCommand = groups.some(([, commands]) => Object.hasOwn(commands, asked));
for (const [heading, commands] of groups) {
  program.commandsGroup(heading);
  for (const [name, load] of Object.entries(commands)) {
    // A command of the project replaces the generic one with the same name.
    if ((isCommand && name !== asked) || program.commands.some((command) => command.name() === name)) continue;
    const add = await load();
    add(program, project);
  }
}

program.addHelpText(
  'after',
  `
Commands talk to the Regions that \`npm start\` serves, unless --url or --region names another Region.
Exit codes: 0, 1 for an error or a refusal, 2 for wrong usage, 3 for a transaction whose outcome is not known yet. Data is on standard output, errors are on standard error.
All commands in detail: ${ownPage('reference/command-line.md')}${project ? '' : `\n\n${BEGIN}`}`,
);

/** Simplifies Commander's message about an argument: users do not know the term `command-argument value`. */
function plain(text: string): string {
  return text.replace(
    /^error: command-argument value '(.*)' is invalid for argument '(.*?)'\./s,
    "error: '$1' is not a valid $2.",
  );
}

/** The full help would push the error message off the screen. */
function pointToHelp(command: Command, name: string): void {
  command.showHelpAfterError(`See: ${name} --help`);
  for (const child of command.commands) pointToHelp(child, `${name} ${child.name()}`);
}
pointToHelp(program, program.name());

await program.parseAsync();
