import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { linkPackage } from '../link-package.ts';

const script = resolve('bin/meridian.ts');

/**
 * A project with the starter's files, as after `meridian init` and `npm install`.
 * @param packages installed in it, in addition to those that its streams import
 */
export function aProject(...packages: readonly string[]): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-project-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(resolve('starter'), folder, { recursive: true });
  const meridian = { domain: 'streams/index.ts', subscribers: 'subscribers/index.ts' };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'shop', type: 'module', meridian }));
  linkPackage(folder, ['zod', ...packages]);
  return folder;
}

/** Starts the command line in a folder. */
export function spawnIn(folder: string, args: readonly string[]) {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Runs the command line in a folder to its end. */
export async function runIn(folder: string, args: readonly string[]) {
  const child = spawnIn(folder, args);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: Number(code), stdout, stderr };
}

/**
 * What a process prints to both outputs, in order of arrival. @returns a function that resolves with the next match of a pattern,
 * after all earlier matches
 */
export function printedBy(child: ChildProcess): (pattern: RegExp) => Promise<RegExpExecArray> {
  let printed = '';
  let from = 0;
  let wake = (): void => undefined;
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      printed += chunk;
      wake();
    });
  child.once('close', () => wake());
  return async (pattern) => {
    for (;;) {
      const match = pattern.exec(printed.slice(from));
      if (match) {
        from += match.index + match[0].length;
        return match;
      }
      if (child.exitCode !== null) throw new Error(`It ended without ${pattern}: ${printed}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
}
