import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { quint } from '../../spec/quint.ts';

/** One step of a trace of the model: the action, what was drawn for it, and the state after it. */
export interface ModelStep {
  readonly action: string;
  readonly picks: Readonly<Record<string, unknown>>;
  readonly state: unknown;
  /** What the module says of the state before it; undefined if it says nothing. */
  readonly before: unknown;
}

interface Traced {
  readonly file: string;
  readonly main: string;
  readonly variable: string;
  readonly invariants: readonly string[];
  /** The names of the actions, and of the variable that says something of the state before a step. @default init, step, none */
  readonly observed?: { readonly init: string; readonly step: string; readonly before: string };
}

const stateSchema = z.looseObject({
  'mbt::actionTaken': z.string(),
  'mbt::nondetPicks': z.record(z.string(), z.object({ tag: z.enum(['Some', 'None']), value: z.unknown() })),
});

const traceSchema = z.object({ states: z.array(stateSchema) });

/**
 * Random traces of a module in which its invariants hold, with the name of the variable that holds the whole state.
 * @returns each trace without its first state
 */
export async function tracesOf(
  { file, main, variable, invariants, observed }: Traced,
  { traces, steps, seed }: { readonly traces: number; readonly steps: number; readonly seed: number },
): Promise<readonly (readonly ModelStep[])[]> {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-traces-'));
  try {
    const { code, text } = await quint([
      ...['run', file, '--main', main, '--backend', 'typescript', '--verbosity', '1', '--mbt'],
      ...['--max-samples', String(traces), '--n-traces', String(traces), '--max-steps', String(steps)],
      ...['--invariants', ...invariants, '--seed', String(seed), '--out-itf', join(folder, '{seq}.json')],
      ...(observed ? ['--init', observed.init, '--step', observed.step] : []),
    ]);
    if (code !== 0) throw new Error(text);
    return readdirSync(folder).map((name) => {
      const { states } = traceSchema.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
      return states.slice(1).map((state) => ({
        action: state['mbt::actionTaken'],
        picks: picksOf(state['mbt::nondetPicks']),
        state: plainOf(state[`${main}::${variable}`]),
        before: observed && plainOf(state[observed.before]),
      }));
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function picksOf(picks: z.output<typeof stateSchema>['mbt::nondetPicks']): Readonly<Record<string, unknown>> {
  const picked = Object.entries(picks).filter(([, { tag }]) => tag === 'Some');
  return Object.fromEntries(picked.map(([name, { value }]) => [name, plainOf(value)]));
}

const bigintSchema = z.strictObject({ '#bigint': z.string() });
const setSchema = z.strictObject({ '#set': z.array(z.unknown()) });
const mapSchema = z.strictObject({ '#map': z.array(z.tuple([z.unknown(), z.unknown()])) });

/** A value of the Informal Trace Format: sets as sorted arrays, maps as objects, with records in keys as `tx#n`. */
function plainOf(value: unknown): unknown {
  const number = bigintSchema.safeParse(value);
  if (number.success) return Number(number.data['#bigint']);
  const set = setSchema.safeParse(value);
  if (set.success) return sorted(set.data['#set'].map(plainOf));
  const map = mapSchema.safeParse(value);
  if (map.success) return Object.fromEntries(map.data['#map'].map(([key, of]) => [keyOf(plainOf(key)), plainOf(of)]));
  if (Array.isArray(value)) return value.map(plainOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, plainOf(of)]));
}

/** Sorted by their JSON, members of objects by name. */
export function sorted<T>(values: readonly T[]): readonly T[] {
  const textOf = (value: T) =>
    JSON.stringify(value, (_key, of) =>
      typeof of === 'object' && of !== null && !Array.isArray(of) ? Object.fromEntries(Object.entries(of).sort()) : of,
    );
  return values.toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
}

const attemptSchema = z.object({ tx: z.string(), n: z.number() });

function keyOf(key: unknown): string {
  const attempt = attemptSchema.safeParse(key);
  return attempt.success ? `${attempt.data.tx}#${attempt.data.n}` : String(key);
}
