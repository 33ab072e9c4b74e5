#!/usr/bin/env node
// Plain JavaScript, so that it starts on any Node: meridian.ts needs Node 24, which runs TypeScript as it is.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// The package has what the compiler made of it.
const built = fileURLToPath(new URL('meridian.js', import.meta.url));
const isBuilt = existsSync(built);
const script = isBuilt ? built : fileURLToPath(new URL('meridian.ts', import.meta.url));

const node = findNode24();
if (node === undefined) {
  const remedy = isBuilt
    ? 'Install Node 24 or later: https://nodejs.org.'
    : 'Run `npm install` in its folder, which brings it, or install Node 24.';
  process.stderr.write(`meridian needs Node 24; this is Node ${process.versions.node}. ${remedy}\n`);
  process.exit(1);
}

const child = spawn(node, [script, ...process.argv.slice(2)], { stdio: 'inherit' });
child.on('error', (error) => {
  process.stderr.write(`meridian: ${node} did not start: ${error.message}\n`);
  process.exit(1);
});
/** @type {NodeJS.Signals[]} */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
for (const signal of signals) {
  process.on(signal, () => {
    // A terminal sends Ctrl-C to both processes: passed on, it would reach the child twice.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  });
}
child.on('exit', (code, signal) => {
  for (const each of signals) process.removeAllListeners(each);
  if (signal) process.kill(process.pid, signal);
  else process.exit(code ?? 1);
});

/** This Node if it will do, else the one of the npm package `node`, else undefined. */
function findNode24() {
  if (Number.parseInt(process.versions.node, 10) >= 24) return process.execPath;
  try {
    const home = dirname(createRequire(import.meta.url).resolve('node/package.json'));
    const binary = join(home, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}
