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
  // Not `npm ci`: it refuses a lock whose packages for other platforms a registry does not carry. Only errors are
  // shown: the warnings are about the Node that runs npm, and the scripts run on the one that it installs.
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
 * Why the installed packages are not those that package.json and package-lock.json name; undefined if they are. npm
 * keeps a record of what it installed; contents are compared, since a clone or a checkout leaves any file times.
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
