import type { Command } from 'commander';
import { ownPage } from '../../project/own-package.ts';
import type { Project } from '../../project/project.ts';
import { readProjectDomain } from '../../project/read-project.ts';
import { textOf } from '../client/problem.ts';
import { needProject } from '../need-project.ts';
import { reportingErrors, sayJson, sayNote, sayText } from '../output.ts';
import { type RegionOptions, regionCommand, wholeNumber } from '../region-command.ts';
import { checks } from '../smoke/advice.ts';
import { type Checked, type Smoked, smoke } from '../smoke/smoke.ts';

interface SmokeCommandOptions extends RegionOptions {
  readonly write?: boolean;
  readonly within: number;
}

/** `meridian smoke`, for a deployment of the project that the command is run in. */
export function addSmoke(program: Command, project: Project | undefined): void {
  regionCommand(program, 'smoke', 'check a deployment of this project, step by step, in all of its Regions')
    .option(
      '--write',
      'also append samples under new ids, and check that every Region gets each of them once; they are not deleted',
    )
    .option('--within <seconds>', 'how long a check waits for events and rows to arrive', wholeNumber(1, 3600), 60)
    .addHelpText(
      'after',
      `
It stops at the first check that fails, and says what that means and what to do.
Exit codes: 0 every check that was made has passed; 1 one has failed; 2 wrong usage.
What is checked, in which order: ${ownPage('operations/smoke.md')}`,
    )
    .action((options: SmokeCommandOptions) =>
      reportingErrors(options, async () => {
        const { json = false, write = false, within, url, region, name } = options;
        const smoked = await smoke({
          where: { url, region, name },
          domain: readProjectDomain(needProject(project)),
          ...{ write, withinMs: within * 1000 },
          onChecked: (checked) => {
            if (!json) sayChecked(checked);
          },
        });
        if (!smoked.ok) process.exitCode = 1;
        if (json) sayJson(documentOfRun(smoked, write));
        else if (smoked.ok) sayText(endOf(smoked, write));
      }),
    );
}

const WIDTH = Math.max(...checks.map((check) => check.length));

function sayChecked(checked: Checked): void {
  const name = checked.check.padEnd(WIDTH);
  if (checked.outcome === 'passed') sayText(`✓ ${name}  ${secondsOf(checked.ms)}  ${checked.found}`);
  else if (checked.outcome === 'skipped') sayText(`- ${name}  ${''.padStart(7)}  not checked: ${checked.why}`);
  else {
    const { ms, error, means, todo } = checked;
    const text = textOf(error).replaceAll('\n', '\n    ');
    sayNote(`✗ ${name}  ${secondsOf(ms)}\n    ${text}\n  It means: ${means}\n  Do:       ${todo}`);
  }
}

function secondsOf(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`.padStart(7);
}

function endOf({ key }: Smoked, write: boolean): string {
  const written = write
    ? `The test data stays, under ids that contain ${key}.`
    : 'Nothing was written. To check that each Region gets what the others write, add --write.';
  return `${written}
Not checked: dead letters, the quarantine and the alarms. Look at the dashboards, and at \`meridian quarantine list\`.`;
}

function documentOfRun({ ok, key, checks: all, lagMs }: Smoked, write: boolean): object {
  return {
    ok,
    write,
    ...(write && { key }),
    checks: all.map((checked) => {
      if (checked.outcome !== 'failed') return checked;
      const { error: _error, ...rest } = checked;
      return rest;
    }),
    ...(lagMs && { lagMs }),
  };
}
