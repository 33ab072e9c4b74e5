import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cruise } from 'dependency-cruiser';
import config from '../.dependency-cruiser.mjs';

/**
 * Checks the imports of the source files below `root` against the rules of .dependency-cruiser.mjs.
 *
 * @returns the number of files and of imports seen, and a line per fault. A file on the disk that the cruiser did not
 * see is a fault too: with a version of TypeScript that it cannot load, it sees no files and reports no fault.
 */
export async function checkLayers(root: string): Promise<{ files: number; imports: number; faults: string[] }> {
  const files = globSync('*/**/*.{ts,mjs}', { cwd: root, exclude: ['node_modules', 'cdk.out', 'coverage'] }).map(
    (file) => file.replaceAll('\\', '/'),
  );
  if (files.length === 0) return { files: 0, imports: 0, faults: ['found no source files'] };
  const { output } = await cruise(files, {
    ...config.options,
    baseDir: root,
    validate: true,
    ruleSet: { forbidden: config.forbidden ?? [] },
  });
  if (typeof output === 'string') throw new Error(`the cruiser returned text instead of a result: ${output}`);

  const faults = output.summary.violations.map((violation) => {
    const route = violation.cycle
      ? [violation.from, ...violation.cycle.map((step) => step.name)].join(' → ')
      : violation.from === violation.to
        ? violation.from
        : `${violation.from} → ${violation.to}`;
    const rule = config.forbidden?.find((each) => each.name === violation.rule.name);
    return `${route}\n    ${violation.rule.name}: ${rule?.comment}`;
  });
  const seen = new Map(output.modules.map((module) => [module.source, module.dependencies.length]));
  faults.push(...files.filter((file) => !seen.has(file)).map((file) => `${file}\n    was not seen by the cruiser`));
  const imports = files.reduce((sum, file) => sum + (seen.get(file) ?? 0), 0);
  if (imports === 0) faults.push('the cruiser saw no import at all: does it support this version of TypeScript?');
  return { files: files.length, imports, faults };
}

if (import.meta.main) {
  const { files, imports, faults } = await checkLayers(fileURLToPath(new URL('..', import.meta.url)));
  process.stdout.write(`${faults.map((fault) => `${fault}\n`).join('')}${files} files, ${imports} imports\n`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
