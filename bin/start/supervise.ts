import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { sayNote } from '../output.ts';
import { EXIT } from './run.ts';
import { SourceWatcher } from './watch.ts';

/** Milliseconds after which a process that was asked to end is killed. */
const END_MS = 5000;

/**
 * Runs `meridian start` in a child process, and in a new one whenever a source of the project is saved, since a process cannot
 * reload a module. If the start fails, it waits for the next save.
 * @param args the command line, without options for the first process only
 */
export async function supervise(
  folder: string,
  { args, first }: { readonly args: readonly string[]; readonly first: readonly string[] },
): Promise<never> {
  let changed = Promise.withResolvers<string>();
  new SourceWatcher(folder, (file) => changed.resolve(file));
  for (let more = first; ; more = []) {
    const child = spawnStart([...args, ...more]);
    const exited = once(child, 'exit').then(([code]): number | null => code);
    const event = await Promise.race([exited, changed.promise]);
    if (event === EXIT.cannotRun) process.exit(EXIT.failed);
    if (typeof event !== 'string') sayNote('Waiting for a file to be saved; Ctrl-C ends.');
    const file = await changed.promise;
    changed = Promise.withResolvers<string>();
    await stop(child, exited);
    sayNote(`\n── ${file} was saved ──`);
  }
}

function spawnStart(args: readonly string[]): ChildProcess {
  const [, script = ''] = process.argv;
  // The channel lets the child notice the end of this process.
  const child = spawn(process.execPath, [...process.execArgv, script, 'start', '--no-restart', ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  const end = (): void => {
    child.kill();
    process.exit();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.removeAllListeners(signal);
    process.once(signal, end);
  }
  return child;
}

async function stop(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
  await exited;
  clearTimeout(timer);
}
