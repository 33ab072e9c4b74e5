import { existsSync, readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import { parseJson } from '../core/facts/json.ts';

/** Packages that a command needs are missing in the project; the message has their names, and how to install them. */
class MissingPackagesError extends Error {
  readonly code = 'missing-packages';

  constructor(folder: string, names: readonly string[]) {
    super(
      `${folder} has no ${names.join(', ')}, which this needs: run \`npm install --save-dev ${names.join(' ')}\` there.`,
    );
    this.name = 'MissingPackagesError';
  }
}

/** The package.json of a package that a project has installed; undefined: it is not installed. */
function packageJson(folder: string, name: string): string | undefined {
  try {
    const file = findPackageJSON(name, pathToFileURL(join(folder, 'package.json')));
    return file !== undefined && existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

/** @throws MissingPackagesError with the names of all that are not installed */
export function needPackages(folder: string, names: readonly string[]): void {
  const missing = names.filter((name) => packageJson(folder, name) === undefined);
  if (missing.length > 0) throw new MissingPackagesError(folder, missing);
}

/** The folder of a package that a project has. @throws MissingPackagesError when it does not have it */
export function packageFolder(folder: string, name: string): string {
  needPackages(folder, [name]);
  return dirname(packageJson(folder, name) ?? '');
}

const manifestSchema = z.object({ bin: z.union([z.string(), z.record(z.string(), z.string())]) });

/**
 * The script of a package's command, which Node can run independently of the PATH.
 * @param command the command, for a package that has several. @default the package's name
 * @throws MissingPackagesError when the project does not have the package
 */
export function packageBin(folder: string, name: string, command = name): string {
  const home = packageFolder(folder, name);
  const { bin } = manifestSchema.parse(parseJson(readFileSync(join(home, 'package.json'), 'utf8')));
  const script = typeof bin === 'string' ? bin : bin[command];
  if (script === undefined) throw new Error(`${name} has no command ${command}.`);
  return join(home, script);
}
