import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { STORED_FORM } from '../core/names.ts';
import manifest from '../package.json' with { type: 'json' };
import { npmCommand } from './npm.mjs';
import { readOptions } from './options.ts';
import { packPackage, STAGE } from './pack.ts';

// `npm run release`: docs/reference/releases.md describes what a version may change, and how a version is made.

const root = fileURLToPath(new URL('..', import.meta.url));
const CHANGELOG = join(root, 'CHANGELOG.md');
const VERSION = /^(\d+)\.(\d+)\.(\d+)$/;

interface Release {
  readonly version: string;
  /** `2026-01-31` */
  readonly date: string;
  /** The form of stored data. */
  readonly storedForm: string;
  /** The previous version, if it has been released. */
  readonly before: string;
}

/**
 * The changelog with the unreleased changes under a new version. @throws Error if there are none, the version is not a later one,
 * or a patch has breaking changes
 */
export function releaseChangelog(text: string, { version, date, storedForm, before }: Release): string {
  const [head, unreleased = '', ...rest] = text.split(/^## (?=\[)/m);
  const changes = unreleased.replace(/^\[Unreleased\]\s*/, '');
  if (!unreleased.startsWith('[Unreleased]') || changes.trim() === '')
    throw new Error('CHANGELOG.md has nothing under [Unreleased]: there is nothing to release.');
  const [, major, minor, patch] = VERSION.exec(version) ?? [];
  if (patch === undefined) throw new Error(`${version} is not a version: write major.minor.patch.`);
  const isFirst = !rest.some((section) => section.startsWith(`[${before}]`));
  if (isFirst ? isLater(before, version) : !isLater(version, before))
    throw new Error(`${version} does not follow ${before}.`);
  const isPatch = !isFirst && before.startsWith(`${major}.${minor}.`);
  if (isPatch && /^### Breaking/m.test(changes))
    throw new Error(`${version} is a patch, and CHANGELOG.md has breaking changes: raise the minor version.`);
  const section = `[${version}] - ${date}\n\nStored data: form ${storedForm}.\n\n${changes}`;
  return [head, '[Unreleased]\n\n', section, ...rest].join('## ');
}

function isLater(a: string, b: string): boolean {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  const at = left?.findIndex((number, i) => number !== right?.[i]) ?? -1;
  return at >= 0 && (left?.[at] ?? 0) > (right?.[at] ?? 0);
}

function prepare(version: string): void {
  const date = new Date().toISOString().slice(0, 10);
  const released = releaseChangelog(readFileSync(CHANGELOG, 'utf8'), {
    version,
    date,
    storedForm: STORED_FORM,
    before: manifest.version,
  });
  if (version !== manifest.version) npm(root, 'version', version, '--no-git-tag-version', '--ignore-scripts');
  writeFileSync(CHANGELOG, released);
  process.stdout.write(
    `package.json and CHANGELOG.md are at ${version}. Review them, run npm test, commit, and tag v${version}.\n`,
  );
}

function npm(cwd: string, ...asked: readonly string[]): void {
  const { command, args, shell } = npmCommand(asked);
  execFileSync(command, args, { cwd, shell, stdio: ['ignore', 2, 2] });
}

if (import.meta.main) {
  const { prepare: version } = readOptions('Usage: npm run release -- [--prepare <version>]', {
    prepare: { type: 'string' },
  });
  try {
    if (version !== undefined) prepare(version);
    else {
      packPackage();
      npm(STAGE, 'publish', '--dry-run', '--access', 'public', '--ignore-scripts');
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
