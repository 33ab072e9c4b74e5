import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import ts from 'typescript';
import { readOptions } from './options.ts';

// `npm run type-cost`: the cost of a team's domain in the compiler: its types and instantiations.

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The file is not on disk: only the compiler sees it. */
const FILE = join(ROOT, 'type-cost.ts');

/** Files that do not change between programs: they are parsed once. */
const parsed = new Map<string, ts.SourceFile>();

export interface TypeCost {
  readonly streams: number;
  readonly instantiations: number;
  readonly types: number;
  /** Compiler errors; none are expected. */
  readonly errors: readonly string[];
}

/**
 * The code of one stream, in one of the two modes: two events (one in its second version), three commands, a view, a
 * test and calls.
 */
function streamText(i: number): string {
  const mode = i % 2 === 0 ? `mode: 'home', home: () => 'eu-west-1'` : `mode: 'merge', checkId: () => undefined`;
  const view =
    i % 3 === 0
      ? `kind: 'rows', row: ({ lines }, id) => ({ id, lines: lines.length })`
      : `kind: 'totals', totals: ({ lines }) => ({ all: { lines: lines.length, sum${i}: 1 } })`;
  return `
interface State${i} { readonly lines: readonly { readonly name: string; readonly count: number }[]; readonly open: boolean }
const initial${i}: State${i} = { lines: [], open: true };
const line${i} = z.strictObject({ name: z.string().min(1), count: z.int().min(1), note${i}: z.string().optional() });
const stream${i} = defineStream({
  type: 'stream-${i}',
  ${mode},
  events: {
    Added: nextVersion(
      { schemaVersion: 1, schema: z.strictObject({ name: z.string() }) },
      { schemaVersion: 2, schema: line${i}, sample: { name: 'a', count: 1 }, upcast: ({ name }) => ({ name, count: 1 }) },
    ),
    Closed: { schemaVersion: 1, schema: z.strictObject({ by: z.string() }), sample: { by: 'a' } },
  },
  initial: initial${i},
  evolve: (state, { type, data }) =>
    type === 'Closed' ? { ...state, open: false } : { ...state, lines: [...state.lines, data] },
  commands: {
    add: { input: line${i}, decide: (_state, data) => [{ type: 'Added', data }] },
    rename: {
      input: z.strictObject({ from: z.string(), to: z.string() }),
      decide: ({ lines }, { from, to }) =>
        lines.filter(({ name }) => name === from).map(({ count }) => ({ type: 'Added' as const, data: { name: to, count } })),
    },
    close: { input: z.undefined(), decide: ({ open }, _input, { id }) => (open ? [{ type: 'Closed', data: { by: id } }] : []) },
  },
});
const view${i} = defineView({ name: 'view-${i}', of: stream${i}, ${view} });
given(stream${i}, { type: 'Added', data: { name: 'a', count: 1 } })
  .when('rename', { from: 'a', to: 'b' })
  .then({ type: 'Added', data: { name: 'b', count: 1 } });
`;
}

function callsText(i: number): string {
  return `
export const state${i} = api.stream('stream-${i}', 'a').read();
export const closed${i} = api.stream('stream-${i}', 'a').command('close');
export const added${i} = api.stream('stream-${i}', 'a').append([{ type: 'Added', data: { name: 'a', count: 1 } }]);
export const row${i} = api.view('view-${i}').row('all');
`;
}

function domainText(streams: number): string {
  const all = Array.from({ length: streams }, (_, i) => i);
  return `
import { defineDomain, defineStream, defineView, nextVersion } from '@meridian-es/meridian';
import { client } from '@meridian-es/meridian/client';
import { given } from '@meridian-es/meridian/testing';
import * as z from 'zod';
${all.map(streamText).join('')}
const domain = defineDomain({
  streams: [${all.map((i) => `stream${i}`).join(', ')}],
  views: [${all.map((i) => `view${i}`).join(', ')}],
});
const api = client<typeof domain>({ endpoints: {}, region: 'eu-west-1' });
${all.map(callsText).join('')}`;
}

/** Compiles a domain of this many streams with its tests and the calls of a client, and counts. The counts are the same every time. */
export function typeCostOf(streams: number): TypeCost {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, ROOT);
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  const source = ts.createSourceFile(FILE, domainText(streams), {
    languageVersion: options.target ?? ts.ScriptTarget.Latest,
    impliedNodeFormat: ts.ModuleKind.ESNext,
  });
  host.fileExists = (file) => file === FILE || fileExists(file);
  host.getSourceFile = (file, ...rest) => {
    if (file === FILE) return source;
    const read = parsed.get(file) ?? getSourceFile(file, ...rest);
    if (read) parsed.set(file, read);
    return read;
  };
  const program = ts.createProgram([FILE], { ...options, types: ['node'] }, host);
  const faults = [...program.getOptionsDiagnostics(), ...program.getSemanticDiagnostics(source)];
  return {
    streams,
    instantiations: program.getInstantiationCount(),
    types: program.getTypeCount(),
    errors: faults.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
  };
}

if (import.meta.main) {
  const { json } = readOptions('Usage: npm run type-cost -- [--json]', { json: { type: 'boolean', default: false } });
  const costs = [1, 10, 25, 50].map(typeCostOf);
  const table = new Table({ head: ['streams', 'instantiations', 'types'], style: { head: [], border: [] } });
  for (const { streams, instantiations, types } of costs) table.push([streams, instantiations, types]);
  process.stdout.write(json ? `${JSON.stringify(costs)}\n` : `${table}\n`);
  const errors = costs.flatMap((cost) => cost.errors);
  if (errors.length > 0) process.stderr.write(`${errors.join('\n')}\n`);
  process.exitCode = errors.length > 0 ? 1 : 0;
}
