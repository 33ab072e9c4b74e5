import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { initProject } from '../bin/init/init.ts';
import manifest from '../package.json' with { type: 'json' };
import { packageBin } from '../project/package-bin.ts';
import { readOptions } from './options.ts';
import { packPackage } from './pack.ts';
import { runNpm } from './package-check/run.ts';
import { PROJECT, parseShown, RECORDED, SHOWN, type Shown, STARTS } from './package-check/upgrade.ts';

// `npm run record-upgrade`: records a new project of this version with its data. The package check of later
// versions upgrades that project.

const healthSchema = z.object({ regions: z.array(z.string()) });

/**
 * The address that `meridian start` serves. Its output is read to the end, because the process ends when its output has
 * no reader.
 */
function served(child: ChildProcessByStdio<null, Readable, null>): Promise<string> {
  let printed = '';
  return new Promise((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(printed) ?? [];
      if (address !== undefined) resolve(address);
    });
    child.on('exit', () => reject(new Error(`meridian start ended early:\n${printed}`)));
  });
}

async function post(url: string, body: unknown): Promise<void> {
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
}

/** Changes streams of each mode, in several Regions, and two of them together. */
async function writeData(address: string): Promise<void> {
  const { regions } = healthSchema.parse(await (await fetch(address)).json());
  const [first = '', second = ''] = regions.map((path) => path.split('/')[2] ?? '');
  const at = (region: string, path: string) => `${address}/regions/${region}/${path}`;
  for (const region of [first, second])
    for (const count of [1, 2])
      await post(at(region, 'streams/cart/ann/commands/add'), { article: `from-${region}`, count });
  await post(at(second, `streams/stock/${first}.chair/commands/receive`), { count: 5 });
  await post(at(first, 'transactions'), {
    participants: [
      { stream: `stock/${first}.chair`, command: 'take', input: { count: 2 } },
      { stream: `stock/${second}.chair`, command: 'receive', input: { count: 2 } },
    ],
  });
}

/** Resumes the work that was in progress when the project was stopped: starts it until two starts in a row show the same. */
async function settled(project: string): Promise<Shown> {
  let before: Shown | undefined;
  for (let left = STARTS; left > 0; left--) {
    const shown = parseShown(await runNpm(project, ['start', '--silent', '--', '--once', '--json']));
    if (shown.agree && isDeepStrictEqual(shown, before)) return shown;
    before = shown;
  }
  throw new Error(
    `The Regions do not agree, or the last start showed other data than the start before it: ${JSON.stringify(before)}`,
  );
}

async function record(archive: string): Promise<void> {
  const { tarball } = packPackage();
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-record-')));
  const project = join(folder, PROJECT);
  try {
    // The project names the version, as if the package had been installed from the registry.
    initProject(project, manifest.version);
    const own = join(folder, 'own', PROJECT);
    cpSync(project, own, { recursive: true });
    await runNpm(project, ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', tarball]);
    const start = [packageBin(project, manifest.name, 'meridian'), 'start', '--no-restart', '--port', '0'];
    const child = spawn(process.execPath, start, { cwd: project, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await writeData(await served(child));
    } finally {
      child.kill();
    }
    const shown = await settled(project);
    mkdirSync(join(own, '.meridian'));
    cpSync(join(project, '.meridian/state.db'), join(own, '.meridian/state.db'));
    writeFileSync(join(folder, 'own', SHOWN), JSON.stringify(shown));
    mkdirSync(RECORDED, { recursive: true });
    execFileSync('tar', ['-czf', archive, '-C', join(folder, 'own'), PROJECT, SHOWN]);
    process.stdout.write(`${archive}, ${Math.round(readFileSync(archive).length / 1000)} kB\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const { overwrite } = readOptions('Usage: npm run record-upgrade -- [--overwrite]', {
    overwrite: { type: 'boolean', default: false },
  });
  const archive = join(RECORDED, `${manifest.version}.tgz`);
  if (existsSync(archive) && !overwrite) {
    process.stderr.write(
      `${archive} exists, and a released recording does not change. If it is not released yet, use --overwrite\n`,
    );
    process.exitCode = 1;
  } else await record(archive);
}
