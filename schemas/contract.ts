import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Domain } from '../core/index.ts';
import { asyncApi } from './asyncapi.ts';
import { breakingChanges, type Released, releasedSchema, releaseOf } from './breaking-changes.ts';
import { type SchemaDocument, schemaDocuments } from './documents.ts';

export const ASYNCAPI = 'asyncapi.yaml';
export const RELEASED = 'schemas/released.json';
const GENERATED = ['schemas/{events,commands,messages}/*', ASYNCAPI];
const FOLDERS = { event: 'events', sent: 'events', command: 'commands', message: 'messages' } as const;

/** `schemas/events/account.Deposited.2.json` */
export function fileOf({ kind, name }: SchemaDocument): string {
  return `schemas/${FOLDERS[kind]}/${name}${kind === 'sent' ? '.sent' : ''}.json`;
}

/** The files of a domain's contract: their text by their path below docs/. */
function filesOf(domain: Domain): ReadonlyMap<string, string> {
  const documents = schemaDocuments(domain);
  const api = asyncApi(documents, (document) => `./${fileOf(document)}`);
  return new Map([
    ...documents.map((document) => [fileOf(document), JSON.stringify(document.schema, null, 2)] as const),
    [ASYNCAPI, `# Made from examples/flights/ by \`npm run schemas\`.\n${stringify(api, { lineWidth: 120 })}`],
  ]);
}

/** Writes the files of a domain's contract below `docs`, and removes those of what is gone. They are not formatted. */
export function writeContract(domain: Domain, docs: string): void {
  for (const file of globSync(GENERATED, { cwd: docs })) rmSync(join(docs, file));
  for (const [file, text] of filesOf(domain)) write(docs, file, text);
}

function write(docs: string, file: string, text: string): void {
  mkdirSync(dirname(join(docs, file)), { recursive: true });
  writeFileSync(join(docs, file), text);
}

/** Where the files below `docs` are not those of the domain, a line each. How they are formatted makes no difference. */
export function driftOf(domain: Domain, docs: string): readonly string[] {
  const files = filesOf(domain);
  const present = new Set(globSync(GENERATED, { cwd: docs }));
  return [
    ...[...files].flatMap(([file, text]) => {
      if (!present.has(file)) return `docs/${file} is missing`;
      return contentOf(readFileSync(join(docs, file), 'utf8')) === contentOf(text) ? [] : `docs/${file} is out of date`;
    }),
    ...[...present].filter((file) => !files.has(file)).map((file) => `docs/${file} is of nothing that there is`),
  ];
}

/** JSON is YAML too. */
function contentOf(text: string): string {
  try {
    return JSON.stringify(parse(text));
  } catch {
    return text;
  }
}

/** What was released, by the file below `docs`, and does not hold any more: a line each. */
export function brokenPromises(domain: Domain, docs: string): readonly string[] {
  return breakingChanges(readReleased(docs), releaseOf(schemaDocuments(domain)));
}

function readReleased(docs: string): Released {
  return existsSync(join(docs, RELEASED))
    ? releasedSchema.parse(JSON.parse(readFileSync(join(docs, RELEASED), 'utf8')))
    : { events: {}, commands: {} };
}

/** Makes the domain as it is now the promise that later ones are held to. */
export function releaseContract(domain: Domain, docs: string): void {
  write(docs, RELEASED, JSON.stringify(releaseOf(schemaDocuments(domain)), null, 2));
}
