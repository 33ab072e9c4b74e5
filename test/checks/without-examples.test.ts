import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

// A rule of .dependency-cruiser.mjs forbids imports of examples; this test covers paths in texts. `npm run test:without-examples`
// runs the checks and tests in a copy without `examples/`.

/** The files that name a path in `examples/`, and why they work without it. */
const NAMED = new Map([
  ['.dependency-cruiser.mjs', 'rules for existing files'],
  ['biome.json', 'excludes a large file'],
  ['cdk.json', 'the app that `cdk` runs here is an example'],
  ['knip.jsonc', 'entries, if they exist'],
  ['package.json', 'the project of this repository is an example'],
  ['vitest.config.ts', 'the tests of the examples, if they exist'],
  ['scripts/localstack.ts', 'deploys an example, if it exists'],
  ['scripts/package-check.ts', 'no bundle holds a file of an example'],
  ['scripts/schemas.ts', 'the contracts of the existing examples'],
  ['scripts/without-examples.ts', 'leaves the examples out'],
  ['test/checks/layers.test.ts', 'an invented tree'],
  ['test/checks/without-examples.test.ts', 'this test'],
  ['test/docs/pages.test.ts', 'links to examples, if they exist'],
  ['test/lib/bundle.test.ts', 'no bundle holds a file of an example'],
]);

const files = globSync(['*.{ts,mjs,json,jsonc}', '*/**/*.{ts,mjs,json,jsonc,py}', '.dependency-cruiser.mjs'], {
  exclude: ['node_modules', '**/node_modules', 'examples', 'docs', 'cdk.out', 'coverage', 'package-lock.json'],
}).map((file) => file.replaceAll('\\', '/'));

describe('the code outside of examples/', () => {
  it('names no path in examples/, except where the path may be missing', () => {
    expect(files.length).toBeGreaterThan(500);
    const naming = files.filter((file) => readFileSync(file, 'utf8').includes('examples/'));
    expect(naming.toSorted()).toEqual([...NAMED.keys()].toSorted());
  });
});
