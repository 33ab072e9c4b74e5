import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { structureOf } from '../../scripts/structure.ts';
import { makeTree } from './tree.ts';

describe('npm run structure', () => {
  async function measure(files: Record<string, string>) {
    const root = makeTree(files);
    onTestFinished(() => rmSync(root, { recursive: true }));
    const { modules, ...counts } = await structureOf(root);
    return { ...counts, modules: modules.map(({ name, files }) => `${name} ${files}`) };
  }

  it('counts folders and files of core as modules, and each dependency once, including imports of types', async () => {
    expect(
      await measure({
        'core/index.ts': "export * from './log/load.ts';",
        'core/log/load.ts': "import type { Hlc } from '../facts/hlc.ts';\nimport './fold.ts';",
        'core/log/fold.ts': "import '../facts/hlc.ts';\nimport 'zod';",
        'core/facts/hlc.ts': 'export type Hlc = string;',
      }),
    ).toEqual({ modules: ['facts 1', 'index 1', 'log 2'], dependencies: 2, upward: 0, againstTheOrder: undefined });
  });

  it('counts upward dependencies in the best order, not in the order of the names', async () => {
    const names = ['a', 'b', 'c', 'd'];
    // All modules need d, and d needs a: the best order has a at the bottom, with one upward dependency.
    const files = Object.fromEntries(
      names.map((name) => [`core/${name}.ts`, name === 'd' ? "import './a.ts';" : "import './d.ts';"]),
    );
    expect(await measure(files)).toMatchObject({ dependencies: 4, upward: 1 });
  });

  it('finds a cycle of three modules, which no pair of modules shows', async () => {
    const files = { 'core/a.ts': "import './b.ts';", 'core/b.ts': "import './c.ts';", 'core/c.ts': "import './a.ts';" };
    expect(await measure(files)).toMatchObject({ dependencies: 3, upward: 1 });
  });

  it('names upward dependencies in the declared order, even if another order would have none', async () => {
    const files = {
      '.dependency-cruiser.mjs': "export const coreModules = ['names', 'wire'];",
      'core/names.ts': "import './wire.ts';\nimport './heart.ts';",
      'core/wire.ts': '',
      'core/heart.ts': '',
    };
    expect(await measure(files)).toMatchObject({ upward: 0, againstTheOrder: ['names → wire', 'names → heart'] });
  });

  it('finds no upward dependency in this core', async () => {
    const { upward, againstTheOrder } = await structureOf(fileURLToPath(new URL('../..', import.meta.url)));
    expect({ upward, againstTheOrder }).toEqual({ upward: 0, againstTheOrder: [] });
  });
});
