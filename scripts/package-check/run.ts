import { spawnSync } from 'node:child_process';

/** Does a step of the check, and keeps how long it took. */
export type Step = <T>(name: string, work: () => T) => T;

/** @returns what the command prints @throws Error when it fails, with that */
export function run(folder: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    shell: process.platform === 'win32',
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}
