import { describe, expect, it } from 'vitest';
import { isOwnName, namesOf } from '../../../core/names.ts';
import {
  type OwnFunctionDefinition,
  parseOwnFunctions,
  type SubscriberDefinition,
  subscriptionPattern,
} from '../../../core/wire/subscription.ts';
import { ownName } from '../../own-name.ts';

const deployment = { regions: ['eu-west-1', 'us-east-1'], streamTypes: ['note', 'stock'], strongTypes: ['stock'] };
const mailer = { entry: 'file:///shop/mailer.ts', streamTypes: ['note'] };

function subscription(definition: Partial<SubscriberDefinition> = {}) {
  const { subscribers } = parseOwnFunctions({ subscribers: { mailer: { ...mailer, ...definition } } }, deployment);
  return subscribers[0] ?? expect.fail('there is none');
}

describe('a subscriber', () => {
  it('runs in every Region, starts with the first event and has a table by default', () => {
    expect(subscription()).toMatchObject({
      name: 'mailer',
      regions: ['eu-west-1', 'us-east-1'],
      from: 'beginning',
      hasTable: true,
      home: undefined,
      needs: [],
      environment: {},
      limits: { timeoutS: 60, memoryMb: 1024, queue: { batchSize: 10, visibilityS: 360, maxReceives: 10 } },
    });
    expect(subscription({ runsIn: 'everywhere', table: 'none', from: 'beginning' })).toMatchObject({
      regions: ['eu-west-1', 'us-east-1'],
      hasTable: false,
      home: undefined,
    });
  });

  it('that is named to a Region exists in every Region, and gets everything in each', () => {
    const named = subscription({ runsIn: 'us-east-1' });
    expect(named).toMatchObject({ regions: ['eu-west-1', 'us-east-1'], home: 'us-east-1', hasTable: true });
    expect(named.patternIn('eu-west-1')).toEqual({ source: ['meridian.note'] });
    const ofIt = subscription({ runsIn: 'us-east-1', writtenIn: 'here' });
    for (const region of deployment.regions)
      expect(ofIt.patternIn(region)).toEqual(subscriptionPattern(['note'], ['us-east-1']));
  });

  it('that runs where events are written gets those of its own Region in each', () => {
    const local = subscription({ runsIn: 'where-written', outcomes: true, table: 'none' });
    expect(local).toMatchObject({ regions: ['eu-west-1', 'us-east-1'], home: undefined });
    for (const region of deployment.regions)
      expect(local.patternIn(region)).toEqual(subscriptionPattern(['note'], [region], true));
  });

  it('gets whole logs of its stream types: those of every Region, of some Regions, or of its own', () => {
    const patternIn = (region: string, definition: Partial<SubscriberDefinition>) =>
      subscription(definition).patternIn(region);
    expect(patternIn('eu-west-1', {})).toEqual({ source: ['meridian.note'] });
    expect(patternIn('eu-west-1', { writtenIn: 'here' })).toEqual(subscriptionPattern(['note'], ['eu-west-1']));
    expect(patternIn('eu-west-1', { writtenIn: ['us-east-1'] })).toEqual({
      source: ['meridian.note'],
      detail: { meta: { region: ['us-east-1'] } },
    });
    expect(patternIn('eu-west-1', { streamTypes: [], outcomes: true })).toEqual({ source: ['meridian.tx'] });
  });

  it('may have any environment variables that Lambda accepts and that neither Lambda nor Meridian sets', () => {
    const environment = { MAIL_URL: 'x', mail2: 'x', TZ: 'UTC', HANDLER: 'x' };
    expect(subscription({ environment })).toMatchObject({ environment });
  });

  it('may have members that only its caller knows, and names', () => {
    const subscribers = { mailer: { ...mailer, grant: 'for the CDK' } };
    expect(() => parseOwnFunctions({ subscribers }, deployment)).toThrow('there is no member grant');
    expect(parseOwnFunctions({ subscribers }, deployment, ['grant']).subscribers).toHaveLength(1);
  });

  it('whose batch may take longer has its messages hidden for longer', () => {
    expect(subscription({ timeoutSeconds: 900, batchSize: 1 }).limits).toMatchObject({
      timeoutS: 900,
      queue: { visibilityS: 5400, batchSize: 1 },
    });
  });

  it.each<[string, Partial<SubscriberDefinition>]>([
    ['entry: "./mailer.ts" is neither a URL', { entry: './mailer.ts' }],
    ['streamTypes: there is no stream type "nose"; choose from note, stock', { streamTypes: ['nose'] }],
    ['it would receive nothing', { streamTypes: [] }],
    [
      `runsIn: "mars-1" is not a Region of the deployment; write 'everywhere', 'where-written' or one of eu-west-1`,
      { runsIn: 'mars-1' },
    ],
    ['table: without a table the other Regions cannot see', { runsIn: 'us-east-1', table: 'none' }],
    [`writtenIn: with runsIn: 'where-written' there is`, { runsIn: 'where-written', writtenIn: ['us-east-1'] }],
    [
      'runsIn: every Region writes the one log of a strong stream (stock)',
      { streamTypes: ['stock'], runsIn: 'where-written' },
    ],
    ['writtenIn: "mars-1" is not a Region', { writtenIn: ['mars-1'] }],
    ['writtenIn: the list is empty', { writtenIn: [] }],
    [
      'writtenIn: every Region writes the one log of a strong stream (stock)',
      { streamTypes: ['stock'], writtenIn: 'here' },
    ],
    ['from: a subscriber without a table has no order', { table: 'none', from: 'first-seen' }],
    ['timeoutSeconds: found 59; write a whole number from 60 to 900', { timeoutSeconds: 59 }],
    ['timeoutSeconds: found 60.5', { timeoutSeconds: 60.5 }],
    ['memoryMb: found 64; write a whole number from 128 to 10240', { memoryMb: 64 }],
    ['batchSize: found 11; write a whole number from 1 to 10', { batchSize: 11 }],
    ['environment: SUBSCRIBER_TABLE is set by Lambda or Meridian', { environment: { SUBSCRIBER_TABLE: 'x' } }],
    ['environment: SUBSCRIBER_QUEUE_URL is set by Lambda or Meridian', { environment: { SUBSCRIBER_QUEUE_URL: 'x' } }],
    ['environment: SUBSCRIBER_HOME is set by Lambda or Meridian', { environment: { SUBSCRIBER_HOME: 'x' } }],
    ['environment: PLACEMENT_TABLE is set by Lambda or Meridian', { environment: { PLACEMENT_TABLE: 'x' } }],
    ['environment: AWS_REGION is set by', { environment: { AWS_REGION: 'x' } }],
    ...['_HANDLER', '_X_AMZN_TRACE_ID', '1ST', 'MAIL-URL', 'MAIL URL', '', 'X'].map(
      (name): [string, Partial<SubscriberDefinition>] => [
        `environment: Lambda does not accept the name "${name}"; write a letter, then`,
        { environment: { [name]: 'x' } },
      ],
    ),
    ['streamTypes: "note" occurs more than once; write it once', { streamTypes: ['note', 'stock', 'note'] }],
    ['writtenIn: "us-east-1" occurs more than once', { writtenIn: ['us-east-1', 'us-east-1'] }],
  ])('is refused with what to write: %s', (message, definition) => {
    expect(() => subscription(definition)).toThrow(
      expect.objectContaining({
        code: 'invalid-definition',
        message: expect.stringContaining(`- subscriber mailer: ${message}`),
      }),
    );
  });

  it.each([
    ['table', 'write own or none'],
    ['from', 'write beginning or first-seen'],
    ['needs', 'write bus or api'],
    ['writtenIn', `writtenIn: found "bug"; write 'here' or a list of Regions`],
    ['streamTypes', '- subscriber mailer: streamTypes: found "bug"; write a list'],
    [
      'runIn',
      'there is no member runIn; did you mean runsIn? Choose from entry, runsIn, environment, timeoutSeconds, memoryMb, needs, streamTypes, outcomes, writtenIn, from, table, batchSize',
    ],
  ])('is refused with a %s that the types do not allow', (key, message) => {
    const given: SubscriberDefinition = JSON.parse(
      JSON.stringify({ ...mailer, [key]: key === 'needs' ? ['bug'] : 'bug' }),
    );
    expect(() => parseOwnFunctions({ subscribers: { mailer: given } }, deployment)).toThrow(message);
  });
});

describe('a function of a team', () => {
  const importer: OwnFunctionDefinition = { entry: '/shop/importer.ts', needs: ['bus', 'api'] };

  it('is refused with a member that it does not have, and without one that it must have', () => {
    const given: OwnFunctionDefinition = JSON.parse(JSON.stringify({ entri: '/shop/importer.ts', needs: 'bus' }));
    expect(() => parseOwnFunctions({ functions: { importer: given } }, deployment)).toThrow(
      [
        '- function importer: there is no member entri; did you mean entry? Choose from entry, runsIn, environment, timeoutSeconds, memoryMb, needs',
        '- function importer: the member entry is missing',
        '- function importer: needs: found "bus"; write a list',
      ].join('\n'),
    );
  });

  it('has a minute and a gigabyte, and runs in every Region, by default', () => {
    const functions = {
      importer,
      small: { entry: '/shop/small.ts', timeoutSeconds: 1, memoryMb: 128, runsIn: 'eu-west-1' },
    };
    expect(parseOwnFunctions({ functions }, deployment).functions).toMatchObject([
      {
        name: 'importer',
        needs: ['bus', 'api'],
        regions: deployment.regions,
        limits: { timeoutS: 60, memoryMb: 1024 },
      },
      { name: 'small', needs: [], regions: ['eu-west-1'], limits: { timeoutS: 1, memoryMb: 128 } },
    ]);
  });

  it('has a name that no subscriber has; all faults are reported at once', () => {
    const parse = () =>
      parseOwnFunctions(
        {
          subscribers: { mailer, Audit: mailer },
          functions: { mailer: importer, relay: { ...importer, memoryMb: 1 } },
        },
        deployment,
      );
    expect(parse).toThrow(
      /function relay: memoryMb.*\n- mailer: a subscriber and a function.*\n- the name "Audit".*\n- the name "relay"/,
    );
  });
});

describe('the name of a function of a team', () => {
  it.each(['mailer', 'a', 'orders-2-search', 'subscriber', 'x'.repeat(24)])('may be %s', (name) => {
    expect(isOwnName(name)).toBe(true);
  });

  it.each([
    ...['', 'Mailer', '2mail', 'mail-', 'mail--er', 'mail_er', 'forwarding', 'x'.repeat(25)],
    ...['relay', 'api', 'live', 'stream-lookup', 'quarantine', 'events', 'fast-path', 'transactions', 'forward'],
    ...['forward-x', 'table-x', 'machine-x', 'relay-x', 'mailer-dead-letter'],
  ])('may not be %j', (name) => {
    expect(isOwnName(name)).toBe(false);
  });

  it('is short enough for all names derived from it, with the longest prefix and Region', () => {
    const names = namesOf('p'.repeat(24));
    const name = ownName('x'.repeat(24));
    expect(names.role('ap-northeast-1', name).length).toBeLessThanOrEqual(64);
    expect(names.function(name).length).toBeLessThanOrEqual(64);
    expect(names.rule(name).length).toBeLessThanOrEqual(64);
    expect(names.deadLetterQueue(name).length).toBeLessThanOrEqual(80);
  });
});
