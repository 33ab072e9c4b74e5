import { describe, expect, it } from 'vitest';
import { type MachineInput, machineInputSchema } from '../../../core/wire/coordinator.ts';

const input: MachineInput = {
  id: 'us:order-1',
  participants: [
    { stream: 'stock/17', operation: { kind: 'command', command: 'take', input: 'ann' } },
    { stream: 'account/ann', operation: { kind: 'events', events: [{ type: 'Withdrawn', data: { amount: 5 } }] } },
    { stream: 'account/bob', expected: { us: 3 } },
  ],
  fingerprint: 'digest',
  timeout: 30_000,
  meta: { actor: 'ann' },
  deadline: 40_000,
};

describe('the input of the state machine', () => {
  it('is decoded as encoded', () => {
    expect(machineInputSchema.parse(JSON.parse(JSON.stringify(input)))).toEqual(input);
  });

  it.each([
    ['a deadline', { deadline: undefined }],
    ['participants', { participants: undefined }],
    ['a valid stream name', { participants: [{ stream: 'stock' }] }],
  ])('is not read without %s', (_, of) => {
    expect(machineInputSchema.safeParse({ ...input, ...of }).success).toBe(false);
  });
});
