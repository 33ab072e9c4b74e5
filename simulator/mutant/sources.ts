import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { patchOf } from './patches.ts';

/** What a simulation loads. */
const SOURCES = [
  ...[
    'adapters',
    'checkers',
    'client',
    'core',
    'lambdas',
    'lib',
    'project',
    'simulator',
    'testing',
    'workload',
    'world',
  ],
  ...['scripts/options.ts', 'index.ts', 'package.json'],
];

/** A copy of the sources, in a temporary folder. */
export interface Copy extends Disposable {
  readonly folder: string;
}

/**
 * Copies the sources, as they are in the work tree, and puts a mutant's fault into the copy.
 * @param mutant undefined: the copy has no fault
 * @throws Error if the patch does not apply
 */
export function copySources(root: string, mutant?: string): Copy {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-mutant-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    for (const file of filesIn(root)) cpSync(join(root, file), join(folder, file));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
    if (mutant !== undefined) applyPatch(folder, join(root, patchOf(mutant)));
  } catch (error) {
    remove();
    throw error;
  }
  return { folder, [Symbol.dispose]: remove };
}

function filesIn(root: string): readonly string[] {
  const listed = git(root, 'ls-files', '--cached', '--others', '--exclude-standard', '-z', '--', ...SOURCES);
  return listed.split('\0').filter((file) => file !== '');
}

function applyPatch(folder: string, patch: string): void {
  git(folder, 'apply', patch);
}

/** @throws Error with what git prints */
function git(cwd: string, ...args: string[]): string {
  // The folder of a copy may be below a repository, whose files a patch must not change.
  const env = { ...process.env, GIT_CEILING_DIRECTORIES: dirname(cwd) };
  const { status, stdout, stderr, error } = spawnSync('git', args, { cwd, env, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`git ${args[0]}: ${stderr}`);
  return stdout;
}
