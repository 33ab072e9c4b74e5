import { readFileSync, rmSync } from 'node:fs';
import { dirname, matchesGlob, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import config, { coreModules } from '../../.dependency-cruiser.mjs';
import { checkLayers } from '../../scripts/layers.ts';
import { makeTree } from './tree.ts';

const dependencies = [
  '@aws-sdk/client-sqs',
  '@aws-sdk/lib-dynamodb',
  '@middy/core',
  '@aws-lambda-powertools/logger',
  'commander',
  'zod',
];
const devDependencies = ['aws-cdk-lib', 'constructs', 'esbuild', 'vitest', '@types/aws-lambda'];
const targets = [
  'adapters/memory/clock.ts',
  'bench/alternate.ts',
  'bin/table.ts',
  'checkers/index.ts',
  'client/index.ts',
  'client/send.ts',
  'core/index.ts',
  'core/facts/hlc.ts',
  'core/limits/aws.ts',
  'core/names.ts',
  'core/ports/queue.ts',
  'core/wire/bus.ts',
  'examples/flights/flight.ts',
  'examples/flights/index.ts',
  'index.ts',
  'lambdas/environment.ts',
  'lambdas/api/handler.ts',
  'lambdas/api/index.ts',
  'lambdas/index.ts',
  'lib/config.ts',
  'lib/deployed-regions.ts',
  'lib/index.ts',
  'project/project.ts',
  'simulator/plan.ts',
  'test/helper.ts',
  'testing/index.ts',
  'testing/toy.ts',
  'schemas/documents.ts',
  'tools/localstack/engine.ts',
  'workload/session.ts',
  'workload/workload.ts',
  'world/index.ts',
  'world/link.ts',
];

/** The targets that core/index.ts exports. */
const inCore = ['core/facts/hlc.ts', 'core/limits/aws.ts', 'core/names.ts', 'core/ports/queue.ts', 'core/wire/bus.ts'];

// The allowed imports by importer. All other `targets` and packages are expected to be refused.
const allowed: Record<string, string[]> = {
  'core/facts/x.ts': ['core/facts/hlc.ts', 'core/limits/aws.ts', 'core/names.ts', 'zod'],
  'core/write/x.ts': [...inCore, 'zod'],
  'client/x.ts': [
    ...['client/index.ts', 'client/send.ts', 'core/facts/hlc.ts', 'core/limits/aws.ts', 'core/wire/bus.ts'],
    'zod',
  ],
  'examples/flights/x.ts': [
    ...['examples/flights/flight.ts', 'examples/flights/index.ts', 'index.ts', 'client/index.ts', 'lambdas/index.ts'],
    'zod',
  ],
  'starter/streams/x.ts': [
    'client/index.ts',
    'index.ts',
    'lambdas/index.ts',
    'world/index.ts',
    'zod',
    'aws-cdk-lib',
    'vitest',
  ],
  'examples/flights/demo/x.ts': [
    ...['examples/flights/flight.ts', 'examples/flights/index.ts', 'index.ts', 'client/index.ts', 'world/index.ts'],
    'bin/table.ts',
    ...['commander', 'zod', 'node:fs'],
  ],
  'adapters/x.ts': [
    'adapters/memory/clock.ts',
    'core/index.ts',
    ...inCore,
    'zod',
    '@aws-sdk/client-sqs',
    '@aws-sdk/lib-dynamodb',
    'node:fs',
  ],
  'lambdas/x/handler.ts': [
    ...['core/index.ts', ...inCore, 'lambdas/environment.ts', 'lambdas/api/handler.ts'],
    ...['@middy/core', '@aws-lambda-powertools/logger', 'zod', 'node:fs'],
  ],
  'lambdas/x/index.ts': [
    ...['core/index.ts', ...inCore, 'lambdas/environment.ts', 'lambdas/api/handler.ts'],
    'adapters/memory/clock.ts',
    ...['@aws-sdk/client-sqs', '@aws-sdk/lib-dynamodb', '@aws-lambda-powertools/logger', 'node:fs'],
  ],
  'lib/x.ts': [
    'lib/config.ts',
    'lib/deployed-regions.ts',
    'lib/index.ts',
    'core/limits/aws.ts',
    'core/names.ts',
    'core/wire/bus.ts',
    'aws-cdk-lib',
    'constructs',
    'esbuild',
    'zod',
    'node:fs',
  ],
  'lib/meridian.ts': [
    ...[
      'lib/config.ts',
      'lib/deployed-regions.ts',
      'lib/index.ts',
      'core/index.ts',
      'core/limits/aws.ts',
      'core/names.ts',
      'core/wire/bus.ts',
      'project/project.ts',
    ],
    ...['schemas/documents.ts', 'aws-cdk-lib', 'constructs', 'node:fs'],
  ],
  'project/x.ts': ['project/project.ts', 'core/index.ts', 'workload/workload.ts', 'commander', 'zod', 'node:fs'],
  'lib/constructs/lookup/handler.ts': ['@aws-sdk/client-sqs', '@aws-sdk/lib-dynamodb', 'zod', 'node:fs'],
  'testing/x.ts': [
    ...['core/index.ts', ...inCore, 'testing/index.ts', 'testing/toy.ts', 'workload/workload.ts', 'zod', 'node:fs'],
  ],
  'checkers/x.ts': ['checkers/index.ts', 'zod', 'node:fs'],
  'workload/x.ts': [
    ...['checkers/index.ts', 'core/index.ts', ...inCore, 'workload/session.ts', 'workload/workload.ts', 'zod'],
  ],
  'simulator/x.ts': [
    ...['checkers/index.ts', 'core/index.ts', ...inCore, 'world/index.ts', 'world/link.ts', 'adapters/memory/clock.ts'],
    ...['lambdas/environment.ts', 'lambdas/api/handler.ts', 'index.ts', 'simulator/plan.ts', 'testing/toy.ts'],
    ...['workload/session.ts', 'workload/workload.ts', 'zod', 'node:fs'],
  ],
  'examples/flights/workload.ts': [
    ...['examples/flights/flight.ts', 'examples/flights/index.ts', 'index.ts', 'testing/index.ts', 'zod'],
  ],
  'world/x.ts': [
    ...['core/index.ts', ...inCore, 'world/index.ts', 'world/link.ts', 'adapters/memory/clock.ts'],
    ...['lambdas/environment.ts', 'lambdas/api/handler.ts', 'zod', 'node:fs'],
  ],
  'world/simulator/x.ts': [
    ...['core/index.ts', ...inCore, 'world/index.ts', 'world/link.ts', 'adapters/memory/clock.ts'],
    ...['lambdas/environment.ts', 'lambdas/api/handler.ts', 'testing/toy.ts', 'zod', 'node:fs'],
  ],
  // It may use `scripts/options.ts`, which is no target here.
  'spec/x.ts': ['node:fs'],
  'schemas/x.ts': ['schemas/documents.ts', 'core/index.ts', ...inCore, 'zod', 'node:fs'],
  'bench/x.ts': [
    'adapters/memory/clock.ts',
    'bench/alternate.ts',
    'core/index.ts',
    ...inCore,
    'world/index.ts',
    'world/link.ts',
    'testing/toy.ts',
    '@aws-sdk/lib-dynamodb',
    'zod',
    'node:fs',
  ],
  'examples/flights/app.ts': ['lib/index.ts', 'aws-cdk-lib', 'constructs', 'node:fs'],
  'tools/localstack/x.ts': ['tools/localstack/engine.ts', 'project/project.ts', 'zod', 'node:fs'],
  'bin/meridian.ts': [
    ...[
      'bin/table.ts',
      'client/index.ts',
      'client/send.ts',
      'lib/deployed-regions.ts',
      'project/project.ts',
      'tools/localstack/engine.ts',
      'world/link.ts',
      'world/index.ts',
      'checkers/index.ts',
      'workload/session.ts',
      'workload/workload.ts',
      'core/index.ts',
      ...inCore,
    ],
    ...['schemas/documents.ts', 'commander', 'zod', 'node:fs'],
  ],
};

describe('the layers', () => {
  let root: string;
  let faults: string[];
  const importers = new Map<string, { from: string; target: string }>();

  beforeAll(async () => {
    const files: Record<string, string> = {
      'package.json': manifest(),
      'test/x.test.ts': "import '../lib/config.ts';",
    };
    for (const target of targets) files[target] = 'export const here = 1;';
    for (const name of [...dependencies, ...devDependencies]) {
      files[`node_modules/${name}/package.json`] = JSON.stringify({ name, exports: { import: './index.js' } });
      files[`node_modules/${name}/index.js`] = 'module.exports = 1;';
    }
    // Each import has its own importer, whose name then shows which import was refused: core/x.ts becomes core/x7.ts. Where a
    // rule depends on the name of the importer, its folder gets the number.
    for (const from of Object.keys(allowed)) {
      for (const [n, target] of imported().entries()) {
        const importer = /\/x\.ts$|bin\/meridian\.ts$/.test(from)
          ? from.replace(/\.ts$/, `${n}.ts`)
          : from === 'examples/flights/app.ts' || from === 'lib/meridian.ts'
            ? from
            : from.replace(/\/([^/]+)\/([^/]+)$/, `/$1${n}/$2`);
        const path = targets.includes(target) ? toImport(importer, target) : target;
        files[importer] = `${files[importer] ?? ''}import '${path}';\n`;
        importers.set(`${importer} ${target}`, { from, target });
      }
    }
    for (const module of coreModules.slice(0, -1)) files[`core/${module}/up.ts`] = "import '../index.ts';";
    files['core/cycle-a.ts'] = "import type { B } from './cycle-b.ts';\nexport type A = B;";
    files['core/cycle-b.ts'] = "import type { A } from './cycle-a.ts';\nexport type B = A;";
    files['core/lost.ts'] = "import './nowhere.ts';";
    files['examples/flights/demo/figures.ts'] = "import 'zod';\nimport 'node:fs';\nimport '../../../core/index.ts';";
    files['core/definition/untyped.ts'] = 'export const here = 1;';
    files['client/untyped.ts'] = "import '../core/definition/untyped.ts';";
    files['lambdas/index.ts'] = "import '#domain';\nimport '../examples/flights/index.ts';";
    files['core/orphan.ts'] = 'export const alone = 1;';
    files['core/loaded.ts'] = "export const fs = process.getBuiltinModule('node:fs');";
    files['core/typed.ts'] = "import type { Queue } from 'aws-cdk-lib';\nexport type Q = Queue;";
    files['lambdas/typed.ts'] = "import type { Event } from 'aws-lambda';\nexport type E = Event;";
    files['adapters/test-library.ts'] = "import 'vitest';";
    root = makeTree(files);
    ({ faults } = await checkLayers(root));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it.each(Object.keys(allowed))('%s may import what its layer allows, and nothing else', (from) => {
    const accepted = [...importers]
      .filter(([key, entry]) => entry.from === from && !isRefused(key))
      .map(([, { target }]) => target);
    expect(accepted.toSorted()).toEqual(allowed[from]?.toSorted());
  });

  it.each(Object.keys(allowed))('CONTRIBUTING.md names every file that %s may import from other folders', (from) => {
    const named = namedFor(from);
    const [own] = from.split('/');
    const outside = targets.filter((target) => allowed[from]?.includes(target) && target.split('/')[0] !== own);
    const isNamed = (target: string) => named.some((path) => matchesGlob(target, globOf(path)));
    expect(outside.filter((target) => !isNamed(target))).toEqual([]);
  });

  it('a test may import anything', () => {
    expect(faults.filter((fault) => fault.startsWith('test/'))).toEqual([]);
  });

  it.each([
    ['core/cycle-a.ts → core/cycle-b.ts → core/cycle-a.ts', 'no-cycle'],
    ['core/lost.ts → ./nowhere.ts', 'no-unresolved'],
    ['examples/flights/demo/figures.ts → core/index.ts', 'figures-are-independent'],
    ['client/untyped.ts → core/definition/untyped.ts', 'client-has-types-of-definitions-only'],
    ['core/orphan.ts', 'no-orphan'],
    ['core/loaded.ts → fs', 'core-is-pure'],
    ['core/typed.ts → node_modules/aws-cdk-lib/index.js', 'core-is-pure'],
    ['adapters/test-library.ts → node_modules/vitest/index.js', 'shipped-on-dependencies'],
  ])('%s breaks %s', (route, rule) => {
    const rules = faults.filter((fault) => fault.startsWith(`${route}\n`)).map(ruleOf);
    expect(rules).toContain(rule);
  });

  it('a handler may use the types of the events that it gets', () => {
    expect(faults.filter((fault) => fault.startsWith('lambdas/typed.ts'))).toEqual([]);
  });

  it('every rule is broken by a file of this tree', () => {
    const rules = config.forbidden?.map((rule) => rule.name);
    expect(new Set(faults.map(ruleOf))).toEqual(new Set(rules));
  });

  function isRefused(key: string): boolean {
    const [importer = '', target = ''] = key.split(' ');
    const name = target.replace('node:', '');
    return faults.some((fault) => {
      const [from, to = ''] = (fault.split('\n')[0] ?? '').split(' → ');
      return from === importer && (to === name || to.startsWith(`node_modules/${name}/`));
    });
  }
});

describe('a check that saw nothing', () => {
  it.each([
    ['no source files', {}, 'found no source files'],
    ['no imports', { 'test/a.ts': 'export const a = 1;' }, 'the cruiser saw no import at all'],
  ])('fails: %s', async (_, files: Record<string, string>, fault) => {
    const root = makeTree({ 'package.json': '{}', ...files });
    const { faults } = await checkLayers(root);
    rmSync(root, { recursive: true });
    expect(faults).toEqual([expect.stringContaining(fault)]);
  });
});

function ruleOf(fault: string): string | undefined {
  return /\n +([^:]+): /.exec(fault)?.[1];
}

/** The paths in the most specific row for a file in CONTRIBUTING.md's table. */
function namedFor(file: string): string[] {
  const [, table = ''] = /^\| layer .*\n.*\n((?:\|.*\n)+)/m.exec(readFileSync('CONTRIBUTING.md', 'utf8')) ?? [];
  let before: string[] = [];
  let best: { readonly pattern: string; readonly named: string[] } = { pattern: '', named: [] };
  for (const [, layer = '', may = ''] of table.matchAll(/^\| (.*?) \| (.*) \|$/gm)) {
    const named = may.startsWith('the same') ? [...before, ...codeIn(may)] : codeIn(may);
    for (const pattern of codeIn(layer))
      if (matchesGlob(file, globOf(pattern)) && pattern.length > best.pattern.length) best = { pattern, named };
    before = named;
  }
  expect(best.pattern, `a row for ${file}`).not.toBe('');
  return best.named;
}

function codeIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

function globOf(path: string): string {
  return path.endsWith('/') ? `${path}**` : path;
}

function imported(): string[] {
  return [...targets, ...dependencies, ...devDependencies.filter((name) => !name.startsWith('@types/')), 'node:fs'];
}

function toImport(importer: string, target: string): string {
  const path = relative(dirname(importer), target).replaceAll('\\', '/');
  return path.startsWith('.') ? path : `./${path}`;
}

function manifest(): string {
  const versions = (names: string[]) => Object.fromEntries(names.map((name) => [name, '1.0.0']));
  return JSON.stringify({ dependencies: versions(dependencies), devDependencies: versions(devDependencies) });
}
