import { readFileSync, realpathSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname } from 'node:path';
import * as z from 'zod';
import { packageJson } from './package-bin.ts';

const manifestSchema = z.object({ name: z.string(), version: z.string() });

/** The name and the version of the running Meridian's package. */
export function ownPackage(): z.output<typeof manifestSchema> {
  return manifestSchema.parse(JSON.parse(readFileSync(findPackageJSON(import.meta.url) ?? '', 'utf8')));
}

/** A page or a folder of the documentation, relative to a project that has installed this package. */
export function ownPage(path: string): string {
  return `node_modules/${ownPackage().name}/docs/${path}`;
}

/**
 * The folder of the copy of Meridian that a project's files import, if it differs from the running copy: with two
 * copies, errors of the project's streams would not be recognized. Undefined if the project has not installed Meridian:
 * its first import reports that.
 */
export function otherMeridian(folder: string): string | undefined {
  const running = findPackageJSON(import.meta.url);
  const imported = packageJson(folder, ownPackage().name);
  if (imported === undefined || running === undefined || realpathSync(imported) === realpathSync(running))
    return undefined;
  return dirname(imported);
}
