import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fastPathPattern, forwardPattern, ingestPattern } from '../../core/index.ts';
import { matches } from './event-pattern.ts';
import { account, fiveRegions, three } from './stacks-fixture.ts';
import { firstRegionOf, regionsOf, type Synthesized, synthesize } from './synthesize.ts';
import type { TemplateReader } from './template.ts';

let five: Synthesized;
let region: TemplateReader;
let everyRegion: { name: string; template: TemplateReader }[];
beforeAll(() => {
  const app = synthesize();
  five = synthesize({ context: fiveRegions });
  everyRegion = regionsOf(app).map((template, index) => ({ name: three[index] ?? '', template }));
  region = firstRegionOf(app);
});

const sending = z.object({
  Effect: z.string(),
  Action: z.unknown(),
  Condition: z.object({ ArnEquals: z.object({ 'aws:SourceArn': z.array(z.unknown()) }).optional() }),
});

describe('events on the buses', () => {
  const ruleOf = (name: string, at: string) => {
    const template = everyRegion.find((candidate) => candidate.name === at)?.template ?? expect.fail(at);
    return template.named('AWS::Events::Rule', `meridian-${name}`).Properties;
  };
  const rulesMatching = (event: unknown, at: string): unknown[] => {
    const template = everyRegion.find((candidate) => candidate.name === at)?.template ?? expect.fail(at);
    return template
      .ofType('AWS::Events::Rule')
      .filter(({ Properties }) => matches(Properties.EventPattern, event))
      .map(({ Properties }) => Properties.Name)
      .sort();
  };
  const noted = {
    source: 'meridian.note',
    'detail-type': 'Noted',
    detail: { meta: { region: 'us-east-1', log: 'us-east-1' } },
  };
  const append = { source: 'teller.7', 'detail-type': 'meridian.append', detail: { id: '1' } };

  it('are matched by the same patterns as in the world', () => {
    expect(ruleOf('ingest', 'us-east-1').EventPattern).toEqual(ingestPattern);
    expect(ruleOf('forward-us-west-2', 'us-east-1').EventPattern).toEqual(forwardPattern('us-east-1'));
    expect(ruleOf('fast-path', 'us-east-1').EventPattern).toEqual(
      fastPathPattern('us-east-1', ['account', 'note', 'stock']),
    );
  });

  it('go from the Region that wrote them to every other Region, once', () => {
    expect(rulesMatching(noted, 'us-east-1')).toEqual(['meridian-forward-us-east-2', 'meridian-forward-us-west-2']);
  });

  it('that arrive from another Region go only to projection, whatever Region EventBridge stamps on them', () => {
    for (const there of ['us-east-2', 'us-west-2'])
      expect(rulesMatching({ ...noted, region: there }, there)).toEqual(['meridian-fast-path']);
  });

  it('of a type that no view is computed from are forwarded, and projected nowhere', () => {
    const event = { ...noted, source: 'meridian.other' };
    expect(rulesMatching(event, 'us-east-1')).toHaveLength(2);
    expect(rulesMatching(event, 'us-west-2')).toEqual([]);
  });

  it('that producers put on a bus go to ingest, in that Region only', () => {
    expect(rulesMatching(append, 'us-east-1')).toEqual(['meridian-ingest']);
    for (const type of ['meridian.command', 'meridian.transact'])
      expect(rulesMatching({ ...append, 'detail-type': type }, 'us-east-1')).toEqual(['meridian-ingest']);
    // Even if the event looks as if it had been written here.
    expect(rulesMatching({ ...append, detail: noted.detail }, 'us-east-1')).toEqual(['meridian-ingest']);
  });

  it('of other systems that are not requests to Meridian are ignored', () => {
    expect(rulesMatching({ ...append, 'detail-type': 'Noted' }, 'us-east-1')).toEqual([]);
  });

  it('that are receipts stay on their bus', () => {
    const outcome = { source: 'meridian.receipt', 'detail-type': 'Rejected', detail: { id: '1' } };
    for (const at of three) expect(rulesMatching(outcome, at)).toEqual([]);
  });

  it('of our own are never ingested', () => {
    for (const type of ['meridian.append', 'meridian.command', 'meridian.transact'])
      expect(rulesMatching({ ...append, 'detail-type': type, source: 'meridian.note' }, 'us-east-1')).toEqual([]);
  });

  it('that announce the outcome of a transaction go from its driving Region to every other, and to no view', () => {
    const announced = {
      source: 'meridian.tx',
      'detail-type': 'TransactionCommitted',
      detail: { id: 'tx/us-east-1:1', meta: { region: 'us-east-1' } },
    };
    expect(rulesMatching(announced, 'us-east-1')).toEqual(['meridian-forward-us-east-2', 'meridian-forward-us-west-2']);
    for (const there of ['us-east-2', 'us-west-2']) expect(rulesMatching(announced, there)).toEqual([]);
  });

  it('that cannot be forwarded are kept in the Region of the rule', () => {
    expect(ruleOf('forward-us-west-2', 'us-east-1').Targets).toEqual([
      {
        Id: expect.any(String),
        Arn: expect.anything(),
        RoleArn: expect.anything(),
        DeadLetterConfig: { Arn: expect.anything() },
      },
    ]);
    const [target] = z
      .array(z.object({ Arn: z.unknown(), RoleArn: z.unknown(), DeadLetterConfig: z.object({ Arn: z.unknown() }) }))
      .parse(ruleOf('forward-us-west-2', 'us-east-1').Targets);
    expect(region.text(target?.Arn)).toBe(`arn:aws:events:us-west-2:${account}:event-bus/meridian`);
    expect(region.text(target?.RoleArn)).toBe('Role(meridian-us-east-1-forward)');
    const queue = 'meridian-forwarding-dead-letter';
    expect(region.text(target?.DeadLetterConfig.Arn)).toBe(`arn:aws:sqs:us-east-1:${account}:${queue}`);
    const accepts = region
      .ofType('AWS::SQS::QueuePolicy')
      .map(({ Properties }) => Properties)
      .filter(({ Queues }) => JSON.stringify(Queues).includes('ForwardingDeadLetters'))
      .flatMap(({ PolicyDocument }) => z.object({ Statement: z.array(sending) }).parse(PolicyDocument).Statement)
      .filter(({ Effect }) => Effect === 'Allow');
    expect(region.named('AWS::SQS::Queue', queue).Properties.QueueName).toBe(queue);
    expect(accepts).toHaveLength(1);
    expect(accepts[0]?.Condition.ArnEquals?.['aws:SourceArn'].map((arn) => region.text(arn))).toEqual(
      ['us-east-2', 'us-west-2'].map(
        (other) => `arn:aws:events:us-east-1:${account}:rule/meridian/meridian-forward-${other}`,
      ),
    );
  });

  it('that producers put on a bus go to quarantine when the queue of ingest cannot be reached', () => {
    const [target] = z
      .array(z.object({ Arn: z.unknown(), DeadLetterConfig: z.object({ Arn: z.unknown() }) }))
      .parse(ruleOf('ingest', 'us-east-1').Targets);
    expect(region.text(target?.Arn)).toBe('Queue(meridian-ingest)');
    expect(region.text(target?.DeadLetterConfig.Arn)).toBe('Queue(meridian-quarantine)');
  });

  it('reach all five Regions, whichever Region wrote them', () => {
    for (const template of regionsOf(five))
      expect(
        template
          .ofType('AWS::Events::Rule')
          .filter(({ Properties }) => String(Properties.Name).startsWith('meridian-forward-')),
      ).toHaveLength(4);
  });
});

describe('the policy of a bus', () => {
  const denial = z.object({
    Effect: z.literal('Deny'),
    Principal: z.literal('*'),
    Action: z.literal('events:PutEvents'),
    Resource: z.unknown(),
    Condition: z.strictObject({
      'ForAnyValue:StringLike': z.strictObject({ 'events:source': z.string().endsWith('*') }),
      ArnNotEquals: z.strictObject({ 'aws:PrincipalArn': z.array(z.unknown()) }),
    }),
  });
  const permission = z.object({
    Effect: z.literal('Allow'),
    Principal: z.strictObject({ AWS: z.unknown() }),
    Action: z.literal('events:PutEvents'),
    Resource: z.unknown(),
    Condition: z.strictObject({ ArnEquals: z.strictObject({ 'aws:PrincipalArn': z.array(z.unknown()) }) }),
  });
  const only = <Schema extends z.ZodType>(schema: Schema, effect: string) => {
    const statements = region
      .ofType('AWS::Events::EventBusPolicy')
      .map(({ Properties }) => z.looseObject({ Effect: z.string() }).parse(Properties.Statement));
    const [found, ...more] = statements.filter(({ Effect }) => Effect === effect);
    expect(more).toEqual([]);
    expect(statements).toHaveLength(2);
    return schema.parse(found);
  };
  /** As in IAM: both conditions hold; a negated one also holds if the key is missing. */
  const denies = (principal: string | undefined, sources: readonly string[]): boolean => {
    const { Condition } = only(denial, 'Deny');
    const prefix = Condition['ForAnyValue:StringLike']['events:source'].slice(0, -1);
    const speakers = Condition.ArnNotEquals['aws:PrincipalArn'].map((arn) => region.text(arn));
    return sources.some((source) => source.startsWith(prefix)) && !(principal && speakers.includes(principal));
  };
  const role = (name: string) => `arn:aws:iam::${account}:role/${name}`;

  it('covers its own bus, with one denial and one permission', () => {
    expect(region.text(only(denial, 'Deny').Resource)).toBe('EventBus(meridian)');
    expect(region.text(only(permission, 'Allow').Resource)).toBe('EventBus(meridian)');
  });

  it('allows the forwarding roles of the other Regions by name, under a principal that exists before they do', () => {
    const { Principal, Condition } = only(permission, 'Allow');
    expect(region.text(Principal.AWS)).toBe(`arn:aws:iam::${account}:root`);
    expect(Condition.ArnEquals['aws:PrincipalArn'].map((arn) => region.text(arn))).toEqual([
      role('meridian-us-east-2-forward'),
      role('meridian-us-west-2-forward'),
    ]);
  });

  it.each([
    'meridian-us-east-1-relay',
    'meridian-us-east-1-ingest',
    'meridian-us-east-1-operate',
    'meridian-us-east-2-forward',
    'meridian-us-west-2-forward',
  ])("allows %s to use Meridian's sources", (name) => {
    expect(denies(role(name), ['meridian.note', 'meridian.receipt'])).toBe(false);
  });

  it.each([
    'producer',
    'admin',
    // No event returns to its own Region, and no other Region's functions put events on this bus.
    'meridian-us-east-1-forward',
    'meridian-us-east-2-relay',
    'meridian-us-east-1-api',
  ])("forbids %s to use Meridian's sources, even for one entry of many", (name) => {
    expect(denies(role(name), ['meridian.note'])).toBe(true);
    expect(denies(role(name), ['teller.7', 'meridian.note'])).toBe(true);
  });

  it("forbids callers without a role to use Meridian's sources", () => {
    expect(denies(undefined, ['meridian.note'])).toBe(true);
  });

  it('leaves every other source to the permissions of its producer', () => {
    expect(denies(role('producer'), ['teller.7', 'meridian', 'meridians.x'])).toBe(false);
  });
});
