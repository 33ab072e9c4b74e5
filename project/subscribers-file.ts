import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import type { SubscriberDefinition } from '../core/index.ts';

/** The file of the subscribers cannot be used: which file, what was found, and what to write. */
export class SubscribersFileError extends Error {
  readonly code = 'invalid-subscribers-file';
  readonly retryable = false;

  constructor(file: string, found: string, options?: ErrorOptions) {
    super(
      `${file}: ${found} Write \`export const subscribers = { mailer: { entry: import.meta.resolve('./mailer.ts'), streamTypes: ['order'] } }\` in it.`,
      options,
    );
    this.name = 'SubscribersFileError';
  }
}

const exportedSchema = z.object({ subscribers: z.record(z.string(), z.looseObject({ entry: z.string() })) });

/** The definitions that the file of a project's subscribers exports. @throws SubscribersFileError */
export async function readSubscribers(file: string): Promise<Readonly<Record<string, SubscriberDefinition>>> {
  const exported = await load(file);
  if (!isSubscribersModule(exported))
    throw new SubscribersFileError(file, 'It does not export `subscribers`, each with an `entry`.');
  return exported.subscribers;
}

/** The rest of a definition is checked together with the Regions and the streams, as for a deployment. */
function isSubscribersModule(
  exported: unknown,
): exported is { readonly subscribers: Readonly<Record<string, SubscriberDefinition>> } {
  return exportedSchema.safeParse(exported).success;
}

async function load(file: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(file).href);
  } catch (cause) {
    throw new SubscribersFileError(file, `It could not be loaded: ${cause instanceof Error ? cause.message : cause}.`, {
      cause,
    });
  }
}
