import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { STORED_FORM } from '../../core/names.ts';

const root = fileURLToPath(new URL('.', import.meta.url));

const EXAMPLE =
  'It must be {"what": "…", "samples": {"plain": {"form": null, "means": {…}}}}: npm run compat -- --write fills in the form.';

/** Any value including null, but not undefined. */
const anythingSchema = z.custom<unknown>((value) => value !== undefined, 'is missing');

/** One case of a form. */
const sampleSchema = z.strictObject({
  /** The stored or sent form. What is JSON text there is JSON here. */
  form: anythingSchema,
  /** Its meaning: the result of reading it. */
  means: anythingSchema,
  /** Why the current code does not write it this way. */
  onlyRead: z.string().optional(),
});

const fileSchema = z.strictObject({ what: z.string(), samples: z.record(z.string(), sampleSchema) });

export type Sample = z.output<typeof sampleSchema>;

/** A file of samples: all cases of one form. */
export type SampleFile = z.output<typeof fileSchema>;

/** The version whose samples a change replaces. */
export const currentVersion = STORED_FORM;

/** Every version that has samples. */
export const versions: readonly string[] = globSync('*.*/', { cwd: root }).sort();

export function fileOf(version: string, form: string): string {
  return join(root, version, `${form}.json`);
}

/** The path of a file of samples, as messages show it. */
export function nameOf(version: string, form: string): string {
  return `test/compat/${version}/${form}.json`;
}

/** A file that is not a file of samples. */
export class SampleFault extends Error {}

function readFile(version: string, form: string): SampleFile {
  const name = nameOf(version, form);
  const text = readFileSync(fileOf(version, form), 'utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new SampleFault(`${name} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
  const { data, error } = fileSchema.safeParse(json);
  if (data) return data;
  const faults = error.issues.map(({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`);
  throw new SampleFault(`${name} is not a valid file of samples: ${faults.join('; ')}. ${EXAMPLE}`);
}

/** The samples of a version by form. */
export function readSamples(version: string): ReadonlyMap<string, SampleFile> {
  const files = globSync('*.json', { cwd: join(root, version) });
  return new Map(
    files.sort().map((file) => {
      const form = basename(file, '.json');
      return [form, readFile(version, form)];
    }),
  );
}

/** A value in JSON: maps become objects, undefined members disappear. */
export function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, of) => (of instanceof Map ? Object.fromEntries(of) : of)) ?? 'null');
}
