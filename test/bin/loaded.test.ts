import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';

// Each run is a process, which takes its seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const root = new URL('../../', import.meta.url);
const NOTES = `
import { registerHooks } from 'node:module';
import { writeFileSync } from 'node:fs';
const loaded = [];
registerHooks({
  load(url, context, next) {
    loaded.push(url);
    return next(url, context);
  },
});
process.on('exit', () => writeFileSync(process.env.LOADED, JSON.stringify(loaded)));
`;

describe('what the command line loads', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'meridian-loaded-'));
    writeFileSync(join(folder, 'notes.mjs'), NOTES);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** The modules that a command loads, outside of any project: ours from the repository's folder, and the names of packages. */
  const loadedBy = (
    ...args: readonly string[]
  ): { readonly ours: readonly string[]; readonly packages: ReadonlySet<string> } => {
    const LOADED = join(folder, 'loaded.json');
    const script = fileURLToPath(new URL('bin/meridian.mjs', root));
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', pathToFileURL(join(folder, 'notes.mjs')).href, script, ...args],
      { cwd: folder, encoding: 'utf8', env: { ...process.env, LOADED } },
    );
    expect([status, stderr]).toEqual([0, '']);
    const urls: unknown = JSON.parse(readFileSync(LOADED, 'utf8'));
    const files = z
      .array(z.string())
      .parse(urls)
      .filter((url) => url.startsWith('file:'));
    const ours = files.filter((url) => !url.includes('/node_modules/') && url.startsWith(root.href));
    const packages = files.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []);
    return { ours: ours.map((url) => url.slice(root.href.length)), packages: new Set(packages) };
  };

  it('for its version is only the launcher', () => {
    expect(loadedBy('--version')).toEqual({ ours: ['bin/meridian.mjs'], packages: new Set() });
  });

  it.each(['view', 'command', 'transact', 'regions'])(
    'for `%s` is the client, and no engine, CDK or SDK',
    (command) => {
      const { ours, packages } = loadedBy(command, '--help');
      expect(ours).toContain(`bin/commands/${command}.ts`);
      expect(
        ours.filter((file) => !/^(bin|client|project|core\/(facts|limits|wire)|core\/names\.ts)/.test(file)),
      ).toEqual([]);
      expect([...packages].filter((name) => /aws|smithy|constructs|esbuild/.test(name))).toEqual([]);
    },
  );

  it('for its help is every command', () => {
    const commands = globSync('bin/commands/*.ts', { cwd: fileURLToPath(root) });
    expect(loadedBy('--help').ours).toEqual(expect.arrayContaining(commands));
  });
});
