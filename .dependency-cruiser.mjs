// The layers, lambdas → core ← adapters: each entry names everything that a layer may import, so that what nobody thought
// of is forbidden. test/checks/layers.test.ts shows that every rule bites.

/**
 * The modules of core, lowest first: each may import those before it, and itself. The files of one entry's folders may not
 * import each other's.
 */
export const coreModules = [
  'limits',
  'names',
  'facts',
  'definition',
  'rules',
  'wire',
  'ports',
  'retry',
  'placement',
  'log',
  'write',
  'ledger',
  'transaction',
  'view',
  'read',
  'delivery',
  'intake',
  'operate',
  'index',
];

const core = '^core/';
/** Entry points of the package. */
const author = '^index\\.ts$';
const clientEntry = '^client/index\\.ts$';
const worldEntry = '^world/index\\.ts$';
/** The options of a client, which a function of a team gets too. */
const clientOptions = '^client/options\\.ts$';
const construct = '^lib/index\\.ts$';
/** How what npm runs reads its command line. */
const scriptOptions = '^scripts/options\\.ts$';
/** How what is measured is plotted. */
const linePlot = '^scripts/line-plot\\.ts$';
/** What the code and its deployment have to agree on. */
const agreed = '^core/(limits/|names\\.ts$|wire/(bus|subscription)\\.ts$)';
const lambdas = '^lambdas/(?!index\\.ts$|[^/]+/index\\.ts$)';
/** What a team's subscribers and functions are made with. */
const lambdaEntry = '^lambdas/index\\.ts$';
/** What is kept of a deployment: a file, and nothing of the CDK. */
const deployedRegions = '^lib/deployed-regions\\.ts$';
const simulator = 'simulator/';
/** How the streams of a domain are used, and the history of clients that use them. */
const workload = '^workload/';
const checkers = '^checkers/';
const toy = '^testing/toy\\.ts$';
const customResource = 'constructs/[^/]+/(handler|index)\\.ts$';
function npm(/** @type {string[]} */ ...names) {
  return `(^|/)node_modules/(@types/)?(${names.join('|')})/`;
}
const builtins = 'node builtins';
/** @type {(module: string) => string} */
const moduleOf = (module) => `^core/${module}(/|\\.ts$)`;

const world = [
  '^world/',
  '^project/place\\.ts$', // says where an error comes from, in the same words
  core,
  '^adapters/',
  lambdas,
  npm('aws-lambda', 'zod', 'lru-cache', 'pure-rand', 'cli-table3'),
  builtins,
];

const layers = [
  {
    name: 'core-is-pure',
    comment: 'core imports zod and nothing else: time, ids and I/O come in through ports',
    from: '^core/',
    may: [core, npm('zod')],
  },
  {
    name: 'examples-know-public-names',
    comment: 'an example imports its own files, zod and the public names, as the repository of a team does',
    from: '^examples/(?!flights/airports\\.mjs$|[^/]+/((app|workload)\\.ts$|(demo|commands|test)/))',
    may: ['^examples/', author, clientEntry, lambdaEntry, npm('zod')],
  },
  {
    name: 'workload-of-an-example-knows-public-names',
    comment: 'how an example is used is described with public names, those of tests included',
    from: '^examples/[^/]+/workload\\.ts$',
    may: ['^examples/', author, '^testing/index\\.ts$', npm('zod')],
  },
  {
    name: 'starter-knows-public-names',
    comment:
      'the starter is the repository of a team: it imports its own files, the public names, and what its package.json names',
    from: '^starter/',
    may: ['^starter/', author, '^(client|lambdas|lib|testing|world)/index\\.ts$', npm('zod', 'aws-cdk-lib', 'vitest')],
  },
  {
    name: 'demo-knows-public-names-and-the-command-line',
    comment: 'the demo of the flights is a part of the command line here: it may use how that reads options and prints',
    from: '^examples/[^/]+/(demo|commands)/',
    may: [
      '^examples/',
      author,
      clientEntry,
      worldEntry,
      '^bin/',
      npm('zod', 'commander', 'cli-progress', 'cli-table3'),
      builtins,
    ],
  },
  {
    name: 'client-knows-the-wire',
    comment:
      'the client imports what it and a Region have to agree on, and nothing of the engine: it runs in browsers too',
    from: '^client/',
    may: [
      '^client/',
      '^core/(facts|limits|wire)/',
      // Types only: see the rule below.
      '^core/definition/',
      npm('@smithy/signature-v4', '@aws-crypto/sha256-js', 'zod'),
    ],
  },
  {
    name: 'adapters-know-core',
    comment: 'adapters make the ports of core real: they import core, the SDKs and each other',
    from: '^adapters/',
    may: [
      '^adapters/',
      core,
      npm('@aws-sdk/[^/]+', '@smithy/[^/]+', '@aws-crypto/[^/]+', 'zod', 'lru-cache', 'uuid'),
      builtins,
    ],
  },
  {
    name: 'handlers-know-ports',
    comment: 'a handler parses, calls core, maps the answer; only the index.ts beside it imports adapters and domain',
    from: lambdas,
    may: [
      lambdas,
      core,
      // Types only: see the rule below.
      clientOptions,
      npm('@middy/[^/]+', '@aws-lambda-powertools/[^/]+', 'aws-lambda', 'zod'),
      builtins,
    ],
  },
  {
    name: 'own-functions-get-ports',
    comment:
      'what subscribers and functions of a team are made with runs on adapters, and knows no domain: it is in their bundles',
    from: lambdaEntry,
    may: [lambdas, core, '^adapters/', npm('aws-lambda')],
  },
  {
    name: 'index-wires',
    comment: 'lambdas/<function>/index.ts wires handlers, adapters and domain, and nobody imports it',
    from: '^lambdas/[^/]+/index\\.ts$',
    may: [lambdas, core, '^adapters/', npm('@aws-sdk/[^/]+', '@aws-lambda-powertools/[^/]+', 'uuid'), builtins],
  },
  {
    name: 'testing-knows-core',
    comment:
      'given / when / then runs the engine itself, in any test runner; the toy is a domain for tests of the engine; a workload says how a domain is used',
    from: '^testing/',
    may: ['^testing/', '^workload/workload\\.ts$', core, npm('zod'), builtins],
  },
  {
    name: 'lib-is-infrastructure',
    comment:
      'lib imports the CDK, what core and the stacks have to agree on: limits, names, bus patterns, and the version of the package; the app gives it its domain',
    from: `^lib/(?!(meridian|index)\\.ts$|${customResource})`,
    may: [
      '^lib/',
      agreed,
      '^project/own-package\\.ts$',
      npm('aws-cdk-lib', 'constructs', 'cdk-nag', 'esbuild', 'zod'),
      builtins,
    ],
  },
  {
    name: 'construct-reads-a-domain',
    comment:
      'lib/meridian.ts is the construct that teams use, with lib/index.ts as its entry: it also reads their domain, and what its events look like',
    from: '^lib/(meridian|index)\\.ts$',
    may: [
      '^lib/',
      agreed,
      '^core/index\\.ts$',
      '^project/',
      '^schemas/documents\\.ts$',
      npm('aws-cdk-lib', 'constructs', 'cdk-nag'),
      builtins,
    ],
  },
  {
    name: 'project-is-a-teams',
    comment: 'project/ finds the repository of a team and what is in it, for the app and the command line',
    from: '^project/',
    may: [
      '^project/',
      '^core/(index|facts/(did-you-mean|errors|json))\\.ts$',
      '^workload/workload\\.ts$',
      npm('commander', 'zod'),
      builtins,
    ],
  },
  {
    name: 'custom-resources-are-small',
    comment: 'the handler of a custom resource is deployed: it imports SDKs and its own folder, not the CDK',
    from: `^lib/(${customResource})`,
    may: [`^lib/${customResource}`, npm('@aws-sdk/[^/]+', 'aws-lambda', 'zod'), builtins],
  },
  {
    name: 'world-takes-its-domain',
    comment: 'the world runs the real handlers on adapters; the domain is an argument, wired in bin/',
    from: `^world/(?!${simulator})`,
    may: world,
  },
  {
    name: 'simulator-crashes-the-toy',
    comment:
      'the simulator looks for broken promises in a world of the toy domain, whose streams and commands it knows',
    from: `^world/${simulator}`,
    may: [...world, toy, scriptOptions],
  },
  {
    name: 'checkers-know-nothing',
    comment:
      'checkers judge a history by what clients saw and what is stored: they know neither the engine nor the world',
    from: checkers,
    may: [checkers, npm('zod'), builtins],
  },
  {
    name: 'workload-takes-its-surroundings',
    comment:
      'clients send operations and write down what they see: of a domain that a description names, and by any way to reach its Regions',
    from: workload,
    may: [workload, checkers, core, npm('zod')],
  },
  {
    name: 'simulation-runs-worlds',
    comment:
      'the simulator runs worlds of a domain of its own in all weathers, and gives their histories to the checkers',
    from: '^simulator/',
    may: [
      '^simulator/',
      workload,
      checkers,
      '^world/',
      core,
      '^adapters/',
      lambdas,
      author,
      toy,
      scriptOptions,
      linePlot,
      npm('aws-lambda', 'zod', 'pure-rand', 'cli-table3'),
      builtins,
    ],
  },
  {
    name: 'spec-stands-alone',
    comment: 'the models and what checks them know nothing of the code that is held to them: tests bring both together',
    from: '^spec/',
    may: ['^spec/', scriptOptions, npm('cli-table3'), builtins],
  },
  {
    name: 'schemas-describe-a-domain',
    comment: 'what others may rely on, as JSON Schema, AsyncAPI and OpenAPI: of any domain, which is an argument',
    from: '^schemas/',
    may: ['^schemas/', core, npm('zod', 'yaml'), builtins],
  },
  {
    name: 'localstack-is-a-teams',
    comment: 'tools/localstack deploys the project of a team: it imports what finds a project and its packages',
    from: '^tools/(run\\.ts$|localstack/(?!plugins/))',
    may: ['^tools/', '^project/', npm('zod'), builtins],
  },
  {
    name: 'bench-times-what-runs',
    comment: 'bench measures adapters, core and the world as they are, some of them beside what they might be instead',
    from: '^bench/',
    may: [
      '^bench/',
      core,
      '^adapters/',
      '^world/',
      '^scripts/options\\.ts$',
      linePlot,
      '^testing/toy(-domain)?\\.ts$',
      npm('@aws-sdk/(client|lib|util)-dynamodb', 'cli-table3', 'zod'),
      builtins,
    ],
  },
  {
    name: 'app-is-a-teams',
    comment: 'app.ts is the CDK app of an example: it names the domain to the construct, which reads it',
    from: '^examples/[^/]+/app\\.ts$',
    may: [construct, '^examples/[^/]+/subscribers/index\\.ts$', npm('aws-cdk-lib', 'constructs'), builtins],
  },
  {
    name: 'command-line-wires-the-world',
    comment:
      'bin/meridian wires what is served; a deployed Region it reaches by adapters/lambda, as only adapters know an SDK',
    from: '^bin/',
    may: [
      '^bin/',
      '^project/',
      '^schemas/',
      deployedRegions,
      '^world/',
      workload,
      checkers,
      '^adapters/lambda/',
      '^client/',
      '^tools/localstack/',
      core,
      npm('cli-progress', 'cli-table3', 'commander', 'zod'),
      builtins,
    ],
  },
];

/** @type {import('dependency-cruiser').IRegularForbiddenRuleType[]} */
const forbidden = [
  ...coreModules.slice(0, -1).map((module, level) => ({
    name: `core-${module}-looks-down`,
    comment: `inside core imports go down: ${coreModules.join(' < ')}`,
    from: { path: moduleOf(module) },
    to: { path: '^core/', pathNot: coreModules.slice(0, level + 1).map(moduleOf) },
  })),
  {
    name: 'core-has-known-modules',
    comment: 'a file or folder of core stands in the list of its modules, at its level',
    from: { path: '^core/', pathNot: coreModules.map(moduleOf) },
    to: {},
  },
  ...layers.map(({ name, comment, from, may }) => ({
    name,
    comment,
    from: { path: from },
    to: {
      pathNot: may.filter((path) => path !== builtins),
      dependencyTypesNot: may.includes(builtins) ? [/** @type {const} */ ('core')] : [],
    },
  })),
  {
    name: 'lib-stays-behind-the-app',
    comment: 'only apps, tests and the script that measures bundles import lib: the CDK is no part of what runs',
    from: {
      pathNot: '^(lib|test)/|^examples/[^/]+/(app\\.ts$|test/)|^scripts/(bundle-sizes|licences)\\.ts$|^starter/bin/',
    },
    to: { path: '^lib/', pathNot: deployedRegions },
  },
  {
    name: 'client-has-types-of-definitions-only',
    comment:
      'the client infers from the type of a domain what it takes: of the domain itself nothing is there when it runs',
    from: { path: '^client/' },
    to: { path: '^core/definition/', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'functions-have-types-of-the-client-only',
    comment: 'a function of a team gets the options of a client, and brings the client itself along if it uses one',
    from: { path: '^lambdas/' },
    to: { path: '^client/', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'figures-are-independent',
    comment: 'what views and bookings are compared with shares no code with what computes them',
    from: { path: '^examples/flights/demo/(booking-)?figures\\.ts$' },
    to: { pathNot: npm('zod'), dependencyTypesNot: ['core'] },
  },
  {
    name: 'entries-of-functions-are-leaves',
    comment:
      'a file that wires a function reads its environment when it is loaded: nothing but Lambda and tests loads it',
    from: { pathNot: '^test/' },
    to: { path: '^lambdas/[^/]+/index\\.ts$' },
  },
  {
    name: 'examples-are-leaves',
    comment: 'Meridian works without its examples: nothing outside of them imports one',
    from: { pathNot: '^examples/' },
    to: { path: '^examples/' },
  },
  {
    name: 'tests-are-leaves',
    comment: 'nothing imports a test',
    from: { pathNot: ['^test/', '^examples/[^/]+/test/'] },
    to: { path: '^test/' },
  },
  {
    name: 'testing-is-for-tests',
    comment:
      'only tests, benchmarks and workloads import testing, and the simulator the toy: it is no part of what is deployed or started',
    from: {
      pathNot: [
        '^test(ing)?/',
        '^bench/',
        '^(examples/[^/]+|starter)/(test/|workload\\.ts$)',
        `^(world/)?${simulator}`,
      ],
    },
    to: { path: '^testing/' },
  },
  {
    name: 'shipped-on-dependencies',
    comment: 'what is deployed or started imports packages of "dependencies" only; types of others are erased',
    from: {
      path: [
        '^(checkers|client|core|examples|adapters|lambdas|project|schemas|workload|world)/(?!.*/test/|[^/]+/app\\.ts$)',
        '^bin/',
        `^lib/${customResource}`,
      ],
    },
    to: { path: 'node_modules/', dependencyTypesNot: ['npm', 'type-only'] },
  },
  { name: 'no-cycle', comment: 'files that import each other are one thing', from: {}, to: { circular: true } },
  { name: 'no-unresolved', comment: 'the import leads nowhere', from: {}, to: { couldNotResolve: true } },
  {
    name: 'no-orphan',
    comment: 'nothing imports the file and it imports nothing',
    from: { path: '^(checkers|client|core|adapters|lambdas|lib|schemas|simulator|workload|world)/', orphan: true },
    to: {},
  },
];

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: forbidden.map((rule) => ({ ...rule, severity: 'error' })),
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true, // a type that crosses a layer is a dependency too
    detectProcessBuiltinModuleCalls: true,
    // Without these a package that has only "exports" is not found.
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
