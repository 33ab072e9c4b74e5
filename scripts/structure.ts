import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import Table from 'cli-table3';
import ts from 'typescript';
import { readOptions } from './options.ts';

// `npm run structure`: how core is built, in numbers. `--root` measures another checkout, such as one of an earlier commit.

const USAGE = 'Usage: npm run structure -- [--json] [--root <folder of a checkout>]';

/** A folder of core, or a file next to these folders. */
interface Module {
  readonly name: string;
  readonly files: number;
  readonly lines: number;
  /** The modules that it imports, including types. */
  readonly imports: ReadonlySet<string>;
}

export interface Structure {
  readonly modules: readonly Module[];
  readonly dependencies: number;
  /**
   * The number of upward dependencies in the best order of the modules, which no layering can avoid. 0: the modules can be
   * layered.
   */
  readonly upward: number;
  /** The upward dependencies in the order that the checkout declares, `names → wire`; undefined if it declares none. */
  readonly againstTheOrder: readonly string[] | undefined;
}

/** The modules of the core below `root`, and their imports of each other. */
export async function structureOf(root: string): Promise<Structure> {
  const core = join(root, 'core');
  const byModule = Map.groupBy(globSync('**/*.ts', { cwd: core }).sort(), moduleOf);
  const modules = [...byModule].map(([name, files]): Module => {
    const texts = files.map((file) => ({ file, text: readFileSync(join(core, file), 'utf8') }));
    const imports = texts.flatMap(({ file, text }) =>
      ts
        .preProcessFile(text)
        .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
        .map(({ fileName }) => moduleOf(relative(core, join(core, dirname(file), fileName)))),
    );
    return {
      name,
      files: files.length,
      lines: texts.reduce((sum, { text }) => sum + text.split('\n').length - 1, 0),
      imports: new Set(imports.filter((other) => other !== name)),
    };
  });
  return {
    modules,
    dependencies: modules.reduce((sum, { imports }) => sum + imports.size, 0),
    upward: upwardAtLeast(modules),
    againstTheOrder: againstTheOrder(modules, await declaredOrder(root)),
  };
}

/** The modules of core, lowest first, as the checkout's check of layers has them. */
async function declaredOrder(root: string): Promise<readonly string[] | undefined> {
  const config = join(root, '.dependency-cruiser.mjs');
  if (!existsSync(config)) return undefined;
  const { coreModules }: { readonly coreModules?: readonly string[] } = await import(pathToFileURL(config).href);
  return coreModules;
}

/** A module that the order does not name is on top. */
function againstTheOrder(
  modules: readonly Module[],
  order: readonly string[] | undefined,
): readonly string[] | undefined {
  if (!order) return undefined;
  const levelOf = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return modules.flatMap(({ name, imports }) =>
    [...imports].filter((other) => levelOf(other) >= levelOf(name)).map((other) => `${name} → ${other}`),
  );
}

/** `log/load.ts` → `log`, `index.ts` → `index` */
function moduleOf(file: string): string {
  return file.split(/[\\/]|\.ts$/)[0] ?? file;
}

/**
 * The minimum number of upward dependencies over all orders of the modules: a minimum feedback arc set. Computed by
 * dynamic programming over the sets of modules at the bottom, the method of Held and Karp (1962) for orders. Exact for
 * up to about 20 modules.
 */
function upwardAtLeast(modules: readonly Module[]): number {
  const index = new Map(modules.map(({ name }, i) => [name, i]));
  const needs = modules.map(({ imports }) =>
    [...imports].reduce((bits, name) => bits | (1 << (index.get(name) ?? 31)), 0),
  );
  const least = new Int32Array(2 ** modules.length).fill(-1);
  least[0] = 0;
  for (let below = 0; below < least.length; below++)
    for (const [i, need] of needs.entries()) {
      const taken = below | (1 << i);
      if (taken === below) continue;
      // With this module on top of `below`, its dependencies on modules outside of `below` are upward.
      const cost = (least[below] ?? 0) + ones(need & ~taken);
      const known = least[taken] ?? -1;
      if (known === -1 || cost < known) least[taken] = cost;
    }
  return least.at(-1) ?? 0;
}

function ones(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}

interface Measured {
  readonly name: string;
  readonly lines: number;
}

/** The source files below `root` except tests, the longest first. */
export function largestFiles(root: string): readonly Measured[] {
  return sourcesOf(root)
    .map((file) => ({ name: file, lines: readFileSync(join(root, file), 'utf8').split('\n').length - 1 }))
    .sort((a, b) => b.lines - a.lines);
}

/** Functions and methods of the same files, the longest first. */
export function largestFunctions(root: string): readonly Measured[] {
  return sourcesOf(root)
    .flatMap((file) => functionsIn(file, readFileSync(join(root, file), 'utf8')))
    .sort((a, b) => b.lines - a.lines);
}

function sourcesOf(root: string): readonly string[] {
  return globSync('*/**/*.{ts,mjs}', { cwd: root, exclude: ['node_modules', 'cdk.out', 'coverage', 'test'] });
}

function functionsIn(file: string, text: string): readonly Measured[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Measured[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const [from, to] = [node.getStart(source), node.end].map((at) => source.getLineAndCharacterOfPosition(at).line);
      found.push({ name: `${file} ${nameOf(node, source)}`, lines: (to ?? 0) - (from ?? 0) + 1 });
    }
    node.forEachChild(visit);
  };
  visit(source);
  return found;
}

function nameOf(node: ts.SignatureDeclaration, source: ts.SourceFile): string {
  if (ts.isConstructorDeclaration(node)) return `${node.parent.name?.text ?? 'class'}.constructor`;
  if (node.name) return node.name.getText(source);
  const { parent } = node;
  return ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)
    ? parent.name.getText(source)
    : '(anonymous)';
}

/** The number of files and functions shown. */
const SHOWN = 10;

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const drawn = new Table({ head: [...head], style: { head: [], border: [], compact: true } });
  for (const row of rows) drawn.push([...row]);
  return drawn.toString();
}

if (import.meta.main) {
  const values = readOptions(USAGE, {
    root: { type: 'string', default: fileURLToPath(new URL('..', import.meta.url)) },
    json: { type: 'boolean', default: false },
  });
  const { modules, dependencies, upward, againstTheOrder } = await structureOf(values.root);
  const files = largestFiles(values.root).slice(0, SHOWN);
  const functions = largestFunctions(values.root).slice(0, SHOWN);
  if (values.json) {
    const shown = modules.map(({ imports, ...module }) => ({ ...module, imports: [...imports].sort() }));
    process.stdout.write(
      `${JSON.stringify({ modules: shown, dependencies, upward, againstTheOrder, files, functions })}\n`,
    );
  } else {
    const rows = modules.map(({ name, files, lines, imports }) => [name, files, lines, [...imports].sort().join(' ')]);
    process.stdout.write(`${table(['module', 'files', 'lines', 'imports'], rows)}\n`);
    process.stdout.write(`${modules.length} modules, ${dependencies} dependencies, ${upward} of them upwards\n`);
    for (const dependency of againstTheOrder ?? [])
      process.stdout.write(`against the order of .dependency-cruiser.mjs: ${dependency}\n`);
    process.stdout.write('\n');
    for (const [what, largest] of [
      ['largest files', files],
      ['largest functions', functions],
    ] as const)
      process.stdout.write(
        `${table(
          [what, 'lines'],
          largest.map(({ name, lines }) => [name, lines]),
        )}\n\n`,
      );
  }
}
