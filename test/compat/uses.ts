import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { forms } from './forms.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The modules whose exports are parts of forms. */
const FORMS = ['core/wire/*.ts', 'adapters/dynamodb/*-item.ts'];
/** The modules whose schemas read stored or sent forms, exported or not. */
const READERS = ['core/wire/*.ts', 'adapters/dynamodb/*.ts'];

const looksIntoKeys = 'looks at the key of an item whose form has samples';

/** Parts that belong to no form, with the reasons. */
const excepted: Readonly<Record<string, string>> = {
  'announcement.ts sourceSchema': 'looks into the body that parseOutcome reads',
  'ledger-item.ts isWatchImage': 'looks into an image that is not read',
  'announcement.ts isAnnouncement': 'looks into the body that parseOutcome reads',
  'announcement.ts outcomeBodySchema': 'looks into the body that committedSchema or abortedSchema reads',
  'bus-event.ts subscribedBodySchema': 'looks into the body that subscribedEventSchema reads',
  'envelope.ts identifiedSchema': 'looks into an envelope',
  'envelope.ts streamAndEventsSchema': 'looks into an envelope that is refused',
  'server-clock.ts responseSchema': 'reads a header of DynamoDB',
  'schemas.ts STREAM_ID': 'the part of a name that occurs in paths of the API',
  'envelope.ts streamNameOf': 'reads a path of the API',
  'envelope.ts namedStreamSchema': 'reads a path of the API',
  'envelope.ts idOf': 'looks into an envelope',
  'point.ts timeSchema': 'reads a parameter of the API, whose samples are those of its answer',
  'point.ts parseTime': 'reads a parameter of the API',
  'version-token.ts isVersionToken': 'looks into a parameter of the API',
  'version-token.ts unquoted': 'reads a header or a parameter of the API',
  'operate.ts isOperatorAction': 'looks into a request',
  'projection.ts streamsOf': 'looks into a message',
  'subscription.ts parseOwnFunctions': 'checks the arguments of an app or a world',
  'subscription.ts DefinitionError': 'reports faults of these arguments',
  'schemas.ts dotShape': 'members of larger objects',
  'schemas.ts isTraceparent': 'reads a header of the API',
  'schemas.ts traceparentSchema': 'reads a header of the API',
  'transaction.ts transactionShape': 'members of larger objects',
  'commit-item.ts sortKey': 'makes a key of an item',
  'decision-item.ts isDecisionItem': 'looks into an item',
  'view-item.ts keyOf': 'makes a key of an item',
  'view-item.ts keySchema': looksIntoKeys,
  'view-item.ts sumAttribute': 'makes a name of an attribute',
  'view-item.ts sumSchema': 'reads an attribute of a total: the domain chooses its name',
  'view-item.ts totalsSchema': 'reads the text in an attribute of an item whose form has samples',
  'view-item.ts fromKeyItem': 'reads the key of any item',
  'view-item.ts generationsKey': 'makes a key of an item',
  'snapshot-store.ts keySchema': looksIntoKeys,
  'put-if-absent.ts': 'puts the items of other adapters',
  'revised-items.ts': 'reads and puts the items of other adapters',
};

/** A part of the code, by `<file> <name>` or `<file>`, and what to do if no form has it. */
interface Part {
  readonly key: string;
  readonly fault: string;
}

/**
 * Code that reads or writes a stored or sent form, and belongs to no form.
 * @returns one line each, with what to do
 */
export async function faultsOfUses(): Promise<readonly string[]> {
  const without = await withoutForm();
  const keys = new Set(without.map(({ key }) => key));
  return [
    ...without.filter(({ key }) => !(key in excepted)).map(({ fault }) => fault),
    ...Object.keys(excepted)
      .filter((key) => !keys.has(key))
      .map((key) => `${key}: it no longer needs to be listed in test/compat/uses.ts: remove the entry.`),
  ];
}

async function withoutForm(): Promise<readonly Part[]> {
  const used = new Set<unknown>();
  for (const { uses } of forms.values()) for (const use of uses) addParts(use, used);
  return [...(await exportsWithout(used)), ...hiddenReaders(), ...(await writersWithout(used))];
}

async function exportsWithout(used: ReadonlySet<unknown>): Promise<readonly Part[]> {
  const all = await Promise.all(filesIn(FORMS).map(async (file) => ({ file, exported: await exportsOf(file) })));
  return all.flatMap(({ file, exported }) =>
    exported
      .filter(([, value]) => !used.has(value))
      .map(([name]) => ({
        key: `${basename(file)} ${name}`,
        fault:
          `${file}: ${name} belongs to no form. Add a form to test/compat/messages.ts or items.ts that has it in its ` +
          '`uses`, or except it with a reason in test/compat/uses.ts.',
      })),
  );
}

/** Schemas that a function reads with, and that no form can list in its `uses`. */
function hiddenReaders(): readonly Part[] {
  return filesIn(READERS).flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const reading = text.matchAll(/\b(\w+Schema)\.(?:safeP|p)arse\(|\bparse\((\w+Schema)\b/g);
    const names = new Set([...reading].map(([, method, argument]) => method ?? argument ?? ''));
    return [...names]
      .filter((name) => new RegExp(`^const ${name}\\b`, 'm').test(text))
      .map((name) => ({
        key: `${basename(file)} ${name}`,
        fault:
          `${file}: ${name} reads something, and is not exported. Export it, and have it in the \`uses\` of a form in ` +
          'test/compat/messages.ts or items.ts, or except it with a reason in test/compat/uses.ts.',
      }));
  });
}

/** Adapter files that write to a table and are used by no form. */
async function writersWithout(used: ReadonlySet<unknown>): Promise<readonly Part[]> {
  const writers = filesIn(['adapters/dynamodb/*.ts']).filter((file) =>
    /\b(Put|Update|TransactWrite)(Item|Items)?Command\(|\b(Put|Update): [{i]/.test(
      readFileSync(join(root, file), 'utf8'),
    ),
  );
  if (!writers.includes('adapters/dynamodb/progress.ts'))
    throw new Error('progress.ts writes to a table, but was not found.');
  const all = await Promise.all(writers.map(async (file) => ({ file, exported: await exportsOf(file) })));
  return all
    .filter(({ exported }) => !exported.some(([, value]) => typeof value === 'function' && used.has(value)))
    .map(({ file }) => ({
      key: basename(file),
      fault:
        `${file} writes to a table, and no form uses any of its exports. Add a form to test/compat/items.ts that has it in ` +
        'its `uses`, or except it with a reason in test/compat/uses.ts.',
    }));
}

function filesIn(patterns: readonly string[]): readonly string[] {
  return patterns.flatMap((pattern) => {
    const files = globSync(pattern, { cwd: root }).sort();
    if (files.length === 0) throw new Error(`There are no files ${pattern}.`);
    return files;
  });
}

async function exportsOf(file: string): Promise<readonly (readonly [string, unknown])[]> {
  const exported: object = await import(join(root, file));
  return Object.entries(exported);
}

/** What a form uses, and for a schema all its parts. */
function addParts(value: unknown, parts: Set<unknown>): void {
  if (value === null || value === undefined || parts.has(value)) return;
  if (typeof value === 'function' || typeof value === 'string') parts.add(value);
  if (typeof value !== 'object') return;
  parts.add(value);
  if (value instanceof z.ZodType) addInside(value.def, parts);
  else for (const part of Object.values(value)) addParts(part, parts);
}

/** Texts in a schema are not names of forms. */
function addInside(inside: object, parts: Set<unknown>): void {
  for (const part of Object.values(inside))
    if (typeof part === 'function') parts.add(part);
    else if (typeof part === 'object' && part !== null && !parts.has(part)) {
      parts.add(part);
      addInside(part instanceof z.ZodType ? part.def : part, parts);
    }
}
