import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** Runs a step of the check, and records how long it took. */
export type Step = <T>(name: string, work: () => T | Promise<T>) => Promise<T>;

/** @returns what the command prints @throws Error when it fails, with that */
export async function run(folder: string, command: string, args: readonly string[]): Promise<string> {
  // What is set here for Meridian's own commands, or by the npm that runs this, is no part of a team's environment.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(MERIDIAN_|npm_|CDK_)/i.test(name)));
  const child = spawn(command, args, {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}
