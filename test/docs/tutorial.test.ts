import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { freePort } from '../free-port.ts';
import { type Step, sectionsOf, stepsOf } from './steps.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const modules = join(root, 'node_modules');
const PORT = '4700';
/** Milliseconds that another Region, a view or a restart may take, on a busy machine. */
const FOLLOWED_MS = 120_000;
/** The folder of the package that `npm install` would install: this repository is linked instead. */
const TARBALL = 'file:/meridian.tgz';

/** Applies a diff without line numbers: replaces its old lines with its new ones. */
function changed(text: string, diff: readonly string[]): string {
  const lines = (sign: '+' | '-') =>
    diff
      .filter((line) => line.startsWith(' ') || line.startsWith(sign))
      .map((line) => `${line.slice(1)}\n`)
      .join('');
  expect(text.split(lines('-')), `the old lines occur once:\n${lines('-')}`).toHaveLength(2);
  return text.replace(lines('-'), () => lines('+'));
}

/** A pattern for the output on the page; `…` matches anything. */
function shown(output: readonly string[]): RegExp {
  const escaped = output
    .map((line) => line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '[\\s\\S]*'))
    .join('\n');
  return new RegExp(`^${escaped}$`);
}

/** Links what `npm install` would install into a project: the packages of this repository, and the repository itself. */
function linkPackages(project: string): void {
  const target = join(project, 'node_modules');
  mkdirSync(join(target, '.bin'), { recursive: true });
  const link = (from: string, to: string) => symlinkSync(from, join(target, to));
  for (const name of readdirSync(modules))
    if (name !== '.bin' && name !== '@meridian-es') link(join(modules, name), name);
  for (const name of readdirSync(join(modules, '.bin'))) link(join(modules, '.bin', name), `.bin/${name}`);
  mkdirSync(join(target, '@meridian-es'));
  link(root, manifest.name);
  link(join(root, manifest.bin.meridian), '.bin/meridian');
}

// A project on this repository's package, linked: no tarball and no network.
describe('docs/tutorial.md', () => {
  const page = readFileSync(join(root, 'docs/tutorial.md'), 'utf8');
  let folder: string;
  let port: string;
  /** A command that runs until Ctrl-C. */
  let served: { readonly child: ChildProcess; readonly text: () => string } | undefined;

  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-tutorial-')));
    port = String(await freePort());
  });
  afterAll(async () => {
    const { child } = served ?? {};
    if (child?.pid !== undefined && child.exitCode === null) {
      const closed = once(child, 'close');
      // The command leads its own process group: npm, and what npm has started.
      process.kill(-child.pid, 'SIGTERM');
      await closed;
    }
    rmSync(folder, { recursive: true });
  });

  const inFolder = (cwd: string, command: string) => {
    const child = spawn('sh', ['-c', command], {
      cwd,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        MERIDIAN_URL: `http://127.0.0.1:${port}`,
        NO_COLOR: '1',
        npm_config_offline: 'true',
        VITEST: undefined,
        NODE_OPTIONS: undefined,
      },
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
    return { child, text: () => text.replaceAll(port, PORT).trim() };
  };
  const inShop = (command: string) => inFolder(join(folder, 'shop'), command.replaceAll(PORT, port));

  const run = async (command: string, output: readonly string[]): Promise<void> => {
    // Another Region or a view lags behind: the expected output may appear a moment later.
    const end = performance.now() + (command.startsWith('curl http') ? FOLLOWED_MS : 0);
    for (;;) {
      const { child, text } = inShop(command.replace(/^curl/, 'curl -sS'));
      const [code] = await once(child, 'close');
      if (performance.now() < end && !shown(output).test(text())) {
        await sleep(100);
        continue;
      }
      expect(code, `${command}\n${text()}`).toBe(0);
      if (output.length > 0) expect(text(), command).toMatch(shown(output));
      return;
    }
  };

  const waitFor = async (is: () => boolean): Promise<void> => {
    const end = performance.now() + FOLLOWED_MS;
    while (!is()) {
      expect(served?.child.exitCode, served?.text()).toBeNull();
      expect(performance.now(), served?.text()).toBeLessThan(end);
      await sleep(100);
    }
  };

  const write = async (path: string, text: string): Promise<void> => {
    const file = join(folder, 'shop', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };

  const follow = async (step: Step): Promise<void> => {
    if (step.kind === 'write') await write(step.path, step.text);
    else if (step.kind === 'change')
      await write(step.path, changed(readFileSync(join(folder, 'shop', step.path), 'utf8'), step.diff));
    else if (step.command === 'npm start --silent') {
      served = inShop(`${step.command} -- --port ${port}`);
      await waitFor(() => shown(step.output).test(served?.text() ?? ''));
    } else if (step.command.startsWith('npx --yes')) {
      // The command that npx would install and run.
      const { child, text } = inFolder(folder, `node ${root}/${manifest.bin.meridian} init shop --package ${TARBALL}`);
      const [code] = await once(child, 'close');
      expect(code, text()).toBe(0);
      expect(text()).toMatch(shown(step.output));
      linkPackages(join(folder, 'shop'));
    } else if (/^(git clone|cd |npm ci|npm install|npm run pack-package)/.test(step.command)) return;
    else await run(step.command, step.output);
  };

  /** Follows the steps of a section. After files that the server loads are written, it waits until the server has restarted. */
  const followAll = async (steps: readonly Step[]): Promise<void> => {
    for (const [i, step] of steps.entries()) {
      const before = served?.text().length ?? 0;
      await follow(step);
      const isLast = step.kind !== 'run' && steps[i + 1]?.kind === 'run';
      if (isLast && served && /^(streams|subscribers)\//.test(step.path))
        await waitFor(() => /Serving http/.test(served?.text().slice(before) ?? ''));
    }
  };

  it('names the package as it is packed', () => {
    expect(page).toContain(`meridian-es-meridian-${manifest.version}.tgz`);
  });

  it('has numbered steps', () => {
    const titles = sectionsOf(page).map(({ title }) => title);
    const numbered = titles.filter((title) => /^\d/.test(title));
    expect(numbered.length).toBeGreaterThan(8);
    expect(numbered.map((title) => Number.parseInt(title, 10))).toEqual(numbered.map((_title, i) => i + 1));
  });

  // Each step continues from the one before.
  describe('holds', () => {
    it.each(sectionsOf(page).filter(({ text }) => stepsOf(text).length > 0))(
      '$title',
      { timeout: 600_000 },
      async ({ text }) => {
        await followAll(stepsOf(text));
      },
    );
  });
});
