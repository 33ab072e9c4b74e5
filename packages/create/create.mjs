#!/usr/bin/env node
// `npm create <scope> shop`: runs `meridian init` of the Meridian that this package depends on.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const meridian = createRequire(import.meta.url).resolve('@meridian-es/meridian/package.json');
const launcher = join(dirname(meridian), 'dist/bin/meridian.mjs');
process.exitCode =
  spawnSync(process.execPath, [launcher, 'init', ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1;
