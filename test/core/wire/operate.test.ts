import { describe, expect, it } from 'vitest';
import { MeridianError, toProblem } from '../../../core/facts/errors.ts';
import {
  encodeOperateRequest,
  isOperatorAction,
  operateAnswerSchema,
  operateRequestSchema,
  operatorActions,
} from '../../../core/wire/operate.ts';

function overTheWire(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe('a request to operate', () => {
  it('has its action, and defaults for omitted members', () => {
    const sent = encodeOperateRequest('quarantine-redrive', { filter: { stream: 'note' }, before: undefined });
    const { action, ...input } = operateRequestSchema.parse(overTheWire(sent));
    expect(action).toBe('quarantine-redrive');
    expect(operatorActions['quarantine-redrive'].request.parse(input)).toEqual({
      filter: { stream: 'note' },
      limit: 1000,
      dryRun: false,
    });
  });

  it.each([['rebuild'], [{}], [{ action: 7 }]])('is not read without the name of an action: %j', (request) => {
    expect(operateRequestSchema.safeParse(request).success).toBe(false);
  });

  it.each(['constructor', 'rebuild', ''])('has no action %s', (name) => {
    expect(isOperatorAction(name)).toBe(false);
  });

  it('does not compile for an unknown action, or with the input of another action', () => {
    // @ts-expect-error: no such action
    encodeOperateRequest('rebuild', { view: 'v' });
    // @ts-expect-error: the input of rebuild-status
    encodeOperateRequest('rebuild-step', { view: 'v' });
  });
});

describe('the response of operate', () => {
  it.each([
    ['a result', { result: { added: 1, failed: [] } }],
    ['a problem', { problem: toProblem(new MeridianError('unknown-view', 'No.', { details: { known: ['a'] } })) }],
  ])('is decoded as encoded: %s', (_, answer) => {
    expect(operateAnswerSchema.parse(overTheWire(answer))).toEqual(answer);
  });

  it.each([[undefined], ['no'], [{ problem: { code: 'rejected' } }]])('is not read from %j', (answer) => {
    expect(operateAnswerSchema.safeParse(answer).success).toBe(false);
  });

  it('is not accepted as the result of another action', () => {
    const { result } = operatorActions['quarantine-add'];
    expect(result.safeParse({ added: 1 }).success).toBe(false);
  });
});
