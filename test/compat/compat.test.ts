import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { changeOf } from '../../adapters/dynamodb/table-change.ts';
import { asOf, casesOf, faultsOfRetired } from './cases.ts';
import type { Form } from './form.ts';
import { forms } from './forms.ts';
import { faultsOfSamples } from './gaps.ts';
import { itemWithUnknown, withoutUnknown, withUnknown } from './previous.ts';
import { retired } from './retired.ts';
import { asJson, currentVersion, readSamples, versions } from './samples.ts';
import { faultsOfUses } from './uses.ts';

const folders = new Map(versions.map((version) => [version, readSamples(version)]));
const cases = casesOf(folders, forms, retired);

function readable(of: Form | undefined): of is Form & { readonly read: NonNullable<Form['read']> } {
  return of?.read !== undefined;
}

const CHANGED =
  'Deployed code reads and writes the form as in the sample. To change that: CONTRIBUTING.md, Changing a stored or sent form.';

describe('a form that is stored or sent', () => {
  it('is kept as a sample for the version of the package', () => {
    expect(versions).toContain(currentVersion);
  });

  it.each(cases.filter(({ of }) => !of || of.read))(
    'of version $version is read: $name',
    async ({ version, of, form, means }) => {
      expect(of, 'this form no longer exists: add it to retired.ts with a reason').toBeDefined();
      expect(asOf(version, asJson(await of?.read?.(form)), means), CHANGED).toEqual(means);
    },
  );

  it.each(
    cases.filter(({ version, of, onlyRead }) => version === currentVersion && of?.write && onlyRead === undefined),
  )('is written as its current sample: $name', async ({ of, form, means }) => {
    const comparable = of?.comparable ?? asJson;
    expect(comparable(asJson(await of?.write?.(means))), CHANGED).toEqual(comparable(form));
  });

  it.each(cases.filter(({ of, form }) => readable(of) && of.strict === undefined && typeof form === 'object'))(
    'is read with unknown members: $version $name',
    async ({ version, of, form, means }) => {
      const more = of?.isItem ? itemWithUnknown(form) : withUnknown(form);
      expect(more).not.toEqual(form);
      expect(asOf(version, withoutUnknown(asJson(await of?.read?.(more))), means)).toEqual(means);
    },
  );

  it.each(cases.filter(({ of }) => of?.strict))(
    'is refused with unknown members if it is read strictly: $name',
    async ({ of, form }) => {
      const read = async () => of?.read?.(withUnknown(form));
      await expect(read().then((means) => means ?? Promise.reject(new Error('not read')))).rejects.toThrow();
    },
  );
});

describe('the list of retired forms', () => {
  it('has released forms that are gone, each with a reason', () => {
    expect(faultsOfRetired(retired, forms, folders)).toEqual([]);
  });
});

describe('the samples of this version', () => {
  const files = readSamples(currentVersion);

  it('cover the existing forms, one file each', () => {
    expect([...files.keys()].sort()).toEqual([...forms.keys()].sort());
  });

  it.each([...forms])('have a case of every member and every alternative of %s', (name, form) => {
    expect(faultsOfSamples(name, form, files.get(name))).toEqual([]);
  });
});

describe('the code that reads and writes forms', () => {
  it('has a form for everything that reads or writes something stored or sent', async () => {
    expect(await faultsOfUses()).toEqual([]);
  });

  it("reads items in the form of their table's stream, too", () => {
    const images = cases.filter(({ name }) => /^(commit|decision|one-region-decision)-item/.test(name));
    expect(images.length).toBeGreaterThan(0);
    for (const { version, form, means } of images) {
      const { region = '' } = z.looseObject({ region: z.string().optional() }).parse(means);
      const read = Object.values(asJsonObject(changeOf({ eventName: 'INSERT', NewImage: form }, region)));
      expect(asOf(version, read, [means])).toEqual([means]);
    }
  });
});

function asJsonObject(value: unknown): object {
  return z.looseObject({}).parse(asJson(value));
}
