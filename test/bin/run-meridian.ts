import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { afterAll, beforeAll, vi } from 'vitest';
import { type Domain, defineDomain, defineView } from '../../core/index.ts';
import { note, toyDomain } from '../../testing/toy.ts';
import { serveWorld } from '../../world/network/server.ts';
import { World, type WorldOptions } from '../../world/world.ts';

// Each run is a process, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const script = fileURLToPath(new URL('../../bin/meridian.mjs', import.meta.url));
const ours = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(MERIDIAN|AWS)_/.test(name)));

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The text on its standard input. */
  readonly input?: string;
  /** @default a folder outside of every project */
  readonly cwd?: string;
}

/** Starts the command line as a separate process, outside of every project unless `cwd` is in one. */
export function spawnMeridian(args: readonly string[], { env = {}, cwd = tmpdir() }: RunOptions = {}) {
  return spawn(process.execPath, [script, ...args], { cwd, env: { ...ours, ...env } });
}

/** Runs the command line to its end. */
export async function meridian(args: readonly string[], options: RunOptions = {}) {
  const child = spawnMeridian(args, options);
  child.stdin.on('error', () => undefined).end(options.input ?? '');
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: Number(code), stdout, stderr };
}

/** Runs a command in this process, for tests that control time. */
export async function meridianHere(add: (program: Command) => void, args: readonly string[]) {
  const program = new Command('meridian').exitOverride();
  add(program);
  const printed = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      printed[name] += chunk;
      return true;
    }),
  );
  const { exitCode } = process;
  process.exitCode = 0;
  try {
    await program.parseAsync(args, { from: 'user' });
    return { code: process.exitCode, ...printed };
  } finally {
    process.exitCode = exitCode;
    for (const spy of spies) spy.mockRestore();
  }
}

/** The printed JSON documents, one per line. */
export function jsonLines(printed: string): unknown[] {
  return printed
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** Makes a server listen on a free port. */
export async function addressOf(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  return `http://127.0.0.1:${bound && typeof bound === 'object' ? bound.port : ''}`;
}

export const regions = ['us-east-1', 'us-east-2', 'us-west-2'];

/** The number, total length and average length of the texts of all notes, by first letter. */
const letters = defineView({
  name: 'letters',
  kind: 'totals',
  of: note,
  totals(entries) {
    const totals: Record<string, { texts: number; length: number }> = {};
    for (const { text } of entries) {
      const { texts = 0, length = 0 } = totals[text.slice(0, 1)] ?? {};
      totals[text.slice(0, 1)] = { texts: texts + 1, length: length + text.length };
    }
    return totals;
  },
  present: ({ texts = 0, length = 0 }) => ({ texts, length, mean: length / texts }),
});

/** The domain that the command line is tested with: the toy's streams, and a view with columns. */
export const domain = defineDomain({ streams: [...toyDomain.streams.values()], views: [letters] });

/** Serves a world of the given domain to other processes on a free port, while the tests of a file run. */
export function aServedWorld(
  served: Domain = domain,
  { decisions, ...options }: Pick<RunOptions, 'cwd'> & Pick<WorldOptions, 'decisions'> = {},
) {
  const world = new World({ domain: served, regions, latency: false, ...(decisions && { decisions }) });
  let address = '';
  beforeAll(async () => {
    const server = await serveWorld(world, 0);
    const bound = server.address();
    if (bound && typeof bound === 'object') address = `http://127.0.0.1:${bound.port}`;
    return () => {
      server.closeAllConnections();
      server.close();
    };
  });
  afterAll(() => world.whenIdle());
  return {
    world,
    address: () => address,
    /** Appends envelopes in the first Region, without a process. */
    put: async (...envelopes: readonly object[]) => {
      const body = JSON.stringify(envelopes);
      const answer = await fetch(`${address}/regions/${regions[0]}/events`, { method: 'POST', body });
      if ((await answer.text()).includes('problem')) throw new Error('Not every envelope was accepted.');
      await world.whenIdle();
    },
    /** Runs a command on the first Region. */
    run: (args: readonly string[], { env, ...others }: RunOptions = {}) =>
      meridian(args, { env: { MERIDIAN_URL: address, ...env }, ...options, ...others }),
  };
}
