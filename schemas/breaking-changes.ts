import * as z from 'zod';
import type { SchemaDocument } from './documents.ts';

export const jsonValueSchema = z.json();
export type JsonValue = z.output<typeof jsonValueSchema>;
type JsonObject = Readonly<Record<string, JsonValue>>;

/** A release: the schemas of its events and of its commands' inputs, by name and without descriptive text. */
export const releasedSchema = z.strictObject({
  events: z.record(z.string(), jsonValueSchema),
  commands: z.record(z.string(), jsonValueSchema),
});
export type Released = z.output<typeof releasedSchema>;

/**
 * The schemas that a release of these documents must not break. If the sent form of an event differs from the stored
 * form, both are included.
 */
export function releaseOf(documents: readonly SchemaDocument[]): Released {
  const of = (kind: SchemaDocument['kind'], suffix = '') =>
    documents
      .filter((each) => each.kind === kind)
      .map(({ name, schema }) => [name + suffix, bare(jsonValueSchema.parse(schema))]);
  return {
    events: Object.fromEntries([...of('event'), ...of('sent', ' as sent')]),
    commands: Object.fromEntries(of('command')),
  };
}

/** The released promises that are broken, one line each, with what to do. */
export function breakingChanges(before: Released, after: Released): readonly string[] {
  return [
    ...Object.entries(before.events).flatMap(([name, schema]) => {
      const now = after.events[name];
      if (now === undefined)
        return `event ${name} was released and is gone: keep its schema, its sample and an upcaster (see nextVersion)`;
      return same(schema, now) ? [] : `event ${name} was released and has changed: restore it, and make a new version`;
    }),
    ...Object.entries(before.commands).flatMap(([name, schema]) => {
      const now = after.commands[name];
      if (now === undefined) return `command ${name} was released and is gone`;
      return narrowed(schema, now, 'input').map((why) => `command ${name}: ${why}`);
    }),
  ];
}

/** Keywords that are only descriptive. Samples are not descriptive: they belong to their version. */
const WORDS = ['$schema', 'title', 'description'];

/** Keywords whose values are data, not schemas. */
const DATA = ['const', 'default', 'enum', 'examples'];

function bare(schema: JsonValue): JsonValue {
  if (Array.isArray(schema)) return schema.map(bare);
  if (!isObject(schema)) return schema;
  const parts = Object.entries(schema).filter(([key, part]) => !(WORDS.includes(key) && typeof part === 'string'));
  return Object.fromEntries(
    parts.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, DATA.includes(key) ? part : bare(part)]),
  );
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function same(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
function strings(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}

/** Limits that become stricter when they rise, and limits that become stricter when they fall. */
const LOWER = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'];
const UPPER = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'];
/** Keywords that are compared separately, or do not affect what is accepted. */
const KNOWN = [
  ...LOWER,
  ...UPPER,
  'type',
  'enum',
  'const',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'anyOf',
  'allOf',
  'default',
  'examples',
];

/**
 * Lists what `before` accepted but `after` refuses, as far as the schemas show it. Schemas that cannot be compared
 * count as a refusal.
 */
function narrowed(before: JsonValue, after: JsonValue, path: string): readonly string[] {
  if (same(before, after) || before === false || after === true || (isObject(after) && Object.keys(after).length === 0))
    return [];
  if (!isObject(before) || !isObject(after)) return [`${path} is no longer accepted`];
  if (before.anyOf || after.anyOf) return narrowedChoice(before, after, path);
  return [
    ...narrowedValues(before, after, path),
    ...narrowedLimits(before, after, path),
    ...narrowedProperties(before, after, path),
    ...(after.items === undefined ? [] : narrowed(before.items ?? true, after.items, `${path}[]`)),
    ...strings(after.allOf)
      .filter((rule) => !strings(before.allOf).some((one) => same(one, rule)))
      .map((rule) => `${path} has a new rule, ${JSON.stringify(rule)}`),
    ...Object.keys(after)
      .filter((key) => !KNOWN.includes(key) && !same(before[key], after[key]))
      .map((key) => `${path} has a different ${key}`),
  ];
}

function optionsOf(schema: JsonObject): readonly JsonValue[] {
  return schema.anyOf ? strings(schema.anyOf) : [schema];
}

function narrowedChoice(before: JsonObject, after: JsonObject, path: string): readonly string[] {
  return optionsOf(before)
    .filter((option) => !optionsOf(after).some((other) => narrowed(option, other, path).length === 0))
    .map((option) => `${path} no longer accepts ${JSON.stringify(option)}`);
}

function narrowedValues(before: JsonObject, after: JsonObject, path: string): readonly string[] {
  const [types, values] = [strings(after.type), valuesOf(after)];
  const wasAccepted = valuesOf(before);
  return [
    ...strings(before.type ?? 'anything')
      .filter((type) => types.length > 0 && !types.includes(type) && !(type === 'integer' && types.includes('number')))
      .map((type) => `${path} must be ${types.join(' or ')}, not ${type}`),
    ...(values && !wasAccepted ? [`${path} accepts only ${JSON.stringify(values)}`] : []),
    ...(values && wasAccepted
      ? wasAccepted
          .filter((value) => !values.some((other) => same(value, other)))
          .map((value) => `${path} no longer accepts ${JSON.stringify(value)}`)
      : []),
  ];
}

function valuesOf(schema: JsonObject): readonly JsonValue[] | undefined {
  return schema.const !== undefined ? [schema.const] : schema.enum === undefined ? undefined : strings(schema.enum);
}

function narrowedLimits(before: JsonObject, after: JsonObject, path: string): readonly string[] {
  return [...LOWER, ...UPPER].flatMap((limit) => {
    const [was, is] = [before[limit], after[limit]];
    if (typeof is !== 'number') return [];
    const wider = typeof was === 'number' && (LOWER.includes(limit) ? is <= was : is >= was);
    return wider ? [] : `${path} has ${limit} ${is}, which was ${was ?? 'not limited'}`;
  });
}

function narrowedProperties(before: JsonObject, after: JsonObject, path: string): readonly string[] {
  const [were, are] = [propertiesOf(before), propertiesOf(after)];
  const rest = (schema: JsonObject) => schema.additionalProperties ?? true;
  return [
    ...strings(after.required)
      .filter((name) => !strings(before.required).includes(name))
      .map((name) => `${path}.${name} is now required`),
    ...Object.entries(were).flatMap(([name, was]) => narrowed(was, are[name] ?? rest(after), `${path}.${name}`)),
    // The schema for properties that `before` did not name.
    ...Object.entries(are).flatMap(([name, is]) =>
      name in were || rest(before) === false ? [] : narrowed(rest(before), is, `${path}.${name}`),
    ),
    ...(rest(before) === false ? [] : narrowed(rest(before), rest(after), `${path}.*`)),
  ];
}

function propertiesOf({ properties }: JsonObject): JsonObject {
  return isObject(properties) ? properties : {};
}
