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

/** Runs the command on the Node that is installed as a package, and exits with its code or signal. */
async function runOnNode24() {
  const [{ findNode24, nodePackage, runNode }, { fileURLToPath }] = await Promise.all([
    import('./node-24.mjs'),
    import('node:url'),
  ]);
  const node = findNode24(import.meta.url);
  if (node !== undefined) return runNode(node, [fileURLToPath(script), ...process.argv.slice(2)]);
  const name = nodePackage(process.platform, process.arch);
  const inProject = name && `, or run \`npm install --save-optional ${name}@24\` in your project`;
  const remedy = isBuilt
    ? `Install it (https://nodejs.org)${inProject ?? ''}.`
    : 'Run `npm ci` in its folder, which brings it, or install Node 24 (https://nodejs.org).';
  process.stderr.write(`meridian needs Node 24; this is Node ${process.versions.node}. ${remedy}\n`);
  process.exit(1);
}
