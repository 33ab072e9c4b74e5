import * as z from 'zod';
import type { Form } from './form.ts';
import { currentVersion, type Sample, type SampleFile } from './samples.ts';

const membersSchema = z.record(z.string(), z.unknown());

/** The samples of each version by form. */
export type Folders = ReadonlyMap<string, ReadonlyMap<string, SampleFile>>;

/** A sample that is held against today's code. */
export interface Case extends Sample {
  readonly version: string;
  readonly name: string;
  /** Undefined: today's code has no such form, though it is not retired. */
  readonly of: Form | undefined;
}

/** All samples but those of retired forms. */
export function casesOf(
  folders: Folders,
  forms: ReadonlyMap<string, Form>,
  retired: Readonly<Record<string, string>>,
): readonly Case[] {
  return [...folders].flatMap(([version, files]) =>
    [...files]
      .filter(([file]) => forms.has(file) || version === currentVersion || !Object.hasOwn(retired, file))
      .flatMap(([file, { samples }]) =>
        Object.entries(samples).map(
          ([name, sample]): Case => ({ ...sample, version, name: `${file}: ${name}`, of: forms.get(file) }),
        ),
      ),
  );
}

/** What is wrong with a list of retired forms, a line each. */
export function faultsOfRetired(
  retired: Readonly<Record<string, string>>,
  forms: ReadonlyMap<string, Form>,
  folders: Folders,
): readonly string[] {
  const released = new Set(
    [...folders].flatMap(([version, files]) => (version === currentVersion ? [] : [...files.keys()])),
  );
  return Object.entries(retired).flatMap(([form, reason]) => [
    ...(forms.has(form) ? [`${form}: today's code has it`] : []),
    ...(released.has(form) ? [] : [`${form}: no older version has it`]),
    ...(reason.trim() === '' ? [`${form}: there is no reason`] : []),
  ]);
}

/**
 * What was read of a sample, as far as its version can know: the file of an older version does not change any more, so
 * members that have come since, with values that stand for their absence, are left out. Of this version everything counts.
 */
export function asOf(version: string, read: unknown, means: unknown): unknown {
  return version === currentVersion ? read : known(read, means);
}

function known(read: unknown, means: unknown): unknown {
  if (Array.isArray(read) && Array.isArray(means)) return read.map((of, i) => known(of, means[i]));
  const [members, meant] = [membersSchema.safeParse(read).data, membersSchema.safeParse(means).data];
  if (!members || !meant) return read;
  return Object.fromEntries(
    Object.entries(members)
      .filter(([name]) => Object.hasOwn(meant, name))
      .map(([name, of]) => [name, known(of, meant[name])]),
  );
}
