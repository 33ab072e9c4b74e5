import { relative } from 'node:path';
import { type Command, Option } from 'commander';
import { schemaVersionsOf } from '../../core/definition/event-version.ts';
import type { Domain } from '../../core/index.ts';
import type { Project } from '../../project/project.ts';
import type { UpdateOptions } from '../../schemas/update-contract.ts';
import { needProject } from '../need-project.ts';
import { countOf, reportingErrors, sayText } from '../output.ts';

/** `meridian schemas` */
export function addSchemas(program: Command, project: Project | undefined): void {
  program
    .command('schemas')
    .description('write the JSON Schemas, the AsyncAPI and the OpenAPI document of the project')
    .option('--check', 'write nothing; fail if a file is out of date or a released schema has changed')
    .addOption(
      new Option('--release', 'also record the schemas as released: from now on they must not change').conflicts(
        'check',
      ),
    )
    .addOption(
      new Option('--accept', 'with --release: accept changes that break what was released')
        .implies({ release: true })
        .conflicts('check'),
    )
    .action((options: UpdateOptions) => {
      const found = needProject(project);
      return reportingErrors({}, () => updateSchemas(found, options));
    });
}

async function updateSchemas(project: Project, options: UpdateOptions): Promise<void> {
  // Loaded on demand, because it would delay the start of every command.
  const { readProjectDomain } = await import('../../project/read-project.ts');
  const { updateContract } = await import('../../schemas/update-contract.ts');
  const folder = relative(process.cwd(), project.schemas) || '.';
  const domain = readProjectDomain(project);
  const { ok, lines } = updateContract(domain, folder, options);
  for (const line of lines) sayText(line);
  if (ok) sayText(doneText(domain, folder, options));
  else process.exitCode = 1;
}

function doneText({ streams }: Domain, folder: string, { check, release }: UpdateOptions): string {
  const definitions = [...streams.values()];
  const versions = definitions.flatMap(({ events }) => Object.values(events).flatMap(schemaVersionsOf));
  const commands = definitions.flatMap((definition) => Object.keys(definition.commands));
  const what = `${countOf(versions.length, 'event version')} and ${countOf(commands.length, 'command')}`;
  if (check) return `${folder}/ is up to date: ${what}.`;
  return `Wrote the schemas of ${what} to ${folder}/${release ? ', and recorded them as released' : ''}.`;
}
