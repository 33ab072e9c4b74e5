import { documentOf, textOf } from './client/problem.ts';
import type { Region } from './client/region.ts';
import { sayJson, sayNote, sayText } from './output.ts';

/** All Regions of a deployment. @throws CliError if only the address of the given Region is known */
export async function everyRegion(first: Region): Promise<readonly Region[]> {
  const { region, seen } = await first.health();
  return Object.keys(seen).map((name) => (name === region ? first : first.sibling(name)));
}

/** The result of work in one Region. */
type Result<T> = ({ readonly region: string } & T) | { readonly region: string; readonly error: unknown };

/** Runs a step in all Regions concurrently: a failure in one does not stop the others. */
export function inEach<T extends object>(
  regions: readonly Region[],
  work: (region: Region) => Promise<T>,
): Promise<readonly Result<T>[]> {
  return Promise.all(
    regions.map(async (region) => {
      try {
        return { region: region.name, ...(await work(region)) };
      } catch (error) {
        return { region: region.name, error };
      }
    }),
  );
}

/** Reports the result of each Region; the exit code is 1 if one failed. */
export function tellEach<T extends object>(
  results: readonly Result<T>[],
  json: boolean,
  textOfOne: (result: T) => string,
): void {
  if (json)
    sayJson({
      regions: results.map((result) =>
        'error' in result ? { region: result.region, problem: documentOf(result.error) } : result,
      ),
    });
  const failures = new Set(results.map((result) => ('error' in result ? textOf(result.error) : undefined)));
  const [failure] = failures;
  if (!json && results.length > 1 && failures.size === 1 && failure !== undefined) {
    process.exitCode = 1;
    sayNote(`In every Region: ${failure}`);
    return;
  }
  for (const result of results) {
    const failed = 'error' in result;
    if (failed) process.exitCode = 1;
    if (json) continue;
    if (failed) sayNote(`${result.region}: ${textOf(result.error)}`);
    else sayText(`${result.region}: ${textOfOne(result)}`);
  }
}
