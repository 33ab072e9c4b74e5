import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod';
import type { Form } from './form.ts';
import { currentVersion, nameOf, type Sample, type SampleFile } from './samples.ts';

const BEGINNING =
  'start it with {"what": "…", "samples": {"plain": {"form": null, "means": {…}}}}, then run npm run compat -- --write.';

/** Schema and values are walked together: the values at the schema's place. */
interface Walk {
  readonly values: readonly unknown[];
  /** Path from the schema's root: `decision.participants[].log`. */
  readonly path: string;
  readonly gaps: Set<string>;
}

/** What the samples of a form lack: one line each, with what to do. */
export function faultsOfSamples(name: string, form: Form, file: SampleFile | undefined): readonly string[] {
  const path = nameOf(currentVersion, name);
  if (!file) return [`${path} is missing: ${BEGINNING}`];
  const cases = Object.values(file.samples);
  if (cases.length === 0) return [`${path} has no case: ${BEGINNING}`];
  // A form that the code does not write cannot be filled in.
  const given = form.write ? 'what it `means`, and `"form": null`' : 'its `form`, and `"means": null`';
  return gapsIn(form, cases).map(
    (gap) => `${path}: no case has ${gap}. Add a case that has it: ${given}; then run npm run compat -- --write.`,
  );
}

const membersSchema = z.record(z.string(), z.unknown());
const elementsSchema = z.union([z.array(z.unknown()), z.record(z.string(), z.unknown())]);

/**
 * The parts of a form's schemas that no case of its samples has: members, alternatives, values of an enum,
 * elements of a list. Without a case, its written form is not checked.
 * @returns one line each: `decision.decidedAt as {"type":"string"}`
 */
function gapsIn({ uses, isItem }: Pick<Form, 'uses' | 'isItem'>, samples: readonly Sample[]): readonly string[] {
  const gaps = new Set<string>();
  const all = samples.flatMap(({ form, means }) => [form, means, ...(isItem ? asRead(form) : [])]).flatMap(valuesIn);
  for (const schema of uses.filter((use) => use instanceof z.ZodType)) {
    const values = all.filter((value) => z.safeParse(schema, value).success);
    if (values.length === 0) gaps.add(described(schema));
    else walk(schema, { values, path: '', gaps });
  }
  return [...gaps];
}

const attributesSchema = z.custom<Parameters<typeof unmarshall>[0]>();
const binarySchema = z.object({ B: z.base64() });

/** Items without attribute types, as adapters receive them. */
function asRead(form: unknown): readonly unknown[] {
  return (Array.isArray(form) ? form : [form]).map((item) => {
    const attributes = Object.entries(membersSchema.parse(item)).map(([name, attribute]) => {
      const { data } = binarySchema.safeParse(attribute);
      return [name, data ? { B: Buffer.from(data.B, 'base64') } : attribute];
    });
    return unmarshall(attributesSchema.parse(Object.fromEntries(attributes)));
  });
}

/** A value and all values inside it. */
function valuesIn(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [value];
  return [value, ...Object.values(value).flatMap(valuesIn)];
}

function walk(schema: z.core.$ZodType, at: Walk): void {
  if (schema instanceof z.ZodUnion) walkOptions(schema.options, at);
  else if (schema instanceof z.ZodObject) walkMembers(schema.shape, at);
  else if (schema instanceof z.ZodArray) walkElements(schema.element, '[]', at);
  else if (schema instanceof z.ZodRecord) walkElements(schema.valueType, '{}', at);
  else if (schema instanceof z.ZodTuple) walkTuple(schema.def.items, at);
  else if (schema instanceof z.ZodEnum) walkValues(schema.options, at);
  else if (schema instanceof z.ZodLiteral) walkValues([...schema.values], at);
  else if (schema instanceof z.ZodNullable) walkOptions([z.null(), schema.unwrap()], at);
  else if (schema instanceof z.ZodLazy) walk(schema.unwrap(), at);
  else if (schema instanceof z.ZodPipe) walk(schema.in instanceof z.ZodTransform ? schema.out : schema.in, at);
  else if (isWrapper(schema)) walk(schema.def.innerType, at);
  else if (schema instanceof z.ZodIntersection) {
    walk(schema.def.left, at);
    walk(schema.def.right, at);
  }
}

/** Wrappers of another schema: optional, default, readonly … */
function isWrapper(schema: z.core.$ZodType): schema is z.core.$ZodType & { def: { innerType: z.core.$ZodType } } {
  return 'def' in schema && typeof schema.def === 'object' && schema.def !== null && 'innerType' in schema.def;
}

/** As in zod, the first option that matches reads a value. */
function walkOptions(options: readonly z.core.$ZodType[], { values, path, gaps }: Walk): void {
  const reader = (value: unknown) => options.find((option) => z.safeParse(option, value).success);
  for (const option of options) {
    const own = values.filter((value) => reader(value) === option);
    if (own.length === 0) gaps.add(`${path || 'the whole'} as ${described(option)}`);
    else walk(option, { values: own, path, gaps });
  }
}

function walkMembers(shape: Readonly<Record<string, z.core.$ZodType>>, { values, path, gaps }: Walk): void {
  const objects = values.map((value) => membersSchema.safeParse(value).data).filter((object) => object !== undefined);
  for (const [name, member] of Object.entries(shape)) {
    const place = path === '' ? name : `${path}.${name}`;
    const own = objects.flatMap((object): readonly unknown[] => (object[name] === undefined ? [] : [object[name]]));
    if (own.length === 0) gaps.add(place);
    else walk(member, { values: own, path: place, gaps });
  }
}

function walkElements(element: z.core.$ZodType, brackets: string, { values, path, gaps }: Walk): void {
  const elements = values.flatMap((value): readonly unknown[] => Object.values(elementsSchema.parse(value)));
  const place = path + brackets;
  if (elements.length === 0) gaps.add(`an element ${place}`);
  else walk(element, { values: elements, path: place, gaps });
}

function walkTuple(items: readonly z.core.$ZodType[], { values, path, gaps }: Walk): void {
  const lists = values.filter((value) => Array.isArray(value));
  for (const [i, item] of items.entries())
    walk(item, { values: lists.map((list) => list[i]), path: `${path}[${i}]`, gaps });
}

function walkValues(expected: readonly unknown[], { values, path, gaps }: Walk): void {
  for (const value of expected) if (!values.includes(value)) gaps.add(`${path || 'the whole'} as ${value}`);
}

function described(schema: z.core.$ZodType): string {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' });
  return JSON.stringify(json);
}
