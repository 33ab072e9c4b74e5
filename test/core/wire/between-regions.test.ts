import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import type { Append } from '../../../core/facts/append.ts';
import type { Outcome } from '../../../core/facts/decision.ts';
import { reject, toProblem } from '../../../core/facts/errors.ts';
import {
  appendAnswerSchema,
  appendRequestSchema,
  outcomeAnswerSchema,
  transactRequestSchema,
} from '../../../core/wire/command.ts';
import { decisionAnswerSchema, decisionRequestSchema } from '../../../core/wire/decision.ts';
import { type Prepared, participantAnswerSchema, participantRequestSchema } from '../../../core/wire/participant.ts';
import { aDecision, anAbort } from '../../contract/decisions.ts';

function overTheWire(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

const problem = toProblem(reject('No.', { left: 0 }));
const participant = { stream: 'stock/17', operation: { kind: 'command' as const, command: 'take', input: 3 } };
const intent = { stream: 'stock/17', log: 'us', position: 3 };

describe('a request between Regions', () => {
  const append: Append = {
    stream: 'note/n',
    commitId: 'a',
    operation: { kind: 'events', events: [{ type: 'Noted', schemaVersion: 1, data: { text: 'x' } }] },
    expected: { us: 3 },
    meta: { actor: 'ann' },
  };
  const transact = { id: 'us:a', participants: [participant], fingerprint: 'digest', timeout: 30_000, meta: {} };
  const shared = { transaction: 'us:a', attempt: 1, fingerprint: 'digest', meta: {}, participant };

  it.each([
    ['an append', appendRequestSchema, append],
    ['a transaction', transactRequestSchema, { transact, wait: 5 }],
    ['the decision on an attempt', decisionRequestSchema, { step: 'decision', attemptId: 'us:a#1' }],
    ['to prepare', participantRequestSchema, { step: 'prepare', ...shared, remaining: 5 }],
    [
      'to make an intent final',
      participantRequestSchema,
      { step: 'finalise', intent: { ...intent, commitId: 'us:a#1', state: 'aborted' } },
    ],
  ])('is decoded as encoded: %s', (_, schema, asked) => {
    expect(schema.parse(overTheWire(asked))).toEqual(asked);
  });

  it.each([
    ['an append without an id', appendRequestSchema, { ...append, commitId: '' }],
    ['an append without an operation', appendRequestSchema, { ...append, operation: { kind: 'other' } }],
    ['a transaction without participants', transactRequestSchema, { transact: { id: 'us:a' }, wait: 5 }],
    ['an unknown step', participantRequestSchema, { step: 'forget', ...shared, remaining: 5 }],
    ['a preparation without a deadline', participantRequestSchema, { step: 'prepare', ...shared }],
  ])('is refused if malformed: %s', (_, schema, asked) => {
    expect(schema.safeParse(asked).success).toBe(false);
  });
});

describe('a response between Regions', () => {
  const outcomes: readonly Outcome[] = [
    { id: 'us:a', state: 'unknown' },
    { id: 'us:a', state: 'undecided' },
    { id: 'us:a', state: 'committed', participants: [{ ...intent, version: { us: 3 } }] },
    { id: 'us:a', state: 'aborted', reason: { stream: 'stock/17', problem } },
  ];
  const prepared: readonly Prepared[] = [
    { kind: 'prepared', ...intent, version: { us: 3 } },
    { kind: 'busy', stream: 'stock/17' },
    { kind: 'refused', stream: 'stock/17', problem },
  ];

  it.each<[string, z.ZodType, object]>([
    ['an append', appendAnswerSchema, { appended: { stream: 'note/n', commitId: 'a', version: { us: 3 } } }],
    ['a refusal', appendAnswerSchema, { problem }],
    ...outcomes.map((outcome): [string, z.ZodType, object] => [
      `that it is ${outcome.state}`,
      outcomeAnswerSchema,
      { outcome },
    ]),
    ...prepared.map((answer): [string, z.ZodType, object] => [
      `that it is ${answer.kind}`,
      participantAnswerSchema,
      answer,
    ]),
    ['that it committed', decisionAnswerSchema, { kind: 'decision', decision: aDecision() }],
    ['that it aborted', decisionAnswerSchema, { kind: 'decision', decision: anAbort() }],
    ['that there is no decision', decisionAnswerSchema, { kind: 'decision' }],
  ])('is decoded as encoded: %s', (_, schema, answer) => {
    expect(schema.parse(overTheWire(answer))).toEqual(answer);
  });

  it.each([
    ['half a problem', outcomeAnswerSchema, { problem: { code: 'rejected' } }],
    ['an outcome without its reason', outcomeAnswerSchema, { outcome: { id: 'us:a', state: 'aborted' } }],
    ['an intent without its version', participantAnswerSchema, { kind: 'prepared', ...intent }],
    ['a decision without its state', decisionAnswerSchema, { kind: 'decision', decision: { transaction: 'us:a' } }],
  ])('is refused if malformed: %s', (_, schema, answer) => {
    expect(schema.safeParse(answer).success).toBe(false);
  });
});
