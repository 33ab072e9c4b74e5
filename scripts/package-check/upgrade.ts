import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import type { Step } from '../steps.ts';
import { INSTALL, runNpm } from './run.ts';

/** Projects created by earlier versions, each with its data: `npm run record-upgrade` creates one. */
export const RECORDED = fileURLToPath(new URL('../../test/upgrade', import.meta.url));
/** The recorded project's folder, and what its Regions showed. */
export const PROJECT = 'corner-shop';
export const SHOWN = 'shown.json';

/** What a command or an install may write. */
const WRITTEN = /^(node_modules|\.meridian|cdk\.out|package-lock\.json)/;

const comparedSchema = z.array(z.object({ name: z.string(), shown: z.record(z.string(), z.unknown()) }));
const shownSchema = z.object({
  agree: z.boolean(),
  streams: comparedSchema,
  views: comparedSchema,
  unreadable: z.array(z.unknown()),
});

export type Shown = z.output<typeof shownSchema>;

/** The maximum number of starts until a project shows everything. */
export const STARTS = 5;

/** The result that `meridian start --once --json` prints, found among the output of the project's subscribers. */
export function parseShown(printed: string): Shown {
  const line = printed.split('\n').findLast((each) => each.startsWith('{'));
  return shownSchema.parse(JSON.parse(line ?? printed));
}

/**
 * Upgrades every recorded project to the tarball, without changing its own files.
 * @throws Error when its tests fail, its data is not shown as it was, its stacks cannot be synthesized, or a file has
 * changed
 */
export async function checkUpgrades(step: Step, tarball: string): Promise<void> {
  for (const archive of globSync('*.tgz', { cwd: RECORDED })) {
    const version = basename(archive, '.tgz');
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-upgrade-')));
    const project = join(folder, PROJECT);
    const npm = (...args: readonly string[]) => runNpm(project, args);
    try {
      execFileSync('tar', ['-xzf', join(RECORDED, archive), '-C', folder]);
      const before = digestsOf(project);
      await step(`upgrade from ${version}: install`, () => npm(...INSTALL, '--no-save', tarball));
      await step(`upgrade from ${version}: tests`, () => npm('test'));
      await step(`upgrade from ${version}: kept data`, async () => {
        const recorded = parseShown(readFileSync(join(folder, SHOWN), 'utf8'));
        await startUntilKept(recorded, () => npm('start', '--silent', '--', '--once', '--json'));
      });
      await step(`upgrade from ${version}: synth`, () => npm('run', 'synth'));
      await step(`upgrade from ${version}: files`, () => checkFiles(before, digestsOf(project)));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** Regions also agree while a view is behind in all of them; it has caught up at the next start. */
async function startUntilKept(recorded: Shown, start: () => Promise<string>): Promise<void> {
  for (let left = STARTS; ; left--)
    try {
      return checkShown(recorded, parseShown(await start()));
    } catch (error) {
      if (left === 1) throw error;
    }
}

function checkShown(before: Shown, after: Shown): void {
  if (!after.agree || after.unreadable.length > 0)
    throw new Error(`The Regions do not agree: ${JSON.stringify(after)}`);
  for (const kind of ['streams', 'views'] as const)
    for (const { name, shown } of before[kind]) {
      const now = after[kind].find((each) => each.name === name)?.shown;
      if (!isDeepStrictEqual(now, shown))
        throw new Error(`${name} was ${JSON.stringify(shown)} and is ${JSON.stringify(now)}.`);
    }
}

function digestsOf(project: string): ReadonlyMap<string, string> {
  const files = globSync('{*,.*,*/**,.*/**}', { cwd: project }).filter(
    (file) => !WRITTEN.test(file) && statSync(join(project, file)).isFile(),
  );
  return new Map(
    files.map((file) => [
      file,
      createHash('sha256')
        .update(readFileSync(join(project, file)))
        .digest('hex'),
    ]),
  );
}

function checkFiles(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): void {
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
    (file) => before.get(file) !== after.get(file),
  );
  if (before.size === 0 || changed.length > 0)
    throw new Error(`An upgrade has to leave a project's own files as they are; it changed ${changed.join(', ')}.`);
}
