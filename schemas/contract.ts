import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Domain } from '../core/index.ts';
import { asyncApi } from './asyncapi.ts';
import { breakingChanges, type Released, releasedSchema, releaseOf } from './breaking-changes.ts';
import { type SchemaDocument, schemaDocuments } from './documents.ts';
import { openApi } from './openapi.ts';

export const ASYNCAPI = 'asyncapi.yaml';
export const OPENAPI = 'openapi.yaml';
export const RELEASED = 'released.json';
const GENERATED = ['{events,commands,messages}/*', ASYNCAPI, OPENAPI];
const FOLDERS = { event: 'events', sent: 'events', command: 'commands', message: 'messages' } as const;
const COMMENT = 'Generated from the domain by `npx meridian schemas`. Do not edit: change the domain and run it again.';

/** `events/account.Deposited.2.json` */
export function fileOf({ kind, name }: SchemaDocument): string {
  return `${FOLDERS[kind]}/${name}${kind === 'sent' ? '.sent' : ''}.json`;
}

/** The files of a domain's contract: their text by their path below the folder of schemas. */
function filesOf(domain: Domain): ReadonlyMap<string, string> {
  const documents = schemaDocuments(domain);
  return new Map([
    ...documents.map((document) => [fileOf(document), json({ $comment: COMMENT, ...document.schema })] as const),
    [ASYNCAPI, yaml(asyncApi(documents, (document) => `./${fileOf(document)}`))],
    [OPENAPI, yaml(openApi(domain))],
  ]);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function yaml(document: unknown): string {
  return `# ${COMMENT}\n${stringify(document, { lineWidth: 120, aliasDuplicateObjects: false })}`;
}

/** Writes the files of a domain's contract into `folder`, and deletes the files of parts that no longer exist. */
export function writeContract(domain: Domain, folder: string): void {
  for (const file of globSync(GENERATED, { cwd: folder })) rmSync(join(folder, file));
  for (const [file, text] of filesOf(domain)) write(folder, file, text);
}

function write(folder: string, file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

/** Where the files in `folder` differ from the domain, one line each. Formatting is ignored. */
export function driftOf(domain: Domain, folder: string): readonly string[] {
  const files = filesOf(domain);
  const present = new Set(globSync(GENERATED, { cwd: folder }).map((file) => file.replaceAll('\\', '/')));
  return [
    ...[...files].flatMap(([file, text]) => {
      const path = join(folder, file);
      if (!present.has(file)) return `${path} is missing`;
      return contentOf(readFileSync(path, 'utf8')) === contentOf(text) ? [] : `${path} is out of date`;
    }),
    ...[...present]
      .filter((file) => !files.has(file))
      .map((file) => `${join(folder, file)} describes something that no longer exists`),
  ];
}

/** JSON is valid YAML, so this parser reads both. */
function contentOf(text: string): string {
  try {
    return JSON.stringify(parse(text));
  } catch {
    return text;
  }
}

/** The released promises in `folder` that the domain breaks, one line each. */
export function brokenPromises(domain: Domain, folder: string): readonly string[] {
  return breakingChanges(readReleased(folder), releaseOf(schemaDocuments(domain)));
}

function readReleased(folder: string): Released {
  const file = join(folder, RELEASED);
  return existsSync(file) ? releasedSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : { events: {}, commands: {} };
}

/** Records the current domain as released: later versions must be compatible with it. */
export function releaseContract(domain: Domain, folder: string): void {
  write(folder, RELEASED, json(releaseOf(schemaDocuments(domain))));
}
