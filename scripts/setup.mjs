// Runs before `npm start` and `npm test`, so that each works as the only command on a fresh clone. It is plain
// JavaScript because it installs the Node that runs TypeScript; it prints to stderr, so that stdout has only the
// command's output.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const reason = reasonToInstall();
if (reason) {
  process.stderr.write(`meridian: npm install (${reason}), about a minute …\n`);
  // Not `npm ci`, which fails if the registry lacks a locked package for another platform. Only errors are shown: npm
  // warns about the Node that it runs on, but the scripts run on the Node that it installs.
  const npm = spawnSync('npm', ['install', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    shell: process.platform === 'win32',
    stdio: ['ignore', 2, 2],
  });
  if (npm.error) stop(`npm did not start: ${npm.error.message}`);
  if (npm.status !== 0) stop('npm install failed, see above', npm.status ?? 1);
}
if (!hasNode24()) stop('the package "node" brought no Node 24: run `npm rebuild node`, or put Node 24 on the PATH');

/**
 * Why an installation is needed: how the installed packages differ from package.json or package-lock.json. Undefined if
 * they do not differ. Compares the contents of these files and of npm's record, because file times say nothing after a
 * clone or a checkout.
 */
function reasonToInstall() {
  const installed = read('node_modules/.package-lock.json')?.packages;
  if (!installed) return 'no node_modules';
  const manifest = read('package.json');
  const locked = read('package-lock.json')?.packages;
  if (!locked) return 'no package-lock.json';
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) {
    if (entries(manifest?.[kind]) !== entries(locked['']?.[kind])) return 'package.json has changed';
  }
  for (const [path, { version, optional }] of Object.entries(locked)) {
    if (path === '' || installed[path]?.version === version) continue;
    if (optional && !installed[path]) continue; // made for another platform
    return 'package-lock.json has changed';
  }
  return hasNode24() ? undefined : 'no Node 24';
}

function hasNode24() {
  const binary = join(root, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');
  return existsSync(binary) || Number.parseInt(process.versions.node, 10) >= 24;
}

/** The parsed JSON file, or undefined if it is absent or truncated: both mean that an install has to run. */
function read(/** @type {string} */ path) {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8'));
  } catch {
    return undefined;
  }
}

function entries(/** @type {Record<string, string> | undefined} */ map) {
  return JSON.stringify(Object.entries(map ?? {}).sort());
}

function stop(/** @type {string} */ message, status = 1) {
  process.stderr.write(`meridian: ${message}\n`);
  process.exit(status);
}
