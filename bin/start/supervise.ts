import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { sayNote } from '../output.ts';
import { EXIT } from './exit.ts';
import { SourceWatcher } from './watch.ts';

/** Milliseconds after which a process that does not end on request is killed. */
const END_MS = 5000;

/**
 * Runs `meridian start` in a child process, and starts a new one whenever a source file of the project is saved, because a process cannot
 * load a module twice. After a failed start it waits for the next save.
 * @param args the options of every process; `first`: additional ones of the first process
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
    if (typeof event !== 'string') sayNote('Waiting for a file to be saved. Press Ctrl-C to end.');
    const file = await changed.promise;
    changed = Promise.withResolvers<string>();
    await stop(child, exited);
    sayNote(`\n── ${file} was saved ──`);
  }
}

function spawnStart(args: readonly string[]): ChildProcess {
  const [, script = ''] = process.argv;
  // When this process ends, the channel closes, and the child ends too.
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
