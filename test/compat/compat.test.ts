import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { changeOf } from '../../adapters/dynamodb/table-change.ts';
import { asOf, casesOf, faultsOfRetired } from './cases.ts';
import type { Form } from './form.ts';
import { forms } from './forms.ts';
import { itemWithUnknown, withoutUnknown, withUnknown } from './previous.ts';
import { retired } from './retired.ts';
import { asJson, currentVersion, readSamples, versions } from './samples.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const folders = new Map(versions.map((version) => [version, readSamples(version)]));
const cases = casesOf(folders, forms, retired);

function readable(of: Form | undefined): of is Form & { readonly read: NonNullable<Form['read']> } {
  return of?.read !== undefined;
}

describe('a form that is stored or sent', () => {
  it('is kept as a sample for the version of the package', () => {
    expect(versions).toContain(currentVersion);
  });

  it.each(cases.filter(({ of }) => !of || of.read))(
    'of version $version is read: $name',
    async ({ version, of, form, means }) => {
      expect(of, 'there is no such form any more: has it a reason in retired.ts?').toBeDefined();
      expect(asOf(version, asJson(await of?.read?.(form)), means)).toEqual(means);
    },
  );

  it.each(
    cases.filter(({ version, of, onlyRead }) => version === currentVersion && of?.write && onlyRead === undefined),
  )('is written as its sample of today: $name', async ({ of, form, means }) => {
    const comparable = of?.comparable ?? asJson;
    expect(comparable(asJson(await of?.write?.(means)))).toEqual(comparable(form));
  });

  it.each(cases.filter(({ of, form }) => readable(of) && of.strict === undefined && typeof form === 'object'))(
    'is read when it has members that are not known: $version $name',
    async ({ version, of, form, means }) => {
      const more = of?.isItem ? itemWithUnknown(form) : withUnknown(form);
      expect(more).not.toEqual(form);
      expect(asOf(version, withoutUnknown(asJson(await of?.read?.(more))), means)).toEqual(means);
    },
  );

  it.each(cases.filter(({ of }) => of?.strict))('is refused where it has to be: $name', async ({ of, form }) => {
    const read = async () => of?.read?.(withUnknown(form));
    await expect(read().then((means) => means ?? Promise.reject(new Error('not read')))).rejects.toThrow();
  });
});

describe('the list of retired forms', () => {
  it('has forms that were released and are gone, each with a reason', () => {
    expect(faultsOfRetired(retired, forms, folders)).toEqual([]);
  });
});

describe('the samples of this version', () => {
  const files = readSamples(currentVersion);

  it('are of the forms that there are, a file each', () => {
    expect([...files.keys()].sort()).toEqual([...forms.keys()].sort());
  });

  it.each([...forms])('have one of every alternative and every member of %s', (name, { uses }) => {
    const samples = Object.values(files.get(name)?.samples ?? {});
    expect(samples).not.toEqual([]);
    const values = samples.flatMap(({ form, means }) => valuesIn([form, means]));
    const parts = new Set<unknown>();
    for (const use of uses) if (use instanceof z.ZodType) addParts(use, parts);
    for (const union of [...parts].filter((part) => part instanceof z.ZodUnion))
      for (const option of union.options)
        expect(
          values.some((value) => z.safeParse(option, value).success),
          JSON.stringify(z.toJSONSchema(z.union([option]), { unrepresentable: 'any' })),
        ).toBe(true);
    for (const object of [...parts].filter((part) => part instanceof z.ZodObject))
      for (const member of Object.keys(object.shape))
        expect(
          values.some((value) => hasMember(value, member) && z.safeParse(object, value).success),
          `${member} of ${Object.keys(object.shape)}`,
        ).toBe(true);
  });
});

function hasMember(value: unknown, member: string): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, member);
}

/** A value and everything in it. */
function valuesIn(value: unknown): readonly unknown[] {
  return typeof value === 'object' && value !== null ? [value, ...Object.values(value).flatMap(valuesIn)] : [value];
}

/** What belongs to no form: why. */
const excepted: Readonly<Record<string, string>> = {
  'bus.ts forwardPattern': 'a rule of the stacks',
  'bus.ts fastPathPattern': 'a rule of the stacks',
  'bus.ts subscriptionPattern': 'a rule of the stacks',
  'envelope.ts streamNameOf': 'reads a path of the API',
  'envelope.ts idOf': 'looks into an envelope',
  'operate.ts isOperatorAction': 'looks into a request',
  'projection.ts streamsOf': 'looks into a message',
  'schemas.ts isTraceparent': 'reads a header of the API',
  'schemas.ts metaSchema': 'a part of the envelopes',
  'schemas.ts sentEventSchema': 'a part of the envelopes',
  'commit-item.ts sortKey': 'makes a key of an item',
  'decision-item.ts isDecisionItem': 'looks into an item',
  'view-item.ts partitionKey': 'makes a key of an item',
  'view-item.ts keyOf': 'makes a key of an item',
  'view-item.ts sumAttribute': 'makes a name of an attribute',
  'view-item.ts fromKeyItem': 'reads the key of any item',
  'view-item.ts generationsKey': 'makes a key of an item',
  'put-if-absent.ts': 'puts the items of others',
};

describe('the code that reads and writes forms', () => {
  const used = new Set<unknown>();
  for (const { uses } of forms.values()) for (const use of uses) addParts(use, used);

  /** The files of adapters that write to a table, and of which no form uses anything. */
  const writersWithoutSample = async (): Promise<readonly string[]> => {
    const writers = globSync('adapters/dynamodb/*.ts', { cwd: root }).filter((file) =>
      /\b(Put|Update|TransactWrite)(Item|Items)?Command\(|\b(Put|Update): [{i]/.test(
        readFileSync(join(root, file), 'utf8'),
      ),
    );
    expect(writers).toContain('adapters/dynamodb/progress.ts');
    const without: string[] = [];
    for (const file of writers) {
      const all = await exportsOf(file, (of) => typeof of === 'function');
      if (!all.some(({ value }) => used.has(value))) without.push(file.replace(/.*\//, ''));
    }
    return without;
  };

  it.each(['core/wire/*.ts', 'adapters/dynamodb/*-item.ts'])('has a sample of everything in %s', async (pattern) => {
    const missing = await exportsOf(pattern, (of) => typeof of === 'function' || of instanceof z.ZodType);
    expect(missing.filter(({ key, value }) => !used.has(value) && !(key in excepted)).map(({ key }) => key)).toEqual(
      [],
    );
  });

  it('has a sample of whatever is written to a table', async () => {
    const writers = await writersWithoutSample();
    expect(writers.filter((file) => !(file in excepted))).toEqual([]);
  });

  it('is not excepted without need', async () => {
    const all = [
      ...(await exportsOf('core/wire/*.ts', () => true)),
      ...(await exportsOf('adapters/dynamodb/*-item.ts', () => true)),
    ];
    const needed = all.filter(({ value }) => !used.has(value)).map(({ key }) => key);
    needed.push(...(await writersWithoutSample()));
    expect(Object.keys(excepted).filter((key) => !needed.includes(key))).toEqual([]);
  });

  it('reads items as they are in the stream of their table, too', () => {
    const images = cases.filter(({ name }) => /^(commit|decision|one-region-decision)-item/.test(name));
    expect(images.length).toBeGreaterThan(0);
    for (const { version, form, means } of images) {
      const read = Object.values(asJsonObject(changeOf({ eventName: 'INSERT', NewImage: form })));
      expect(asOf(version, read, [means])).toEqual([means]);
    }
  });
});

function asJsonObject(value: unknown): object {
  return z.looseObject({}).parse(asJson(value));
}

async function exportsOf(pattern: string, matches: (value: unknown) => boolean) {
  const files = globSync(pattern, { cwd: root });
  expect(files).not.toEqual([]);
  const all = await Promise.all(
    files.map(async (file) => {
      const exported: object = await import(join(root, file));
      return Object.entries(exported).map(([name, value]) => ({ key: `${file.replace(/.*\//, '')} ${name}`, value }));
    }),
  );
  return all.flat().filter(({ value }) => matches(value));
}

/** What a form uses, and of a schema every schema that it is made of. */
function addParts(value: unknown, parts: Set<unknown>): void {
  if (value === null || value === undefined || parts.has(value)) return;
  if (typeof value === 'function') parts.add(value);
  if (typeof value !== 'object') return;
  parts.add(value);
  const inside = value instanceof z.ZodType ? value.def : value;
  for (const part of Object.values(inside)) addParts(part, parts);
}
