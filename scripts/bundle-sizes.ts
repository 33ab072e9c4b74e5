import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { App, Stack } from 'aws-cdk-lib';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { buildSync, type Metafile } from 'esbuild';
import { z } from 'zod';
import { namesOf } from '../core/names.ts';
import { bundleFunction } from '../lib/bundle.ts';
import { parseConfig } from '../lib/config.ts';
import { MeridianFunction } from '../lib/constructs/meridian-function.ts';
import { addMeridian, ownOf } from '../lib/meridian.ts';
import { readOptions } from './options.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** The domain that the functions are bundled with: that of the tests, so that sizes are Meridian's own. */
const DOMAIN = join(root, 'testing/toy-domain.ts');
const run = promisify(execFile);

/** No bundle may be larger, in bytes, minified. */
export const LIMIT = 900_000;
/**
 * The same limit for the client, with zod and the signing of requests: teams bundle it into a page or a function of
 * their own.
 */
export const CLIENT_LIMIT = 150_000;
/** How many times each start is measured. */
const STARTS = 7;

/** A function as it is deployed. */
export interface Bundle {
  readonly id: string;
  /** The file that exports `handler`. */
  readonly path: string;
  readonly bytes: number;
  readonly gzip: number;
  /** The modules that it imports when it runs. */
  readonly imports: readonly string[];
  /** Its contents: packages and our own folders, the largest first. */
  readonly contents: readonly { readonly name: string; readonly bytes: number }[];
  /** The variables that its stack sets; values that only CloudFormation knows are invented. */
  readonly environment: Readonly<Record<string, string>>;
}

const cdkJsonSchema = z.object({ context: z.record(z.string(), z.unknown()) });
const variablesSchema = z.object({ variables: z.record(z.string(), z.unknown()) });
/** A team's subscriber: that of the starter. */
const picker = { entry: join(root, 'starter/subscribers/picker.ts'), streamTypes: ['any'] };

/** Makes the CDK bundle every function of a Region into `outdir`, exactly as in a deployment. */
export function bundleFunctions(outdir: string): readonly Bundle[] {
  const { context } = cdkJsonSchema.parse(JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')));
  const config = { ...parseConfig({ context: (key) => context[key] }), domain: DOMAIN, liveUrl: true };
  const [region = ''] = config.regions;
  const app = new App({
    outdir,
    context: {
      ...context,
      // Every Region has the same functions.
      'aws:cdk:bundling-stacks': [namesOf(config.name).regionStack(region)],
    },
  });
  // Other resources do not matter here.
  const { regions } = addMeridian(app, {
    config,
    projectedTypes: [],
    eventSchemas: {},
    own: ownOf({ subscribers: { picker } }, { regions: config.regions, streamTypes: picker.streamTypes }),
    deployed: undefined,
  });
  return (regions[0]?.node.findAll() ?? []).filter((construct) => construct instanceof MeridianFunction).map(read);
}

function read(construct: MeridianFunction): Bundle {
  const asset = construct.function.node.findChild('Code');
  const resource = construct.function.node.defaultChild;
  if (!(asset instanceof Asset && resource instanceof CfnFunction))
    throw new Error(`The CDK keeps the code of ${construct.functionId} elsewhere now.`);
  const folder = join(App.of(construct)?.outdir ?? '', asset.assetPath);
  const path = join(folder, 'index.mjs');
  const code = readFileSync(path);
  const outputs = Object.values(bundleFunction({ entry: construct.entry, domain: DOMAIN }).metafile.outputs);
  const { variables: told } = variablesSchema.parse(Stack.of(construct).resolve(resource.environment));
  return {
    id: construct.functionId,
    path,
    bytes: code.length,
    gzip: gzipSync(code).length,
    imports: outputs.flatMap(({ imports }) => imports.map(({ path }) => path)),
    contents: contentsOf(outputs),
    environment: Object.fromEntries(
      Object.entries(told).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : name.endsWith('_URL') ? 'https://queue.example/1' : name,
      ]),
    ),
  };
}

/** The client, bundled as for a web page. */
export function bundleClient(outdir: string): Bundle & { readonly inputs: readonly string[] } {
  const path = join(outdir, 'client.mjs');
  const { metafile } = buildSync({
    entryPoints: [join(root, 'client/index.ts')],
    absWorkingDir: root,
    outfile: path,
    bundle: true,
    minify: true,
    metafile: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
  });
  const code = readFileSync(path);
  const outputs = Object.values(metafile.outputs);
  return {
    id: 'client',
    path,
    bytes: code.length,
    gzip: gzipSync(code).length,
    imports: outputs.flatMap(({ imports }) => imports.map(({ path }) => path)),
    contents: contentsOf(outputs),
    environment: {},
    inputs: Object.keys(metafile.inputs),
  };
}

/** A file belongs to its package, or to one of our own folders. */
function contentsOf(outputs: readonly Metafile['outputs'][string][]): Bundle['contents'] {
  const sums = new Map<string, number>();
  for (const { inputs } of outputs)
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? `${file.split('/')[0]}/`;
      sums.set(name, (sums.get(name) ?? 0) + bytesInOutput);
    }
  return [...sums].map(([name, bytes]) => ({ name, bytes })).sort((a, b) => b.bytes - a.bytes);
}

const START =
  'const start = performance.now(); await import(process.argv[1]); process.stdout.write(String(performance.now() - start));';

/** Milliseconds that a fresh Node process takes to import a module. */
export async function startOf(path: string, environment: Bundle['environment']): Promise<number> {
  const env = { PATH: process.env.PATH, AWS_REGION: 'us-east-1', ...environment };
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', START, pathToFileURL(path).href], {
    env,
  });
  return Number(stdout);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** The median start of each bundle, and that of an empty module; measured in turns, so that a busy machine slows all of them alike. */
async function startsOf(bundles: readonly Bundle[], outdir: string) {
  const empty = join(outdir, 'empty.mjs');
  writeFileSync(empty, '');
  const measured = [{ id: '', path: empty, environment: {} }, ...bundles].map((bundle) => ({
    ...bundle,
    times: [0].slice(1),
  }));
  for (let i = 0; i < STARTS; i++)
    for (const { path, environment, times } of measured) times.push(await startOf(path, environment));
  const starts = new Map(measured.map(({ id, times }) => [id, Math.round(median(times))]));
  return { baselineMs: starts.get('') ?? Number.NaN, startMs: (id: string) => starts.get(id) ?? Number.NaN };
}

if (import.meta.main) {
  const values = readOptions('Usage: npm run bundle-sizes -- [--json]', { json: { type: 'boolean', default: false } });
  const outdir = mkdtempSync(join(tmpdir(), 'meridian-bundles-'));
  try {
    const bundles = [...bundleFunctions(outdir), bundleClient(outdir)];
    const { baselineMs, startMs } = await startsOf(bundles, outdir);
    const measured = bundles.map(({ id, bytes, gzip, contents }) => ({
      id,
      bytes,
      gzip,
      startMs: startMs(id),
      contents,
    }));
    const functions = measured.slice(0, -1);
    const [client] = measured.slice(-1);
    if (!client) throw new Error('There is no client.');
    process.stdout.write(
      values.json
        ? `${JSON.stringify({ limit: LIMIT, clientLimit: CLIENT_LIMIT, node: process.version, baselineMs, functions, client })}\n`
        : table([...functions, client], baselineMs),
    );
    process.exitCode = functions.some(({ bytes }) => bytes > LIMIT) || client.bytes > CLIENT_LIMIT ? 1 : 0;
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

function table(
  functions: readonly (Pick<Bundle, 'id' | 'bytes' | 'gzip' | 'contents'> & { startMs: number })[],
  baselineMs: number,
): string {
  const number = (value: number) => value.toLocaleString('en');
  const rows = functions.map(({ id, bytes, gzip, startMs, contents }) => [
    id,
    number(bytes),
    number(gzip),
    `${startMs} ms`,
    contents
      .slice(0, 4)
      .map(({ name, bytes }) => `${name} ${number(Math.round(bytes / 1000))} kB`)
      .join(', '),
  ]);
  const all = [['function', 'minified', 'gzip', 'start', 'largest contents'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ');
  return [
    ...all.map(line),
    '',
    `At most ${number(LIMIT)} bytes each, the client ${number(CLIENT_LIMIT)}. Start: the median of ${STARTS} imports in a fresh Node ${process.versions.node}; an empty module: ${baselineMs} ms.`,
    '',
  ].join('\n');
}
