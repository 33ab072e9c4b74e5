import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { breakingChanges, jsonValueSchema, releaseOf } from '../../schemas/breaking-changes.ts';

function of(schema: z.ZodType, kind: 'command' | 'event' | 'sent' = 'command') {
  return releaseOf([{ kind, name: 'account.deposit', schema: z.toJSONSchema(schema, { io: 'input' }) }]);
}
function between(before: z.ZodType, after: z.ZodType) {
  return breakingChanges(of(before), of(after));
}
const nothing = { events: {}, commands: {} };

const inputSchema = z.strictObject({ owner: z.string(), amount: z.int().optional() });

describe('a command that accepts less than what was released', () => {
  it.each([
    ['a new required property', inputSchema, inputSchema.extend({ note: z.string() }), 'input.note is now required'],
    ['a property that is now required', inputSchema, inputSchema.required(), 'input.amount is now required'],
    ['a property that is gone', inputSchema, inputSchema.omit({ amount: true }), 'input.amount is no longer accepted'],
    ['other properties refused', z.looseObject({}), z.strictObject({}), 'input.* is no longer accepted'],
    [
      'a name that allowed any value',
      z.looseObject({}),
      z.looseObject({ a: z.string().optional() }),
      'input.a must be string, not anything',
    ],
    ['another type', z.string(), z.number(), 'input must be number, not string'],
    ['a narrower type', z.number(), z.int(), 'input must be integer, not number'],
    ['a choice that is gone', z.enum(['a', 'b']), z.enum(['a']), 'input no longer accepts "b"'],
    ['another literal', z.literal(1), z.literal(2), 'input no longer accepts 1'],
    ['a new choice', z.string(), z.enum(['a', 'b']), 'input accepts only ["a","b"]'],
    ['a higher minimum', z.number().min(1), z.number().min(2), 'input has minimum 2, which was 1'],
    ['a lower maximum', z.number().max(2), z.number().max(1), 'input has maximum 1, which was 2'],
    ['a first limit', z.string(), z.string().max(9), 'input has maxLength 9, which was not limited'],
    ['a longer minimum', z.string().min(1), z.string().min(2), 'input has minLength 2, which was 1'],
    ['more items', z.array(z.string()), z.array(z.string()).min(1), 'input has minItems 1, which was not limited'],
    ['narrower items', z.array(z.string()), z.array(z.string().max(3)), 'input[] has maxLength 3'],
    ['items of one kind', z.array(z.unknown()), z.array(z.string()), 'input[] must be string, not anything'],
    ['another pattern', z.string().regex(/a/), z.string().regex(/b/), 'input has a different pattern'],
    ['an additional pattern', z.string(), z.string().regex(/b/).regex(/c/), 'input has a new rule, {"pattern":"b"}'],
    ['a format', z.string(), z.email(), 'input has a different format'],
    ['a removed alternative', z.union([z.string(), z.number()]), z.string(), 'input must be string, not number'],
    ['an unknown keyword', z.number(), z.number().multipleOf(3), 'input has a different multipleOf'],
    [
      'a nested fault',
      z.object({ a: z.object({ b: z.string() }) }),
      z.object({ a: z.object({ b: z.int() }) }),
      'input.a.b must be integer, not string',
    ],
    ['nothing at all', z.string(), z.never(), 'input has a different not'],
  ])('is told: %s', (_what, before, after, fault) => {
    const faults = between(before, after);
    expect(faults[0]).toContain(`command account.deposit: ${fault}`);
  });

  it('is reported when the command is removed', () => {
    expect(breakingChanges(of(inputSchema), nothing)).toEqual([
      expect.stringMatching(/^command account\.deposit .*is gone/),
    ]);
  });
});

describe('a command that accepts all that was released', () => {
  it.each([
    ['the same', inputSchema, inputSchema],
    ['a new optional property', inputSchema, inputSchema.extend({ note: z.string().optional() })],
    ['a property with a default', inputSchema, inputSchema.extend({ note: z.string().default('A') })],
    ['a property that is no longer required', inputSchema, inputSchema.partial()],
    ['any other property', inputSchema, z.looseObject(inputSchema.shape)],
    ['a property that now matches the additional ones', inputSchema, z.looseObject({ owner: z.string() })],
    ['anything', inputSchema, z.unknown()],
    ['an additional choice', z.enum(['a']), z.enum(['b', 'a'])],
    ['every choice', z.enum(['a']), z.string()],
    ['a wider type', z.int().min(1).max(5), z.number().min(0)],
    ['a wider length', z.string().min(2).max(3), z.string().min(1).max(4)],
    ['an additional alternative', z.string(), z.union([z.number(), z.string()])],
    ['alternatives in another order', z.union([z.number(), z.string()]), z.union([z.string(), z.number()])],
    ['a removed pattern', z.string().regex(/a/).regex(/b/).regex(/c/), z.string().regex(/a/).regex(/c/)],
    ['other words', z.string(), z.string().meta({ title: 'A', description: 'B' })],
  ])('is fine: %s', (_what, before, after) => {
    expect(between(before, after)).toEqual([]);
  });

  it('is accepted if it is new', () => {
    expect(breakingChanges(nothing, of(inputSchema))).toEqual([]);
  });
});

describe('a released event', () => {
  const event = (schema: z.ZodType, about: Readonly<Record<string, unknown>> = {}) => of(schema.meta(about), 'event');

  it.each([
    ['accepts more', inputSchema.partial()],
    ['accepts less', inputSchema.required()],
    ['means the same in another way', z.strictObject({ owner: z.string(), amount: z.union([z.int()]).optional() })],
  ])('must not change, even if it %s', (_what, after) => {
    expect(breakingChanges(event(inputSchema), event(after))).toEqual([
      expect.stringMatching(/^event account\.deposit .*has changed/),
    ]);
  });

  it('keeps its sample', () => {
    const [before, after] = [{ examples: [{ title: 'a' }] }, { examples: [{ title: 'b' }] }];
    expect(breakingChanges(event(inputSchema, before), event(inputSchema, after))).toHaveLength(1);
  });

  it('may have another description, and another order of keys', () => {
    const reordered = z.strictObject({ amount: z.int().optional().meta({ title: 'Cents' }), owner: z.string() });
    expect(breakingChanges(event(inputSchema, { description: 'A' }), event(reordered))).toEqual([]);
  });

  it('may have a property that is called title or description', () => {
    const titled = z.strictObject({ title: z.string(), description: z.string() });
    expect(breakingChanges(event(titled), event(titled.omit({ title: true })))).toHaveLength(1);
  });

  it('may not be removed', () => {
    expect(breakingChanges(event(inputSchema), nothing)).toEqual([
      expect.stringMatching(/^event account\.deposit .*is gone/),
    ]);
  });

  it('must not change its sent form', () => {
    expect(breakingChanges(of(inputSchema, 'sent'), of(inputSchema.partial(), 'sent'))).toEqual([
      expect.stringMatching(/^event account\.deposit as sent .*has changed/),
    ]);
  });

  it('does not restrict a new event', () => {
    expect(breakingChanges(nothing, event(inputSchema))).toEqual([]);
  });
});

it('treats two schemas that it cannot compare as a break', () => {
  const release = (schema: unknown) => ({ events: {}, commands: { c: jsonValueSchema.parse(schema) } });
  expect(breakingChanges(release(true), release({ type: 'string' }))).toEqual([
    'command c: input is no longer accepted',
  ]);
  expect(breakingChanges(release({ $ref: '#/a' }), release({ $ref: '#/b' }))).toEqual([
    'command c: input has a different $ref',
  ]);
});
