import { beforeAll, describe, expect, it } from 'vitest';
import { matches } from './event-pattern.ts';
import { account, three } from './stacks-fixture.ts';
import { firstRegionOf, type Synthesized, synthesize } from './synthesize.ts';
import { TemplateReader } from './template.ts';

const TABLE = 'meridian-strong-events';

let app: Synthesized;
let global: TemplateReader;
let region: TemplateReader;
beforeAll(() => {
  app = synthesize({ strongTypes: ['till'] });
  global = new TemplateReader(app.globalTemplate);
  region = firstRegionOf(app);
});

describe('a deployment with strong streams', () => {
  it('has a table of their own with multi-Region strong consistency, with a stream and a replica in each Region', () => {
    const { Properties } = global.named('AWS::DynamoDB::GlobalTable', TABLE);
    expect(Properties).toMatchObject({
      MultiRegionConsistency: 'STRONG',
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
      Replicas: expect.arrayContaining(
        three.map((name) => expect.objectContaining({ Region: name, DeletionProtectionEnabled: true })),
      ),
    });
    // DynamoDB refuses them for such a table.
    expect(Properties).not.toHaveProperty('TimeToLiveSpecification');
    expect(Properties).not.toHaveProperty('LocalSecondaryIndexes');
  });

  it('has functions that know the table, apart from those that need none', () => {
    const told = region
      .ofType('AWS::Lambda::Function')
      .filter(({ Properties }) => JSON.stringify(Properties.Environment ?? {}).includes(TABLE))
      .map(({ Properties }) => String(Properties.FunctionName));
    expect(told.sort()).toEqual(
      ['api', 'command', 'ingest', 'operate', 'participant', 'projection', 'resolver', 'turn'].map(
        (id) => `meridian-${id}`,
      ),
    );
  });

  it('has a relay that reads three streams, and alarms for the table and for a missing majority', () => {
    expect(region.ofType('AWS::Lambda::EventSourceMapping').length).toBe(
      firstRegionOf(synthesize()).ofType('AWS::Lambda::EventSourceMapping').length + 1,
    );
    const alarms = region.ofType('AWS::CloudWatch::Alarm').map(({ Properties }) => String(Properties.AlarmName));
    for (const name of ['table-strong-events-throttles', 'table-strong-events-errors', 'quorum-missing'])
      expect(alarms).toContain(`meridian-${name}`);
  });

  it('forwards none of their events: each Region puts them on its own bus', () => {
    const rules = app.forwardingTemplates.flatMap((template) =>
      new TemplateReader(template).ofType('AWS::Events::Rule').map(({ Properties }) => Properties.EventPattern),
    );
    const event = (log: string) => ({
      source: 'meridian.till',
      account,
      detail: { meta: { region: 'us-east-1', log } },
    });
    expect(rules.filter((pattern) => matches(pattern, event('us-east-1')))).toHaveLength(2);
    expect(rules.filter((pattern) => matches(pattern, event('global')))).toEqual([]);
  });

  it('is none without a strong stream type', () => {
    expect(JSON.stringify(synthesize().globalTemplate.toJSON())).not.toContain(TABLE);
  });
});
