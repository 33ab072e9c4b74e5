import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { messageOf } from '../core/facts/errors.ts';
import { type Deployment, parseOwnFunctions, type SubscriberDefinition, type Subscription } from '../core/index.ts';
import { functionsOf, type SubscriberFunctions, type SubscriberHandler } from '../lambdas/subscription.ts';
import { placeOf, sentence } from '../project/place.ts';

/** A subscriber as it is deployed; in a world its handler may be given instead of its file. */
export interface WorldSubscriber extends SubscriberDefinition {
  /** The handler that `subscriber({ … })` returned. @default the `handler` that `entry` exports */
  readonly handler?: SubscriberHandler;
}

/** A subscriber, and its functions, which are available once its file is loaded. */
export interface LoadedSubscriber {
  readonly subscription: Subscription;
  readonly functions: Promise<SubscriberFunctions>;
}

/**
 * The error if a subscriber's file, or a file that it imports, cannot be used. The message names the file, what was
 * found, and what to write.
 */
export class SubscriberFileError extends Error {
  readonly code = 'invalid-subscriber-file';
  readonly retryable = false;

  constructor(name: string, file: string, found: string, options?: ErrorOptions) {
    super(
      `${file}: ${found} Subscriber ${name} cannot run: its file must contain \`export const handler = subscriber({ handle: async (event, { key }) => { … } })\`.`,
      options,
    );
    this.name = 'SubscriberFileError';
  }
}

/** Checks subscribers as a deployment does, and starts to load their files. @throws DefinitionError with every fault */
export function loadSubscribers(
  definitions: Readonly<Record<string, WorldSubscriber>>,
  deployment: Deployment,
): readonly LoadedSubscriber[] {
  // An app may add `grant`, which a world does not need.
  return parseOwnFunctions({ subscribers: definitions }, deployment, ['handler', 'grant']).subscribers.map(
    (subscription) => ({
      subscription,
      functions: functionsIn(subscription, definitions[subscription.name]?.handler),
    }),
  );
}

async function functionsIn(
  { name, entry }: Subscription,
  given: SubscriberHandler | undefined,
): Promise<SubscriberFunctions> {
  const url = entry.startsWith('file:') ? entry : pathToFileURL(entry).href;
  const file = fileURLToPath(url);
  const handler = given ?? (await load(name, file, url)).handler;
  const functions = functionsOf(handler);
  if (functions) return functions;
  throw new SubscriberFileError(
    name,
    file,
    handler === undefined ? 'It exports no `handler`.' : 'What it exports as `handler` was not made by `subscriber`.',
  );
}

async function load(name: string, file: string, url: string): Promise<{ readonly handler?: unknown }> {
  if (!existsSync(file)) throw new SubscriberFileError(name, file, 'There is no such file.');
  try {
    return await import(url);
  } catch (cause) {
    const place = placeOf(cause) ?? file;
    throw new SubscriberFileError(name, place, `It could not be loaded: ${sentence(messageOf(cause))}`, { cause });
  }
}
