import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import manifest from '../package.json' with { type: 'json' };

/**
 * Links into a folder what `npm install` would put there: the package of this repository, and some of the packages that
 * it has itself.
 */
export function linkPackage(folder: string, others: readonly string[] = []): void {
  for (const name of [manifest.name, ...others]) {
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(name === manifest.name ? resolve('.') : resolve('node_modules', name), link, 'dir');
  }
}
