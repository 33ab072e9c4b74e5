import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

// That nothing imports an example is a rule of .dependency-cruiser.mjs; this is about paths in texts. `npm run test:without-examples`
// runs the checks and tests in a copy without `examples/`.

/** Who names a path in `examples/`, and why it works without. */
const NAMED = new Map([
  ['.dependency-cruiser.mjs', 'rules for what is there'],
  ['biome.json', 'excludes a large file'],
  ['cdk.json', 'the app that `cdk` runs here is an example'],
  ['knip.jsonc', 'entries, where they are there'],
  ['package.json', 'the project of this repository is an example'],
  ['vitest.config.ts', 'the tests of the examples, where they are there'],
  ['scripts/localstack.ts', 'deploys an example, where it is there'],
  ['scripts/package-check.ts', 'no bundle holds a file of an example'],
  ['scripts/schemas.ts', 'the contracts of the examples that are there'],
  ['scripts/without-examples.ts', 'leaves them out'],
  ['test/checks/layers.test.ts', 'a tree made up'],
  ['test/checks/without-examples.test.ts', 'this test'],
  ['test/docs/pages.test.ts', 'links to examples, where they are there'],
  ['test/lib/bundle.test.ts', 'no bundle holds a file of an example'],
]);

const files = globSync(['*.{ts,mjs,json,jsonc}', '*/**/*.{ts,mjs,json,jsonc,py}', '.dependency-cruiser.mjs'], {
  exclude: ['node_modules', '**/node_modules', 'examples', 'docs', 'cdk.out', 'coverage', 'package-lock.json'],
}).map((file) => file.replaceAll('\\', '/'));

describe('what is outside of examples/', () => {
  it('names no path in it but where it works without', () => {
    expect(files.length).toBeGreaterThan(500);
    const naming = files.filter((file) => readFileSync(file, 'utf8').includes('examples/'));
    expect(naming.toSorted()).toEqual([...NAMED.keys()].toSorted());
  });
});
