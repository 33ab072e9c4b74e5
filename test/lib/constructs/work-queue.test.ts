import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { account } from '../stacks-fixture.ts';
import { aSubscriber, firstRegionOf, synthesize } from '../synthesize.ts';
import type { TemplateReader } from '../template.ts';

const policySchema = z.object({
  Queues: z.array(z.unknown()),
  PolicyDocument: z.object({
    Statement: z.array(
      z.looseObject({
        Sid: z.string().optional(),
        Effect: z.string(),
        Principal: z.unknown(),
        Action: z.unknown(),
        Condition: z.unknown(),
      }),
    ),
  }),
});
const denialSchema = z.object({
  Principal: z.union([z.literal('*'), z.object({ AWS: z.literal('*') })]),
  Action: z.literal('sqs:SendMessage'),
  Condition: z.strictObject({
    ArnNotLike: z.strictObject({
      'aws:PrincipalArn': z.unknown().optional(),
      'aws:SourceArn': z.unknown().optional(),
    }),
  }),
});

let region: TemplateReader;
beforeAll(() => {
  region = firstRegionOf(
    synthesize({ subscribers: { subscriber: aSubscriber }, context: { redriveRoles: ['team/on-call-*'] } }),
  );
});

function listed(value: unknown): string[] {
  return (Array.isArray(value) ? value : value === undefined ? [] : [value]).map((each) => region.text(each));
}

/** Who the only denial of a queue leaves out: roles and rules. */
function feedersOf(queue: string): { roles: string[]; rules: string[] } {
  const denials = region
    .ofType('AWS::SQS::QueuePolicy')
    .map(({ Properties }) => policySchema.parse(Properties))
    .filter(({ Queues }) => Queues.some((each) => region.text(each) === `Queue(${queue})`))
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
    .filter(({ Sid }) => Sid === 'OnlyItsFeedersSend');
  expect(denials, queue).toHaveLength(1);
  expect(denials[0]?.Effect).toBe('Deny');
  const { ArnNotLike } = denialSchema.parse(denials[0]).Condition;
  return { roles: listed(ArnNotLike['aws:PrincipalArn']).sort(), rules: listed(ArnNotLike['aws:SourceArn']).sort() };
}

describe('a queue that a function processes', () => {
  const redrive = `arn:aws:iam::${account}:role/team/on-call-*`;

  it.each([
    [
      'meridian-ingest',
      ['Role(meridian-us-east-1-ingest)', 'Role(meridian-us-east-1-operate)'],
      ['rule/meridian/meridian-ingest'],
    ],
    [
      'meridian-projection',
      ['Role(meridian-us-east-1-operate)', 'Role(meridian-us-east-1-projection)', 'Role(meridian-us-east-1-relay)'],
      ['rule/meridian/meridian-fast-path'],
    ],
    ['meridian-resolver', ['Role(meridian-us-east-1-operate)', 'Role(meridian-us-east-1-relay)'], []],
    ['meridian-subscriber', ['Role(meridian-us-east-1-subscriber)'], ['rule/meridian/meridian-subscriber']],
  ])('denies sending to %s to all but %j and %j, and the roles that move dead letters', (queue, roles, rules) => {
    const rulesArn = rules.map((rule) => `arn:aws:events:us-east-1:${account}:${rule}`);
    expect(feedersOf(queue)).toEqual({ roles: [...roles, redrive].sort(), rules: rulesArn });
  });

  it('always has this denial', () => {
    const work = region.ofType('AWS::SQS::Queue').filter(({ Properties }) => 'RedrivePolicy' in Properties);
    expect(work).toHaveLength(4);
    for (const { Properties } of work) feedersOf(String(Properties.QueueName));
  });

  it('denies everyone who is not named if no role moves dead letters', () => {
    const plain = firstRegionOf(synthesize({ subscribers: { subscriber: aSubscriber } }));
    const conditions = plain
      .ofType('AWS::SQS::QueuePolicy')
      .flatMap(({ Properties }) => policySchema.parse(Properties).PolicyDocument.Statement)
      .filter(({ Sid }) => Sid === 'OnlyItsFeedersSend')
      .map(({ Condition }) => JSON.stringify(Condition));
    expect(conditions).toHaveLength(4);
    for (const condition of conditions)
      expect(condition).toMatch(/^\{"ArnNotLike":\{"aws:(PrincipalArn|SourceArn)":.*(Role|:rule)/);
  });
});
