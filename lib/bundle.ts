import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { buildSync, type Metafile } from 'esbuild';

/** The input of one bundle. */
export interface BundleSource {
  /** The file that exports `handler`. */
  readonly entry: string;
  /**
   * The absolute path of the file that exports the function's `domain`.
   * @default the file that the package itself maps `#domain` to
   */
  readonly domain?: string | undefined;
}

/** A bundled function, ready to deploy. */
export interface Bundle {
  /** The folder with `index.mjs` and its source map. */
  readonly folder: string;
  /** esbuild's metafile: the contents of the bundle. */
  readonly metafile: Metafile;
}

/** The specifier that functions import their domain by. */
const DOMAIN = '#domain';

/** The bundles made by this process: a function is bundled once for all Regions. */
const made = new Map<string, Bundle>();
let outdir: string | undefined;

/**
 * Bundles a function with its domain, the engine and its SDK.
 * @throws Error if it cannot be bundled (esbuild has then printed why), or exports no `handler`
 */
export function bundleFunction({ entry, domain }: BundleSource): Bundle {
  const key = JSON.stringify([entry, domain]);
  const known = made.get(key);
  if (known) return known;
  const { metafile, outputFiles } = buildSync({
    entryPoints: [entry],
    // Nothing is written here: paths in the map are relative to this folder, so that the same code has the same hash on every
    // machine.
    outfile: resolve('cdk.out/function/index.mjs'),
    write: false,
    bundle: true,
    minify: true,
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    // The SDK is bundled, so that the tested version runs, not the one that the Lambda runtime happens to include.
    mainFields: ['module', 'main'],
    logLevel: 'warning',
    ...(domain !== undefined && { alias: { [DOMAIN]: domain } }),
  });
  if (!Object.values(metafile.outputs).some(({ exports }) => exports.includes('handler')))
    throw new Error(
      `${entry} exports no \`handler\`: write \`export const handler = subscriber({ … })\`, or another function for Lambda to invoke.`,
    );
  outdir ??= temporaryFolder();
  const folder = join(outdir, String(made.size));
  mkdirSync(folder);
  for (const { path, contents } of outputFiles) writeFileSync(join(folder, basename(path)), contents);
  const bundle = { folder, metafile };
  made.set(key, bundle);
  return bundle;
}

/** The CDK copies its assets, so the folder is not needed after the process ends. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-bundles-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
