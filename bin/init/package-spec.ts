import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { parseJson } from '../../core/facts/json.ts';
import { CliError } from '../client/cli-error.ts';

const manifestSchema = z.object({ dependencies: z.record(z.string(), z.string()).default({}) });

/**
 * The dependency specifier with which `npm install` installs the running package: the tarball or URL from which npx or
 * a project installed it, otherwise its version. In Meridian's own repository it is the tarball made by
 * `npm run pack-package`.
 * @param root the folder of the package
 * @throws CliError in the repository when there is no tarball
 */
export function packageSpec(
  root: string,
  { name, version }: { readonly name: string; readonly version: string },
): string {
  const host = dirname(dirname(dirname(root)));
  if (!root.endsWith(join('node_modules', name))) return packedHere(root, name);
  const file = join(host, 'package.json');
  const installed = existsSync(file) ? manifestSchema.safeParse(parseJson(readFileSync(file, 'utf8'))).data : undefined;
  const spec = installed?.dependencies[name];
  if (spec?.startsWith('file:')) return `file:${resolve(host, spec.slice('file:'.length))}`;
  return spec !== undefined && /^https?:/.test(spec) ? spec : version;
}

function packedHere(root: string, name: string): string {
  const [tarball] = globSync(`.package/${name.replace('@', '').replace('/', '-')}-*.tgz`, { cwd: root });
  if (tarball === undefined)
    throw new CliError(
      'not-packed',
      'This is the repository of Meridian. Run `npm run pack-package` first, or pass --package <spec>.',
    );
  return `file:${join(root, tarball)}`;
}
