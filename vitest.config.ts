import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

/** Tests whose counts depend on how fast an engine answers: they run after all others, with the machine to themselves. */
const alone = ['test/core/write/append.dynamodb-local.test.ts', 'test/core/log/snapshot.dynamodb-local.test.ts'];
/** Tests of `core/`. They alone cover it, so only they run with coverage: its counters make a history four times slower. */
const core = ['test/core/**/*.test.ts'];
/** Tests of `lib/`: each loads the CDK. */
const lib = ['test/lib/**/*.test.ts'];
/** Histories of the simulated world, which take minutes. */
const simulator = [
  'test/world/simulator/**/*.test.ts',
  'test/world/**/*.property.test.ts',
  'test/simulator/**/*.test.ts',
];
/**
 * Tests that start processes, or that replace a module, a global or the environment: each file has a worker of its own. The
 * files of other tests share one, because loading the engine takes longer than most of them.
 */
const separate = [
  'test/{bin,checks,docs,spec,tools,types,upgrade}/**/*.test.ts',
  'test/lambdas/*.test.ts',
  'test/adapters/{lambda,sdk}/**/*.test.ts',
  'test/world/region/deployment.test.ts',
  'examples/*/test/demo/**/*.test.ts',
  'starter/test/**/*.test.ts',
];
/** Tests on a LocalStack that the grocery is deployed to. */
const localstack = ['examples/*/test/localstack/**/*.test.ts', 'test/contract/localstack.test.ts'];

export default defineConfig({
  // Functions are loaded with the domain of the tests: in the package `#domain` is a file that throws.
  resolve: { alias: { '#domain': fileURLToPath(new URL('testing/toy-domain.ts', import.meta.url)) } },
  test: {
    // They end what hangs. A busy machine, or one that is four times slower, needs its seconds for an engine, a process or
    // a synthesis.
    testTimeout: 60_000,
    hookTimeout: 300_000,
    // Processes that tests start load the code compiled by the first of them, which halves the time of a command.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/node-compile', import.meta.url)) },
    maxWorkers: '100%', // the default leaves one core idle, which is half of a small machine
    coverage: {
      include: ['core/**/*.ts'],
      reporter: [['text', { skipFull: true }]],
      thresholds: { 100: true },
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'core',
          include: core,
          isolate: false, // core has no state: a worker loads it once, not for every file
          exclude: [...configDefaults.exclude, ...alone],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'lib',
          include: lib,
          isolate: false, // a worker loads the CDK once, not for every file
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'others',
          include: ['test/**/*.test.ts', 'examples/*/test/**/*.test.ts'],
          isolate: false,
          exclude: [...configDefaults.exclude, ...core, ...lib, ...alone, ...simulator, ...localstack, ...separate],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'separate',
          include: separate,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: alone,
          maxWorkers: 1, // without each other, too
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'simulator',
          include: simulator,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'localstack',
          include: localstack,
          maxWorkers: 1, // they share one LocalStack: together they would wait for each other, past the time-outs of requests
          testTimeout: 60_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
