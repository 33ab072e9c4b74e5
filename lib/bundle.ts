import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { buildSync, type Metafile } from 'esbuild';

/** What one bundle is made of. */
export interface BundleSource {
  /** The file that exports `handler`. */
  readonly entry: string;
  /** The file that exports the `domain` that the function runs, an absolute path. @default the one that the package names itself */
  readonly domain?: string | undefined;
}

/** A function as it is deployed. */
export interface Bundle {
  /** It holds `index.mjs`, with its map. */
  readonly folder: string;
  /** esbuild's account of what is in it. */
  readonly metafile: Metafile;
}

/** What functions import their domain as. */
const DOMAIN = '#domain';

/** What this process has made: a function is bundled once for all Regions. */
const made = new Map<string, Bundle>();
let outdir: string | undefined;

/**
 * Bundles a function with its domain, the engine and its SDK.
 * @throws Error when it cannot be bundled, and esbuild has printed why; or when it exports no `handler`
 */
export function bundleFunction({ entry, domain }: BundleSource): Bundle {
  const key = JSON.stringify([entry, domain]);
  const known = made.get(key);
  if (known) return known;
  const { metafile, outputFiles } = buildSync({
    entryPoints: [entry],
    // Not written there: paths in the map are from there, so that the same code has the same hash on every machine.
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
    // The SDK that was tested is the SDK that runs, not the one that the runtime has that day.
    mainFields: ['module', 'main'],
    logLevel: 'warning',
    ...(domain !== undefined && { alias: { [DOMAIN]: domain } }),
  });
  if (!Object.values(metafile.outputs).some(({ exports }) => exports.includes('handler')))
    throw new Error(
      `${entry} exports no \`handler\`: write \`export const handler = subscriber({ … })\`, or what else Lambda shall invoke.`,
    );
  outdir ??= temporaryFolder();
  const folder = join(outdir, String(made.size));
  mkdirSync(folder);
  for (const { path, contents } of outputFiles) writeFileSync(join(folder, basename(path)), contents);
  const bundle = { folder, metafile };
  made.set(key, bundle);
  return bundle;
}

/** The CDK copies what it deploys, so nothing is needed once the process ends. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-bundles-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
