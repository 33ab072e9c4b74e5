import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../run.ts';

const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url));
const UV = 'uv==0.13.9';
/** The version of Python that the pinned packages support. */
const PYTHON = '3.13';

function works(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** Why this machine has no usable Python for LocalStack; undefined if it has one. */
export function whatPythonMisses(): string | undefined {
  return works('uv', '--version') || works('python3', '-c', 'import ensurepip, venv')
    ? undefined
    : 'Python 3 with venv and pip (or uv)';
}

/** Where a project keeps what is downloaded; MERIDIAN_LOCALSTACK_CACHE names another folder, for several projects. */
function cacheOf(folder: string): string {
  return process.env.MERIDIAN_LOCALSTACK_CACHE ?? join(folder, 'node_modules/.cache/meridian-localstack');
}

/**
 * A Python with LocalStack in it, downloaded at the first call: about 300 MB. The project keeps it until the pinned packages
 * change.
 * @param folder the project's
 * @returns the path of its executable
 * @throws Error when the download fails
 */
export async function pythonWithLocalStack(folder: string): Promise<string> {
  const cache = cacheOf(folder);
  const home = join(cache, createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 16));
  const python = join(home, 'bin/python');
  if (existsSync(python)) return python;
  mkdirSync(cache, { recursive: true });
  // Built under another name, then renamed: a concurrent or an interrupted run never leaves half of it.
  const aside = `${home}.${process.pid}`;
  try {
    const uv = await findUv(`${aside}.uv`);
    await run(uv, ['venv', '--quiet', '--python', findPython(), aside]);
    const target = ['--python', join(aside, 'bin/python')];
    await run(uv, ['pip', 'install', '--quiet', '--no-deps', '--compile-bytecode', ...target, '-r', REQUIREMENTS]);
    if (!existsSync(python)) renameSync(aside, home); // another run may have won the race
  } finally {
    for (const folder of [aside, `${aside}.uv`]) rmSync(folder, { recursive: true, force: true });
  }
  return python;
}

/** uv installs in seconds what takes pip a minute, and downloads the right Python if there is none. */
async function findUv(folder: string): Promise<string> {
  if (works('uv', '--version')) return 'uv';
  await run('python3', ['-m', 'venv', folder]);
  await run(join(folder, 'bin/python'), ['-m', 'pip', 'install', '--quiet', UV]);
  return join(folder, 'bin/uv');
}

/** The path of a Python that pyenv has installed, which uv does not look for, or a version for uv to find or download. */
function findPython(): string {
  const root = spawnSync('pyenv', ['root'], { encoding: 'utf8' }).stdout?.trim();
  return (root && globSync(join(root, `versions/${PYTHON}*/bin/python`)).at(-1)) || PYTHON;
}
