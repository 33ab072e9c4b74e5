import { findPackageJSON, registerHooks } from 'node:module';
import { dirname, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Domain } from '../core/index.ts';

/**
 * Records the files that a project loads from now on, apart from packages: its own, and others that it imports by their
 * paths.
 * @param onFile is called before each file is read, and with each file that is imported but missing
 * @returns a function that returns the absolute paths of those that were loaded
 */
export function recordLoadedFiles(folder: string, onFile: (file: string) => void): () => readonly string[] {
  const files = new Set<string>();
  const own = dirname(findPackageJSON(import.meta.url) ?? '');
  const sourceAt = (url: string | undefined): string | undefined => {
    const file = url?.startsWith('file:') ? fileURLToPath(url) : undefined;
    const isSource =
      file !== undefined &&
      !file.includes(`${sep}node_modules${sep}`) &&
      (file.startsWith(folder + sep) || !file.startsWith(own + sep));
    return isSource ? file : undefined;
  };
  registerHooks({
    resolve(specifier, context, nextResolve) {
      try {
        return nextResolve(specifier, context);
      } catch (error) {
        const isPath = /^(\.{0,2}\/|file:)/.test(specifier);
        const file = isPath ? sourceAt(URL.parse(specifier, context.parentURL)?.href) : undefined;
        if (file !== undefined) onFile(file);
        throw error;
      }
    },
    load(url, context, nextLoad) {
      const file = sourceAt(url);
      if (file !== undefined) {
        files.add(file);
        onFile(file);
      }
      return nextLoad(url, context);
    },
  });
  return () => [...files];
}

/** The file that exports the definition of each stream type. Definitions that are not exported are left out. */
export async function filesOfStreams(
  domain: Domain,
  files: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const file of files) {
    const exported = new Set<unknown>(Object.values(await import(pathToFileURL(file).href)));
    for (const [type, definition] of domain.streams) if (exported.has(definition)) found[type] ??= file;
  }
  return found;
}
