#!/usr/bin/env node
// Plain JavaScript, so that it starts on any Node: meridian.ts needs Node 24, which runs TypeScript directly.
import { existsSync, readFileSync } from 'node:fs';

// The published package contains the compiled file.
const built = new URL('meridian.js', import.meta.url);
const isBuilt = existsSync(built);
const script = isBuilt ? built : new URL('meridian.ts', import.meta.url);

if (process.argv.length === 3 && process.argv[2] === '--version') {
  // Handled here, because scripts ask for the version often and it needs no other module.
  const manifest = new URL(isBuilt ? '../../package.json' : '../package.json', import.meta.url);
  process.stdout.write(`${JSON.parse(readFileSync(manifest, 'utf8')).version}\n`);
} else if (Number.parseInt(process.versions.node, 10) >= 24) await import(script.href);
else await runOnNode24();

/** Runs the command on the Node of the npm package `node`, and exits with its code or signal. */
async function runOnNode24() {
  const [{ spawn }, { fileURLToPath }, node] = await Promise.all([
    import('node:child_process'),
    import('node:url'),
    findNode24(),
  ]);
  if (node === undefined) {
    const remedy = isBuilt
      ? 'Install it (https://nodejs.org), or run `npm install --save-dev node@24` in your project.'
      : 'Run `npm install` in its folder, which brings it, or install Node 24.';
    process.stderr.write(`meridian needs Node 24; this is Node ${process.versions.node}. ${remedy}\n`);
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(script), ...process.argv.slice(2)], { stdio: 'inherit' });
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

async function findNode24() {
  const [{ createRequire }, { dirname, join }] = await Promise.all([import('node:module'), import('node:path')]);
  try {
    const home = dirname(createRequire(import.meta.url).resolve('node/package.json'));
    const binary = join(home, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}
