import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';

const NOTES = `
import { registerHooks } from 'node:module';
import { writeFileSync } from 'node:fs';
const loaded = [];
registerHooks({
  load(url, context, next) {
    loaded.push(url);
    return next(url, context);
  },
});
process.on('exit', () => writeFileSync(process.env.LOADED, JSON.stringify(loaded)));
`;

/**
 * Runs a script outside of any project.
 * @returns the URLs of the files that it loads, itself included
 * @throws Error if it fails, with what it printed
 */
export function loadedModules(script: string, args: readonly string[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-loaded-'));
  try {
    const [notes, LOADED] = [join(folder, 'notes.mjs'), join(folder, 'loaded.json')];
    writeFileSync(notes, NOTES);
    const { status, stderr } = spawnSync(process.execPath, ['--import', pathToFileURL(notes).href, script, ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, LOADED },
    });
    if (status !== 0 || stderr !== '') throw new Error(`${script} ${args.join(' ')} ended with ${status}: ${stderr}`);
    const urls: unknown = JSON.parse(readFileSync(LOADED, 'utf8'));
    return z
      .array(z.string())
      .parse(urls)
      .filter((url) => url.startsWith('file:'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
