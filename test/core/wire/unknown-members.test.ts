import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { appendRequestSchema, transactRequestSchema } from '../../../core/wire/command.ts';
import { machineInputSchema } from '../../../core/wire/coordinator.ts';
import { participantRequestSchema } from '../../../core/wire/participant.ts';

const more = { more: 1 };
const event = { type: 'Noted', schemaVersion: 1, data: { text: 'x' } };
const meta = { actor: 'ann' };

/** The same with or without members that only newer code knows. */
function messages(of: object): readonly (readonly [string, z.ZodType, object])[] {
  const operation = { kind: 'events', events: [{ ...event, ...of }], ...of };
  const participant = { stream: 'account/a', operation, ...of };
  const shared = { transaction: 'us:a', attempt: 1, fingerprint: 'f', meta: { ...meta, ...of }, participant };
  const transaction = {
    id: 'us:a',
    participants: [participant],
    fingerprint: 'f',
    timeout: 1000,
    meta: shared.meta,
    ...of,
  };
  return [
    ['an append', appendRequestSchema, { stream: 'note/n', commitId: 'a', operation, meta: shared.meta, ...of }],
    ['a transaction', transactRequestSchema, { transact: transaction, wait: 5, ...of }],
    ['the start of a machine', machineInputSchema, { ...transaction, deadline: 9 }],
    ['to prepare', participantRequestSchema, { step: 'prepare', ...shared, remaining: 5, ...of }],
  ];
}

const known = new Map(messages({}).map(([name, , body]) => [name, body]));

describe('requests between functions of different versions', () => {
  it.each(messages(more))('are read without the members that only newer code knows: %s', (name, schema, newer) => {
    expect(schema.parse(newer)).toEqual(known.get(name));
  });
});
