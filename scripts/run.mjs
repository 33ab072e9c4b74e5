// What every npm script of the repository runs: `node scripts/run.mjs <script> …` installs the packages if they are missing,
// and runs the script on Node 24, so that each works as the only command on a fresh clone. No `pre…` script does this,
// because npm skips these with `ignore-scripts`. It is plain JavaScript because it installs the Node that runs
// TypeScript; it prints to stderr, so that stdout has only the script's output.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNode24, nodePackage, runNode } from '../bin/node-24.mjs';
import { npmCommand } from './npm.mjs';

/** The oldest Node that npm and this file run on. */
const OLDEST = 20;

const root = fileURLToPath(new URL('..', import.meta.url));
if (Number.parseInt(process.versions.node, 10) < OLDEST)
  stop(`this is Node ${process.versions.node}; install Node 24 (https://nodejs.org)`);
const reason = reasonToInstall();
if (reason) install(reason);
const node = findNode24(import.meta.url) ?? stop(howToGetNode());
runNode(node, process.argv.slice(2));

/**
 * Why an installation is needed: how the installed packages differ from package-lock.json. Undefined if
 * they do not differ. Compares the contents of the lock and of npm's record, because file times say nothing after a
 * clone or a checkout.
 */
function reasonToInstall() {
  const manifest = read('package.json');
  const locked = read('package-lock.json')?.packages;
  if (!locked) stop('package-lock.json is missing or damaged: run `git restore package-lock.json`');
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies'])
    if (entries(manifest?.[kind]) !== entries(locked['']?.[kind]))
      stop('package.json and package-lock.json differ: run `npm install`, and commit the lock');
  const installed = read('node_modules/.package-lock.json')?.packages;
  if (!installed) return 'no node_modules';
  const own = nodePackage(process.platform, process.arch);
  for (const [path, { version, optional }] of Object.entries(locked)) {
    if (path === '' || installed[path]?.version === version) continue;
    // Made for another platform. The Node of this platform is missing if optional packages were left out.
    if (optional && !installed[path] && path !== `node_modules/${own}`) continue;
    return 'package-lock.json has changed';
  }
  return undefined;
}

/** Installs exactly what the lock names, with the integrity that it names. No package needs an install script. */
function install(/** @type {string} */ reason) {
  // Windows does not replace a running executable, and `npm run` starts the Node in node_modules if it is there.
  if (process.platform === 'win32' && process.execPath.startsWith(join(root, 'node_modules') + sep))
    stop(`${reason}: run \`npm ci\``);
  process.stderr.write(`meridian: npm ci (${reason}), about a minute …\n`);
  // Only errors are shown: npm warns about the Node that it runs on, but the scripts run on the Node that it installs.
  const options = ['--include=dev', '--include=optional', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { command, args, shell } = npmCommand(['ci', ...options, '--loglevel=error']);
  const npm = spawnSync(command, args, { cwd: root, shell, stdio: ['ignore', 2, 2] });
  if (npm.error) stop(`npm did not start: ${npm.error.message}`);
  if (npm.status !== 0) stop('npm ci failed, see above', npm.status ?? 1);
}

function howToGetNode() {
  const name = nodePackage(process.platform, process.arch);
  return name === undefined
    ? `this is Node ${process.versions.node}, and npm has no package of Node 24 for ${process.platform} ${process.arch}: install Node 24 (https://nodejs.org)`
    : `the package ${name} has no Node 24: delete node_modules and run \`npm ci\`, or install Node 24 (https://nodejs.org)`;
}

/** The parsed JSON file, or undefined if it is absent or truncated. */
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

/** @returns {never} */
function stop(/** @type {string} */ message, status = 1) {
  process.stderr.write(`meridian: ${message}\n`);
  process.exit(status);
}
