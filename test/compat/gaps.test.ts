import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { message } from './form.ts';
import { faultsOfSamples } from './gaps.ts';

/** The gaps reported for a form with one case, written as its meaning. */
function gapsOf(schema: z.ZodType, value: unknown): readonly string[] {
  const form = message({ uses: [schema], write: (means: unknown) => means });
  const file = { what: 'A form.', samples: { plain: { form: value, means: value } } };
  return faultsOfSamples('a-form', form, file).map((fault) => /no case has (.*)\. Add/.exec(fault)?.[1] ?? fault);
}

describe('the cases of a form', () => {
  it.each([
    ['a member', z.object({ a: z.string(), b: z.string().optional() }), { a: 'x' }, 'b'],
    [
      'an alternative that only another member has',
      z.object({ at: z.union([z.number(), z.string()]), by: z.string() }),
      { at: 1, by: 'ann' },
      'at as {"type":"string"}',
    ],
    ['a value of an enum', z.object({ a: z.enum(['b', 'c']) }), { a: 'b' }, 'a as c'],
    ['a member of an element', z.array(z.object({ a: z.null().optional() })), [{}], '[].a'],
    ['an element', z.object({ a: z.array(z.string()) }), { a: [] }, 'an element a[]'],
    ['null', z.object({ a: z.string().nullable().default('') }), { a: 'b' }, 'a as {"type":"null"}'],
    ['the values of a map', z.record(z.string(), z.object({ a: z.int().optional() })), { b: {} }, '{}.a'],
    ['any value of the schema', z.strictObject({ a: z.int() }), 'b', expect.stringMatching(/^\{"type":"object"/)],
  ])('lack %s', (_what, schema, value, gap) => {
    expect(gapsOf(schema, value)).toEqual([gap]);
  });

  it('have no gap if every member and every alternative is present', () => {
    const schema = z.array(z.object({ a: z.union([z.number(), z.string()]).optional() }));
    expect(gapsOf(schema, [{ a: 1 }, { a: 'b' }])).toEqual([]);
  });

  it('name the file that needs a case, and a missing file', () => {
    const form = message({ uses: [z.object({ a: z.string().optional() })], read: (of) => of });
    const file = { what: 'A form.', samples: { plain: { form: {}, means: {} } } };
    expect(faultsOfSamples('a-form', form, file)[0]).toMatch(/^test\/compat\/.*\/a-form\.json: .*`"means": null`/);
    expect(faultsOfSamples('a-form', form, undefined)[0]).toMatch(/a-form\.json is missing: start it/);
  });
});
