import { realpathSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * The folder of the Meridian that a project's files import, if that is another copy than the running one. With two copies, errors of
 * the project's streams would not be recognized.
 * @param name the package's name
 */
export function otherMeridian(folder: string, name: string): string | undefined {
  const running = findPackageJSON(import.meta.url);
  try {
    const imported = findPackageJSON(name, pathToFileURL(join(folder, 'package.json')));
    if (imported === undefined || running === undefined || realpathSync(imported) === realpathSync(running))
      return undefined;
    return dirname(imported);
  } catch {
    // The project has not installed it: its first import reports that.
    return undefined;
  }
}
