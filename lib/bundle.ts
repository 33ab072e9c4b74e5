import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import {
  type BuildFailure,
  type BuildOptions,
  buildSync,
  formatMessagesSync,
  type Message,
  type Metafile,
} from 'esbuild';

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
 * @throws BundleError if it cannot be bundled; Error if it exports no `handler`
 */
export function bundleFunction({ entry, domain }: BundleSource): Bundle {
  const key = JSON.stringify([entry, domain]);
  const known = made.get(key);
  if (known) return known;
  const { metafile, outputFiles } = build(entry, {
    entryPoints: [entry],
    // Nothing is written here: paths in the map are relative to this folder, so that the same code has the same hash on every
    // machine.
    outfile: resolve('cdk.out/function/index.mjs'),
    bundle: true,
    minify: true,
    sourcemap: true,
    sourcesContent: false,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    // The SDK is bundled, so that the tested version runs, not the one that the Lambda runtime happens to include.
    mainFields: ['module', 'main'],
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

/** The error for a file that cannot be bundled. The message has each fault with its line. */
class BundleError extends Error {
  readonly code = 'not-bundled';
  readonly retryable = false;

  constructor(entry: string, faults: readonly Message[]) {
    super(`${entry} cannot be bundled:\n\n${textOf(faults, 'error')}`);
    this.name = 'BundleError';
  }
}

/** The warnings that this process has printed: every function has the domain, and would repeat those of its files. */
const warned = new Set<string>();

/** Bundles silently. Prints each warning once. @throws BundleError: esbuild's own error would print every fault three times */
function build(entry: string, options: BuildOptions) {
  try {
    const result = buildSync({ ...options, write: false, metafile: true, logLevel: 'silent' });
    for (const warning of result.warnings) {
      const text = textOf([warning], 'warning');
      if (!warned.has(text)) process.stderr.write(text);
      warned.add(text);
    }
    return result;
  } catch (error) {
    // Without `cause`, which Node would print in full.
    throw isBuildFailure(error) ? new BundleError(entry, error.errors) : error;
  }
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors);
}

function textOf(messages: readonly Message[], kind: 'error' | 'warning'): string {
  return formatMessagesSync([...messages], { kind, color: false }).join('');
}

/** The CDK copies its assets, so the folder is not needed after the process ends. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-bundles-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
