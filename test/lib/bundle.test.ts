import { globSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import * as z from 'zod';
import { bundleFunction } from '../../lib/bundle.ts';
import { makeTree } from '../checks/tree.ts';

// Eleven functions are bundled, on a machine that may be busy.
vi.setConfig({ testTimeout: 240_000 });

const mapSchema = z.object({ sources: z.array(z.string()) });

/** A function that returns its domain, and a team's domain. */
function aFunction() {
  const root = makeTree({
    'function.ts': "import { domain } from '#domain';\nexport const handler = () => domain;",
    'streams.ts': "export const domain = 'of a team';",
  });
  onTestFinished(() => rmSync(root, { recursive: true }));
  return { entry: join(root, 'function.ts'), domain: join(root, 'streams.ts') };
}

/** The file of a team's subscriber. */
function aSubscriberFile() {
  const lambda = JSON.stringify(resolve('lambdas/index.ts'));
  const root = makeTree({
    'mailer.ts': `import { subscriber } from ${lambda};\nexport const handler = subscriber({ handle: async ({ id }) => console.log(id) });`,
  });
  onTestFinished(() => rmSync(root, { recursive: true }));
  return join(root, 'mailer.ts');
}

function thrownBy(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('It threw no error.');
}

describe('the bundle of a function', () => {
  it("contains a team's domain, and no part of the example", () => {
    const { folder, metafile } = bundleFunction(aFunction());
    expect(readFileSync(join(folder, 'index.mjs'), 'utf8')).toContain('of a team');
    expect(Object.keys(metafile.inputs).filter((input) => input.includes('examples/'))).toEqual([]);
  });

  it("of each of Meridian's functions runs the given domain, and contains no part of another", () => {
    const { domain } = aFunction();
    const entries = globSync('lambdas/*/index.ts');
    expect(entries.length).toBeGreaterThan(7);
    for (const entry of entries) {
      const { folder, metafile } = bundleFunction({ entry, domain });
      const inputs = Object.keys(metafile.inputs);
      expect(
        inputs.filter((input) => input.includes('examples/')),
        entry,
      ).toEqual([]);
      expect(readFileSync(join(folder, 'index.mjs'), 'utf8'), entry).not.toMatch(/LAX|Departed|airport/);
      // Only functions that use the domain contain it.
      if (!/coordinate|resolver/.test(entry))
        expect(inputs, entry).toContainEqual(expect.stringContaining('streams.ts'));
    }
  });

  it('of a subscriber contains the code that delivers events, and none that writes to streams or uses a domain', () => {
    const { metafile } = bundleFunction({ entry: aSubscriberFile() });
    const inside = Object.values(metafile.outputs).flatMap(({ inputs }) =>
      Object.entries(inputs)
        .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
        .map(([file]) => file),
    );
    expect(inside).toContainEqual(expect.stringMatching(/core\/delivery\/subscribe\.ts$/));
    expect(
      inside.filter((file) => /core\/(write|log|transaction|view|read|intake|operate|definition)\//.test(file)),
    ).toEqual([]);
    expect(inside.filter((file) => /client-(lambda|sfn|eventbridge)/.test(file))).toEqual([]);
  });

  it('is refused if its file exports no handler', () => {
    const root = makeTree({ 'other.mjs': 'export const other = 1;' });
    onTestFinished(() => rmSync(root, { recursive: true }));
    expect(() => bundleFunction({ entry: join(root, 'other.mjs') })).toThrow('exports no `handler`');
  });

  it('is refused, with each fault once, if an import cannot be resolved, and prints nothing else', () => {
    const root = makeTree({ 'broken.ts': "import { a } from './nothing.ts';\nexport const handler = () => a;" });
    onTestFinished(() => rmSync(root, { recursive: true }));
    const printed = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    onTestFinished(() => void printed.mockRestore());
    const error = thrownBy(() => bundleFunction({ entry: join(root, 'broken.ts') }));
    expect(error).toMatchObject({ name: 'BundleError', code: 'not-bundled' });
    expect(inspect(error).match(/Could not resolve/g)).toHaveLength(1);
    expect(error.message).toMatch(
      /broken\.ts cannot be bundled:.*Could not resolve ".\/nothing\.ts".*broken\.ts:1:18/s,
    );
    expect(printed).not.toHaveBeenCalled();
  });

  it('prints a warning about a file once, even if every function contains the file', () => {
    const root = makeTree({
      'streams.ts': 'export const domain = (x: unknown) => typeof x === "strin";',
      'one.ts': "import { domain } from '#domain';\nexport const handler = domain;",
      'two.ts': "import { domain } from '#domain';\nexport const handler = domain;",
    });
    onTestFinished(() => rmSync(root, { recursive: true }));
    const printed = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    onTestFinished(() => void printed.mockRestore());
    for (const entry of ['one.ts', 'two.ts'])
      bundleFunction({ entry: join(root, entry), domain: join(root, 'streams.ts') });
    expect(printed.mock.calls).toEqual([[expect.stringMatching(/WARNING.*"strin".*streams\.ts:1:/s)]]);
  });

  it('is created once for an entry and a domain, and again for another domain', () => {
    const given = aFunction();
    expect(bundleFunction(given)).toBe(bundleFunction(given));
    expect(bundleFunction({ ...given, domain: aFunction().domain })).not.toBe(bundleFunction(given));
  });

  it("has a source map without this machine's folders", () => {
    const { folder } = bundleFunction({ entry: 'lambdas/relay/index.ts' });
    const { sources } = mapSchema.parse(JSON.parse(readFileSync(join(folder, 'index.mjs.map'), 'utf8')));
    expect(sources).toContain('../../lambdas/relay/index.ts');
    expect(sources.filter((source) => source.includes(process.cwd()))).toEqual([]);
  });
});
