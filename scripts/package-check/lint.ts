import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { entryPoints, reportApi } from '../api-report.ts';
import { STAGE } from '../pack.ts';
import type { Step } from '../steps.ts';
import { foreignTypes } from './declarations.ts';
import { runNode } from './run.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The checks of the packed package that do not run it. @throws Error that lists the faults of a step */
export async function lintPackage(step: Step, tarball: string): Promise<void> {
  const tool = (path: string, ...args: string[]) => runNode(root, [join(root, 'node_modules', path), ...args]);
  await step('publint', () => tool('publint/src/cli.js', 'run', tarball, '--strict'));
  await step('attw', () => tool('@arethetypeswrong/cli/dist/index.js', tarball, '--profile', 'esm-only'));
  await step('declarations', () =>
    refuse([...entryPoints(STAGE)].flatMap(([name, declarations]) => foreignTypes(name, declarations))),
  );
  await step('API report', () => refuse(reportApi(STAGE)));
}

function refuse(faults: readonly string[]): void {
  if (faults.length > 0) throw new Error(faults.join('\n'));
}
