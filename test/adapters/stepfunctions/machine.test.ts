import { describe, expect, test } from 'vitest';
import { sfnClient } from '../../../adapters/stepfunctions/client.ts';
import { stepFunctionsMachine } from '../../../adapters/stepfunctions/machine.ts';
import type { MachineInput } from '../../../core/index.ts';
import { credentials, oneByOne, refusal, type StubAnswer, stubServer } from '../stub-server.ts';

const ARN = 'arn:aws:states:us-east-1:123456789012:stateMachine:meridian-transaction';

const input: MachineInput = {
  id: 'us-east-1:order-17',
  participants: [{ stream: 'stock/17', operation: { kind: 'command', command: 'take', input: { name: 'Zoë' } } }],
  fingerprint: 'digest-of-the-request',
  timeout: 30_000,
  meta: { correlation: 'c' },
  deadline: Date.UTC(2001, 0, 1),
};

const started = {
  body: JSON.stringify({ executionArn: `${ARN.replace('stateMachine', 'express')}:1:2`, startDate: 978_307_200 }),
};

async function machineBehind(...answers: readonly [StubAnswer, ...StubAnswer[]]) {
  const { endpoint, requests } = await stubServer(oneByOne(...answers));
  return { machine: stepFunctionsMachine(sfnClient({ endpoint, region: 'us-east-1', credentials }), ARN), requests };
}

describe('state machine', () => {
  test('it is started with its input, without waiting for its end', async () => {
    const { machine, requests } = await machineBehind(started);
    await machine.start(input);
    expect(requests.map(({ operation }) => operation)).toEqual(['StartExecution']);
    const sent = JSON.parse(requests[0]?.body ?? '');
    expect(sent).toEqual({ stateMachineArn: ARN, input: expect.any(String) });
    expect(JSON.parse(sent.input)).toEqual(input);
  });

  test.each([
    ['throttling', refusal('ThrottlingException')],
    ['an internal failure', refusal('InternalFailure', 'internal', 500)],
    ['a lost response', 'lost'],
  ] as const)('after %s it is started again', async (_, fault) => {
    const { machine, requests } = await machineBehind(fault, started);
    await machine.start(input);
    expect(requests).toHaveLength(2);
  });

  test.each([
    ['does not respond', 'lost'],
    ['has too many executions', refusal('ExecutionLimitExceeded')],
  ] as const)('a machine that %s is unavailable, and retryable', async (_, answer) => {
    const { machine } = await machineBehind(answer);
    await expect(machine.start(input)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  });

  test('a missing machine is not retryable, and is reported', async () => {
    const { machine } = await machineBehind(refusal('StateMachineDoesNotExist'));
    await expect(machine.start(input)).rejects.toMatchObject({
      code: 'internal',
      retryable: false,
      message: expect.stringContaining('start the transaction us-east-1:order-17: StateMachineDoesNotExist'),
    });
  });
});
