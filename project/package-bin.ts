import { existsSync, readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import { parseJson } from '../core/facts/json.ts';

/**
 * The error for a command that needs packages that the project does not have. The message names them, and how to
 * install them.
 */
class MissingPackagesError extends Error {
  readonly code = 'missing-packages';

  constructor(folder: string, names: readonly string[]) {
    super(
      `${folder} does not have ${names.join(', ')}, which this command needs. Run \`npm install --save-dev ${names.join(' ')}\` there.`,
    );
    this.name = 'MissingPackagesError';
  }
}

/** The package.json of a package that a project has; undefined if it does not have it. */
export function packageJson(folder: string, name: string): string | undefined {
  try {
    const file = findPackageJSON(name, pathToFileURL(join(folder, 'package.json')));
    return file !== undefined && existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

/** @throws MissingPackagesError that names all packages that the project does not have */
export function needPackages(folder: string, names: readonly string[]): void {
  const missing = names.filter((name) => packageJson(folder, name) === undefined);
  if (missing.length > 0) throw new MissingPackagesError(folder, missing);
}

/** The folder of a package that a project has. @throws MissingPackagesError when it does not have it */
export function packageFolder(folder: string, name: string): string {
  const file = packageJson(folder, name);
  if (file === undefined) throw new MissingPackagesError(folder, [name]);
  return dirname(file);
}

const manifestSchema = z.object({ bin: z.union([z.string(), z.record(z.string(), z.string())]) });

/**
 * The script of a package's command, to be run with Node, independent of the PATH.
 * @param command the command's name @default the package's name
 * @throws MissingPackagesError if the project does not have the package
 */
export function packageBin(folder: string, name: string, command = name): string {
  const home = packageFolder(folder, name);
  const { bin } = manifestSchema.parse(parseJson(readFileSync(join(home, 'package.json'), 'utf8')));
  const script = typeof bin === 'string' ? bin : bin[command];
  if (script === undefined) throw new Error(`${name} has no command ${command}.`);
  return join(home, script);
}
