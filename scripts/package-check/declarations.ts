import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

/** What the declarations of an entry point may name: packages that a team which imports it has. */
const COMMON = ['zod'];
const OF_ENTRY: Readonly<Record<string, readonly string[]>> = {
  cdk: ['aws-cdk-lib', 'constructs'],
  // Packages with types only, which are dependencies of the package itself.
  lambda: ['aws-lambda'],
  world: ['aws-lambda'],
};

/**
 * The packages that the declarations of an entry point name without permission, one line each. A consumer's compiler
 * reads every declaration that is reached, whether or not the consumer uses it.
 */
export function foreignTypes(name: string, declarations: string): readonly string[] {
  const allowed = [...COMMON, ...(OF_ENTRY[name] ?? [])];
  return [...importsOf(declarations)]
    .filter(([module]) => !isBuiltin(module) && !allowed.some((of) => module === of || module.startsWith(`${of}/`)))
    .map(([module, file]) => `The types of ${name} need ${module}: ${relative(dirname(declarations), file)} names it`);
}

/** Modules of other packages that a declaration file reaches, each with a file that names it. */
function importsOf(entry: string): ReadonlyMap<string, string> {
  const modules = new Map<string, string>();
  const seen = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    const { importedFiles, typeReferenceDirectives } = ts.preProcessFile(readFileSync(file, 'utf8'));
    for (const { fileName } of [...importedFiles, ...typeReferenceDirectives])
      if (fileName.startsWith('.')) visit(join(dirname(file), fileName.replace(/\.[jt]s$/, '.d.ts')));
      else modules.set(fileName, file);
  };
  visit(entry);
  return modules;
}
