import * as z from 'zod';
import type { Form } from './form.ts';
import { currentVersion, type Sample, type SampleFile } from './samples.ts';

const membersSchema = z.record(z.string(), z.unknown());

/** The samples of each version by form. */
export type Folders = ReadonlyMap<string, ReadonlyMap<string, SampleFile>>;

/** A sample compared with the current code. */
export interface Case extends Sample {
  readonly version: string;
  readonly name: string;
  /** Undefined: the current code lacks the form, although it is not retired. */
  readonly of: Form | undefined;
}

/** All samples except those of retired forms. */
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

/** The faults of a list of retired forms, one line each. */
export function faultsOfRetired(
  retired: Readonly<Record<string, string>>,
  forms: ReadonlyMap<string, Form>,
  folders: Folders,
): readonly string[] {
  const released = new Set(
    [...folders].flatMap(([version, files]) => (version === currentVersion ? [] : [...files.keys()])),
  );
  return Object.entries(retired).flatMap(([form, reason]) => [
    ...(forms.has(form) ? [`${form}: the current code has it`] : []),
    ...(released.has(form) ? [] : [`${form}: no older version has it`]),
    ...(reason.trim() === '' ? [`${form}: there is no reason`] : []),
  ]);
}

/**
 * The result of reading a sample, reduced to the members that its version knows: files of older versions do not change any
 * more, so members added since, with values that mean their absence, are omitted. For the current version everything
 * counts.
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
