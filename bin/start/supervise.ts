import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import * as z from 'zod';
import type { Project } from '../../project/project.ts';
import { sayNote } from '../output.ts';
import { EXIT } from './exit.ts';
import { STATE_FOLDER } from './state.ts';
import { FileWatcher, stampOf } from './watch.ts';

/** Milliseconds after which a process that does not end on request is killed. */
const END_MS = 5000;

const reportSchema = z.union([
  /** A file that was loaded, or is missing, and its stamp before it was read. */
  z.object({ file: z.string(), stamp: z.string() }),
  /** The port that the process serves on. */
  z.object({ port: z.int() }),
  /** The state is open, and empty if `--fresh` was given. */
  z.object({ opened: z.literal(true) }),
]);

/** Reports to the process that supervises this one; without one it does nothing. */
export function reportToSupervisor(report: z.output<typeof reportSchema>): void {
  if (process.connected) process.send?.(report);
}

/**
 * Runs `meridian start` in a child process, and starts a new one whenever a file that was loaded is saved, because a
 * process cannot load a module twice. Every process serves on the port of the first one. After a failed start it waits
 * for the next save.
 * @param args the options of every process; `first`: additional options until a process has opened the state
 */
export async function supervise(
  project: Project,
  { args, first }: { readonly args: readonly string[]; readonly first: readonly string[] },
): Promise<never> {
  const always = filesOf(project);
  let port: readonly string[] = [];
  let more = first;
  const ended = Promise.withResolvers<undefined>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => ended.resolve(undefined));
  for (;;) {
    const changed = Promise.withResolvers<string>();
    const watcher = new FileWatcher((file) => changed.resolve(file));
    for (const file of always) watcher.add(file, stampOf(file));
    const child = spawnStart([...args, ...more, ...port]);
    child.on('message', (message) => {
      const { data: report } = reportSchema.safeParse(message);
      // Other messages come from the project's own code.
      if (!report) return;
      if ('file' in report) watcher.add(report.file, report.stamp);
      else if ('port' in report) port = ['--port', String(report.port)];
      else more = [];
    });
    const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
    const event = await Promise.race([ended.promise, exited, changed.promise]);
    if (typeof event === 'object') {
      if (event.code === EXIT.cannotRun) process.exit(EXIT.failed);
      if (event.signal !== null) sayNote(killedText(event.signal));
      sayNote('Waiting for a file to be saved before starting again. Press Ctrl-C to end.');
    }
    const file = await Promise.race([ended.promise, changed.promise]);
    watcher.close();
    // The next process needs the state and the port.
    await stop(child, exited);
    if (file === undefined) process.exit();
    sayNote(`\n── ${relative(project.folder, file)} was ${existsSync(file) ? 'saved' : 'removed'} ──`);
  }
}

/** The files that a start reads before it records what it loads. */
function filesOf({ folder, domain, subscribers, commands }: Project): readonly string[] {
  const own = [subscribers, commands].filter((file) => file !== undefined);
  return [join(folder, 'package.json'), join(folder, 'cdk.json'), domain, ...own];
}

function killedText(signal: NodeJS.Signals): string {
  const why = signal === 'SIGKILL' ? ': another process killed it, or the system did because memory ran out' : '';
  return `\nThe process that runs the Regions was ended by ${signal}${why}. Nothing is served now. What was acknowledged is kept in ${STATE_FOLDER}/, and the next start continues with it.`;
}

function spawnStart(args: readonly string[]): ChildProcess {
  const [, script = ''] = process.argv;
  // When this process ends, the channel closes, and the child ends too.
  return spawn(process.execPath, [...process.execArgv, script, 'start', '--no-restart', ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
}

async function stop(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
  await exited;
  clearTimeout(timer);
}
