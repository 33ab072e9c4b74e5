import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { needPackages, packageBin } from '../project/package-bin.ts';
import type { Project } from '../project/project.ts';
import { readProject } from '../project/read-project.ts';

/** Packages that the CDK construct imports; a project installs them itself. */
const PEERS = ['aws-cdk-lib', 'constructs', 'esbuild', 'cdk-nag'];

interface RunCdkOptions {
  /** Whether the CDK's advice after each synth is left out. Warnings and errors stay. @default false */
  readonly withoutAdvice?: boolean;
}

/**
 * Runs the CDK's command line in a project.
 * @returns its exit code
 * @throws MissingPackagesError, DomainFileError, SubscribersFileError before the CDK starts
 */
export async function runCdk(
  project: Project,
  args: readonly string[],
  { withoutAdvice = false }: RunCdkOptions = {},
): Promise<number> {
  const { folder } = project;
  needPackages(folder, ['aws-cdk', ...PEERS]);
  await readProject(project);
  const child = spawn(process.execPath, [packageBin(folder, 'aws-cdk', 'cdk'), ...args], {
    cwd: folder,
    // Questions of the CDK are on standard output, and end without a new line.
    stdio: ['inherit', 'inherit', withoutAdvice ? 'pipe' : 'inherit'],
    env: {
      ...process.env,
      // Puts this Node first on the PATH, so that the app that cdk.json names runs on it too.
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
      ...(withoutAdvice && process.stderr.isTTY && process.env.NO_COLOR === undefined && { FORCE_COLOR: '1' }),
    },
  });
  const passed = child.stderr === null ? undefined : passOn(child.stderr, process.stderr);
  // Ctrl-C reaches the CDK too, which ends in its own way.
  const ignore = () => undefined;
  process.on('SIGINT', ignore);
  try {
    const [code]: unknown[] = await once(child, 'close');
    await passed;
    return typeof code === 'number' ? code : 1;
  } finally {
    process.removeListener('SIGINT', ignore);
  }
}

/** What the CDK prints after every synth: how many of its flags an app does not set, and how to print a template. */
const ADVICE = [/^\d+ feature flags are not configured\. Run 'cdk flags /, /^Supply a stack id \(.*\) to display /];

/** Passes lines on as they come, without advice. */
export async function passOn(from: Readable, to: Writable): Promise<void> {
  for await (const line of createInterface({ input: from })) {
    const text = stripVTControlCharacters(line);
    if (!ADVICE.some((advice) => advice.test(text))) to.write(`${line}\n`);
  }
}
