import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../free-port.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const NOT_COPIED = new Set(['.git', 'node_modules', 'cdk.out', 'coverage']);
const PORT = '4700';
/** So long a view may take to follow its stream, on a busy machine. */
const FOLLOWED_MS = 120_000;

/** What the page tells its reader to do. */
type Step =
  | { readonly kind: 'write'; readonly path: string; readonly text: string }
  | { readonly kind: 'change'; readonly path: string; readonly diff: readonly string[] }
  | { readonly kind: 'run'; readonly command: string; readonly output: readonly string[] };

/** The code blocks of a page, in order. A file's block stands behind its path, a diff's behind a text that ends with it. */
function stepsOf(page: string): readonly Step[] {
  let file = '';
  const blocks = page.matchAll(/`([\w./-]+\.\w+)`:\n|```(\w*)\n([\s\S]*?)\n```/g);
  return [...blocks].flatMap(([, path, language, text = '']): readonly Step[] => {
    if (path !== undefined) {
      file = path;
      return [];
    }
    if (language === 'ts') return [{ kind: 'write', path: file, text: `${text}\n` }];
    if (language === 'diff') return [{ kind: 'change', path: file, diff: text.split('\n') }];
    return text.split(/^\$ /m).flatMap((part) => {
      const [command = '', ...output] = part.trimEnd().split('\n');
      return command === '' ? [] : { kind: 'run', command, output };
    });
  });
}

/** A file after a diff without line numbers: where its old lines stand, its new ones do. */
function changed(text: string, diff: readonly string[]): string {
  const lines = (sign: '+' | '-') =>
    diff
      .filter((line) => line.startsWith(' ') || line.startsWith(sign))
      .map((line) => `${line.slice(1)}\n`)
      .join('');
  expect(text.split(lines('-')), `the old lines stand there once:\n${lines('-')}`).toHaveLength(2);
  return text.replace(lines('-'), () => lines('+'));
}

/** What the page shows, `…` standing for anything. Trailing space and npm's own lines are no part of an output. */
function shown(output: readonly string[]): RegExp {
  const escaped = output
    .map((line) => line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '[\\s\\S]*'))
    .join('\n');
  return new RegExp(`^${escaped}$`);
}

const page = readFileSync(join(root, 'docs/tutorial.md'), 'utf8');

// On a copy of this repository, with its packages and no network.
describe('docs/tutorial.md', () => {
  let folder: string;
  let port: string;
  const running: ChildProcess[] = [];

  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-guide-')));
    port = String(await freePort());
    // The copy is what `git clone` and `npm install` make.
    cpSync(root, join(folder, 'shop'), {
      recursive: true,
      filter: (path) => !NOT_COPIED.has(relative(root, path)),
    });
    symlinkSync(join(root, 'node_modules'), join(folder, 'shop/node_modules'), 'dir');
  });
  afterAll(async () => {
    for (const child of running) {
      if (child.pid === undefined || child.exitCode !== null) continue;
      const closed = once(child, 'close');
      // Each is the leader of a group of its own: npm, and what it has started.
      process.kill(-child.pid, 'SIGTERM');
      await closed;
    }
    rmSync(folder, { recursive: true });
  });

  const inShop = (command: string) => {
    const child = spawn('sh', ['-c', command.replaceAll(PORT, port)], {
      cwd: join(folder, 'shop'),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', npm_config_offline: 'true', VITEST: undefined, NODE_OPTIONS: undefined },
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
    return { child, text: () => text.replaceAll(port, PORT).trim() };
  };

  const run = async (command: string, output: readonly string[]): Promise<void> => {
    // A view follows its stream: what is read may come a moment later.
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

  /** Starts what runs until Ctrl-C, and goes on once it shows what the page shows. */
  const serve = async (command: string, output: readonly string[]): Promise<void> => {
    const { child, text } = inShop(command);
    running.push(child);
    while (!shown(output).test(text())) {
      expect(child.exitCode, text()).toBeNull();
      await sleep(100);
    }
  };

  const follow = async (step: Step): Promise<void> => {
    if (step.kind === 'write') {
      const path = join(folder, 'shop', step.path);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, step.text);
    } else if (step.kind === 'change') {
      const path = join(folder, 'shop', step.path);
      writeFileSync(path, changed(readFileSync(path, 'utf8'), step.diff));
    } else if (/^(git clone|cd shop|npm install)/.test(step.command)) return;
    else if (step.command.startsWith('npm start')) await serve(step.command, step.output);
    else await run(step.command, step.output);
  };

  it('holds, step by step', { timeout: 600_000 }, async () => {
    const steps = stepsOf(page);
    expect(new Set(steps.map(({ kind }) => kind))).toEqual(new Set(['write', 'change', 'run']));
    for (const step of steps) await follow(step);
  });
});
