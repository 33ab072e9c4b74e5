// Plain JavaScript, because it runs on any Node: it finds the Node that Meridian needs, and starts it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The platforms for which npm has Node 24 as a package, with its whole content: nothing is downloaded by a script. */
const PACKAGED = ['linux-arm64', 'linux-x64', 'win-x64'];

/** The npm package that has Node for a platform, named as in `process`; undefined if there is none. */
export function nodePackage(/** @type {string} */ platform, /** @type {string} */ arch) {
  const suffix = `${platform === 'win32' ? 'win' : platform}-${arch}`;
  return PACKAGED.includes(suffix) ? `node-${suffix}` : undefined;
}

/** True if a version of Node runs TypeScript directly, as Meridian needs. */
export function isNode24(version = process.versions.node) {
  return Number.parseInt(version, 10) >= 24;
}

/**
 * The Node 24 that is installed as a package, as seen by a file; this process's Node if there is none and it is new enough.
 * @returns the path of the executable, or undefined
 */
export function findNode24(/** @type {string | URL} */ from) {
  const own = isNode24() ? process.execPath : undefined;
  const name = nodePackage(process.platform, process.arch);
  if (name === undefined) return own;
  try {
    const folder = dirname(createRequire(from).resolve(`${name}/package.json`));
    const file = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(file) ? file : own;
  } catch {
    return own;
  }
}

/** Runs Node with these arguments, passes signals on, and ends as it ends. */
export function runNode(/** @type {string} */ node, /** @type {readonly string[]} */ args) {
  const child = spawn(node, args, { stdio: 'inherit' });
  child.on('error', (error) => {
    process.stderr.write(`meridian: ${node} did not start: ${error.message}\n`);
    process.exit(1);
  });
  /** @type {NodeJS.Signals[]} */
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to both processes; forwarding it would deliver it to the child twice.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('exit', (code, signal) => {
    for (const each of signals) process.removeAllListeners(each);
    if (signal) process.kill(process.pid, signal);
    else process.exit(code ?? 1);
  });
}
