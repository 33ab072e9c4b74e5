import { registerHooks } from 'node:module';
import { sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Domain } from '../core/index.ts';

/** Records the project's own files that are loaded from now on. @returns a function that returns their absolute paths */
export function recordLoadedFiles(folder: string): () => readonly string[] {
  const files = new Set<string>();
  registerHooks({
    load(url, context, nextLoad) {
      if (url.startsWith('file:')) {
        const file = fileURLToPath(url);
        if (file.startsWith(folder + sep) && !file.includes(`${sep}node_modules${sep}`)) files.add(file);
      }
      return nextLoad(url, context);
    },
  });
  return () => [...files];
}

/** The file that exports the definition of each stream type; a definition that no file exports is left out. */
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
