import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';
import { bundleFunction } from '../../lib/bundle.ts';
import { makeTree } from '../checks/tree.ts';

const mapSchema = z.object({ sources: z.array(z.string()) });

/** A function that shows its domain, and a domain of a team's own. */
function aFunction() {
  const root = makeTree({
    'function.ts': "import { domain } from '#domain';\nexport const handler = () => domain;",
    'streams.ts': "export const domain = 'of a team';",
  });
  onTestFinished(() => rmSync(root, { recursive: true }));
  return { entry: join(root, 'function.ts'), domain: join(root, 'streams.ts') };
}

describe('the bundle of a function', () => {
  it("holds a team's domain, and nothing of the example", () => {
    const { folder, metafile } = bundleFunction(aFunction());
    expect(readFileSync(join(folder, 'index.mjs'), 'utf8')).toContain('of a team');
    expect(Object.keys(metafile.inputs).filter((input) => input.includes('examples/'))).toEqual([]);
  });

  it('of Meridian itself runs the domain that it is given, and no other', () => {
    const { metafile } = bundleFunction({ entry: 'lambdas/relay/index.ts', domain: aFunction().domain });
    expect(Object.keys(metafile.inputs).filter((input) => input.includes('examples/'))).toEqual([]);
    expect(Object.keys(metafile.inputs)).toContainEqual(expect.stringContaining('streams.ts'));
  });

  it('is made once for one entry and domain, and again for another domain', () => {
    const given = aFunction();
    expect(bundleFunction(given)).toBe(bundleFunction(given));
    expect(bundleFunction({ ...given, domain: aFunction().domain })).not.toBe(bundleFunction(given));
  });

  it('has a map without the folders of this machine in it', () => {
    const { folder } = bundleFunction({ entry: 'lambdas/relay/index.ts' });
    const { sources } = mapSchema.parse(JSON.parse(readFileSync(join(folder, 'index.mjs.map'), 'utf8')));
    expect(sources).toContain('../../lambdas/relay/index.ts');
    expect(sources.filter((source) => source.includes(process.cwd()))).toEqual([]);
  });
});
