import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import manifest from '../../package.json' with { type: 'json' };

const root = fileURLToPath(new URL('.', import.meta.url));

/** One case of a form. */
const sampleSchema = z.strictObject({
  /** As it is stored or sent. What is JSON text there is JSON here. */
  form: z.unknown(),
  /** What code makes of it. */
  means: z.unknown(),
  /** Why today's code does not write it so. */
  onlyRead: z.string().optional(),
});

const fileSchema = z.strictObject({ what: z.string(), samples: z.record(z.string(), sampleSchema) });

export type Sample = z.output<typeof sampleSchema>;

/** A file of samples: all cases of one form. */
export type SampleFile = z.output<typeof fileSchema>;

/** The version whose samples a change replaces. */
export const currentVersion = manifest.version.split('.').slice(0, 2).join('.');

/** Every version that there are samples of. */
export const versions: readonly string[] = globSync('*.*/', { cwd: root }).sort();

export function fileOf(version: string, form: string): string {
  return join(root, version, `${form}.json`);
}

/** The samples of a version by form. */
export function readSamples(version: string): ReadonlyMap<string, SampleFile> {
  const files = globSync('*.json', { cwd: join(root, version) });
  return new Map(
    files.sort().map((file) => {
      const form = basename(file, '.json');
      return [form, fileSchema.parse(JSON.parse(readFileSync(fileOf(version, form), 'utf8')))];
    }),
  );
}

/** What a value is as JSON: a map is an object there, and what is undefined is absent. */
export function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, of) => (of instanceof Map ? Object.fromEntries(of) : of)) ?? 'null');
}
