import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// `npm run test:without-examples`: proves that Meridian depends on no example. Runs the checks, and the tests that need
// no LocalStack, in a copy of the repository without `examples/`. Arguments go to vitest: which files, which tests.

const root = fileURLToPath(new URL('..', import.meta.url));
const PROJECTS = ['core', 'lib', 'others', 'separate', 'simulator'].map((name) => `--project=${name}`);
const VITEST = ['node_modules/vitest/vitest.mjs', 'run', ...PROJECTS];

/**
 * Copies the files that are committed or not ignored, without the examples, and links the installed packages.
 * @returns the folder
 */
function copyWithoutExamples(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-without-examples-')));
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const file of listed.split('\0'))
    if (file !== '' && !file.startsWith('examples/') && existsSync(join(root, file)))
      cpSync(join(root, file), join(folder, file));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir');
  return folder;
}

const folder = copyWithoutExamples();
try {
  const args = process.argv.slice(2);
  // The checks run before the tests. They take another minute, so they are left out if only some tests are selected.
  const commands = [...(args.length > 0 ? [] : [['scripts/check.ts']]), [...VITEST, ...args]];
  const failed = commands.filter(
    (command) => spawnSync(process.execPath, command, { cwd: folder, stdio: 'inherit' }).status !== 0,
  );
  process.stdout.write(
    `Without examples: ${failed.length === 0 ? 'everything passes' : 'something failed, see above'}\n`,
  );
  process.exitCode = failed.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
