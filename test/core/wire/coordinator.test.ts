import { describe, expect, it } from 'vitest';
import { type MachineInput, machineInputSchema } from '../../../core/wire/coordinator.ts';

const input: MachineInput = {
  id: 'us:order-1',
  participants: [
    { stream: 'seats/17', operation: { kind: 'command', command: 'reserve', input: { seat: 3 } } },
    { stream: 'miles/ann', operation: { kind: 'events', events: [{ type: 'MilesPaid', data: { miles: 5 } }] } },
    { stream: 'miles/bob', expected: { us: 3 } },
  ],
  fingerprint: 'digest',
  timeout: 30_000,
  meta: { actor: 'ann' },
  deadline: 40_000,
};

describe('the input of the state machine', () => {
  it('is read as it was written', () => {
    expect(machineInputSchema.parse(JSON.parse(JSON.stringify(input)))).toEqual(input);
  });

  it.each([
    ['a deadline', { deadline: undefined }],
    ['participants', { participants: undefined }],
    ['a stream that can be one', { participants: [{ stream: 'seats' }] }],
  ])('is not read without %s', (_, of) => {
    expect(machineInputSchema.safeParse({ ...input, ...of }).success).toBe(false);
  });
});
