import { readFileSync, realpathSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname } from 'node:path';
import * as z from 'zod';
import { parseJson } from '../core/facts/json.ts';
import { packageJson } from './package-bin.ts';

const manifestSchema = z.object({ name: z.string() });

/**
 * The folder of the Meridian that a project's files import, if that is another copy than the running one. With two copies, errors of
 * the project's streams would not be recognized. Before the project has installed it there is none: its first import reports that.
 */
export function otherMeridian(folder: string): string | undefined {
  const running = findPackageJSON(import.meta.url);
  if (running === undefined) return undefined;
  const { name } = manifestSchema.parse(parseJson(readFileSync(running, 'utf8')));
  const imported = packageJson(folder, name);
  if (imported === undefined || realpathSync(imported) === realpathSync(running)) return undefined;
  return dirname(imported);
}
