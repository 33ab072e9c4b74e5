import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import { messageOf } from '../core/facts/errors.ts';
import type { Workload } from '../workload/workload.ts';
import { placeOf, sentence } from './place.ts';

/** The error for a file of a workload that cannot be used. The message names the file, what was found, and what to write. */
class WorkloadFileError extends Error {
  readonly code = 'invalid-workload-file';
  readonly retryable = false;

  constructor(place: string, found: string, write: string, options?: ErrorOptions) {
    super(`${place}: ${found} ${write}`, options);
    this.name = 'WorkloadFileError';
  }
}

const EXPORT =
  'Write `export const workload = defineWorkload({ uses: { stock: defineUse(stock, { … }) } })` in it, with both functions of `@meridian-es/meridian/testing`.';

/** What `defineUse` returns has all of these. */
const useSchema = z.looseObject({ type: z.string(), kind: z.string(), command: z.function(), effect: z.function() });
const exportedSchema = z.object({
  workload: z.object({ uses: z.record(z.string(), useSchema), views: z.record(z.string(), z.unknown()).optional() }),
});

/** The workload that a file exports. @throws WorkloadFileError */
export async function readWorkload(file: string): Promise<Workload> {
  const exported = await load(file);
  if (!isWorkloadModule(exported)) throw new WorkloadFileError(file, 'It exports no `workload`.', EXPORT);
  return exported.workload;
}

function isWorkloadModule(exported: unknown): exported is { readonly workload: Workload } {
  return exportedSchema.safeParse(exported).success;
}

async function load(file: string): Promise<unknown> {
  if (!existsSync(file)) throw new WorkloadFileError(file, 'There is no such file.', EXPORT);
  try {
    return await import(pathToFileURL(file).href);
  } catch (cause) {
    throw new WorkloadFileError(
      placeOf(cause) ?? file,
      sentence(messageOf(cause)),
      `Fix that: ${file} has to be loaded.`,
      {
        cause,
      },
    );
  }
}
