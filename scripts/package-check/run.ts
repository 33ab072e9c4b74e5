import { run as runCommand } from '../../tools/run.ts';

/** Arguments of npm. What its cache has is not requested again. */
export const INSTALL = ['install', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'] as const;

/** Runs a command as a team would. @returns its output @throws Error with its output if it fails */
export function run(cwd: string, command: string, args: readonly string[]): Promise<string> {
  // Variables that are set here for Meridian's own commands, or by the npm that runs this, are not part of a team's environment.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(MERIDIAN_|npm_|CDK_)/i.test(name)));
  return runCommand(command, args, { cwd, env, shell: process.platform === 'win32' });
}
