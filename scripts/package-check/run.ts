import { run as runCommand } from '../../tools/run.ts';
import { npmCommand } from '../npm.mjs';

/** Arguments of npm. What its cache has is not requested again. */
export const INSTALL = ['install', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'] as const;

/** Runs Node as a team would. @returns its output @throws Error with its output if it fails */
export function runNode(cwd: string, args: readonly string[]): Promise<string> {
  return runCommand(process.execPath, args, { cwd, env: teamEnvironment() });
}

/** Runs npm as a team would. @returns its output @throws Error with its output if it fails */
export function runNpm(cwd: string, args: readonly string[]): Promise<string> {
  const { command, shell, args: all } = npmCommand(args);
  return runCommand(command, all, { cwd, env: teamEnvironment(), shell });
}

/** Variables that are set here for Meridian's own commands, or by the npm that runs this, are not part of a team's environment. */
function teamEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(MERIDIAN_|npm_|CDK_)/i.test(name)));
}
