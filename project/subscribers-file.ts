import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as z from 'zod';
import { messageOf } from '../core/facts/errors.ts';
import type { SubscriberDefinition } from '../core/index.ts';
import { placeOf, sentence } from './place.ts';

/**
 * The error for a file of subscribers that cannot be used. The message names the file, what was found, and what to
 * write.
 */
export class SubscribersFileError extends Error {
  readonly code = 'invalid-subscribers-file';
  readonly retryable = false;

  constructor(place: string, found: string, write = EXPORT, options?: ErrorOptions) {
    super(`${place}: ${found} ${write}`, options);
    this.name = 'SubscribersFileError';
  }
}

const EXPORT =
  "Write `export const subscribers = { mailer: { entry: import.meta.resolve('./mailer.ts'), streamTypes: ['order'] } }` in it.";

const exportedSchema = z.object({ subscribers: z.record(z.string(), z.looseObject({ entry: z.string() })) });

/** The definitions that the file of a project's subscribers exports. @throws SubscribersFileError */
export async function readSubscribers(file: string): Promise<Readonly<Record<string, SubscriberDefinition>>> {
  const exported = await load(file);
  if (!isSubscribersModule(exported))
    throw new SubscribersFileError(file, 'It does not export `subscribers`, each with an `entry`.');
  for (const [name, { entry }] of Object.entries(exported.subscribers)) checkEntry(file, name, entry);
  return exported.subscribers;
}

/** The form of an entry is checked with the rest of its definition. */
function checkEntry(file: string, name: string, entry: string): void {
  const path = entry.startsWith('file:') ? fileURLToPath(entry) : entry;
  if (!isAbsolute(path) || existsSync(path)) return;
  const lines = readFileSync(file, 'utf8').split('\n');
  const line = lines.findIndex((text) => text.includes(basename(path)));
  // It may have been written relative to another folder.
  const near = `./${basename(path)}`;
  const meant = existsSync(join(dirname(file), near)) ? ` to import.meta.resolve('${near}')` : '';
  throw new SubscribersFileError(
    line === -1 ? file : `${file}:${line + 1}`,
    `The entry of subscriber ${name} is ${path}, but there is no such file.`,
    `Create it, with \`export const handler = subscriber({ handle: async (event, { key }) => { … } })\`, or correct \`entry\`${meant}.`,
  );
}

/** Checks the shape only. The world and the CDK construct check the definitions themselves. */
function isSubscribersModule(
  exported: unknown,
): exported is { readonly subscribers: Readonly<Record<string, SubscriberDefinition>> } {
  return exportedSchema.safeParse(exported).success;
}

async function load(file: string): Promise<unknown> {
  if (!existsSync(file)) throw new SubscribersFileError(file, 'package.json names this file, but it does not exist.');
  try {
    return await import(pathToFileURL(file).href);
  } catch (cause) {
    throw new SubscribersFileError(
      placeOf(cause) ?? file,
      sentence(messageOf(cause)),
      `Fix that: the subscribers in ${file} could not be loaded because of it.`,
      { cause },
    );
  }
}
