import { CliError } from '../client/cli-error.ts';
import { briefOf, codeOf } from '../client/problem.ts';
import type { Region } from '../client/region.ts';

/** The Regions of a deployment by name, in the deployment's order. */
export type ByName = ReadonlyMap<string, Region>;

/** What a check has found, as text for people and as data for later checks. */
export interface Found<T = undefined> {
  readonly found: string;
  readonly value: T;
}

/**
 * Runs a step in every Region.
 * @returns the results, in the order of the Regions
 * @throws CliError that names the Regions in which it failed, with the code of the first failure
 */
export async function everywhere<T>(
  regions: ByName,
  work: (region: Region, name: string) => Promise<T>,
): Promise<ReadonlyMap<string, T>> {
  const errors: { readonly name: string; readonly error: unknown }[] = [];
  const done = await Promise.all(
    [...regions].map(async ([name, region]) => {
      try {
        return [[name, await work(region, name)] as const];
      } catch (error) {
        errors.push({ name, error });
        return [];
      }
    }),
  );
  const [first] = errors;
  if (!first) return new Map(done.flat());
  const message = errors.map(({ name, error }) => `${name}: ${briefOf(error)}`).join('\n');
  throw new CliError(codeOf(first.error), message, { cause: first.error });
}
