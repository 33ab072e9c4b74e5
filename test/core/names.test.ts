import { describe, expect, it } from 'vitest';
import { isOwnName, namesOf, regionsFault } from '../../core/names.ts';
import { ownName } from '../own-name.ts';

describe('a list of Regions', () => {
  it.each([
    [['us-east-1', 'us-gov-west-1']],
    [['eusc-de-east-1', 'us-isob-east-1', 'ap-southeast-5', 'mx-central-1', 'il-central-1']],
  ])('has two to five different Regions: %j', (regions) => {
    expect(regionsFault(regions)).toBeUndefined();
  });

  it.each([
    [['us-east-1', 'europe'], '"europe" is not the name of an AWS Region.'],
    [['us-east-1', 'us-east-1'], 'us-east-1 is listed twice.'],
    [['us-east-1'], 'The number of Regions is 1, but must be 2 to 5.'],
    [[1, 2, 3, 4, 5, 6].map((i) => `us-east-${i}`), 'The number of Regions is 6, but must be 2 to 5.'],
  ])('%j is refused with the reason', (regions, fault) => {
    expect(regionsFault(regions)).toBe(fault);
  });
});

describe('the names of a deployment', () => {
  const names = namesOf('shop');

  it('are those of a team and a number for the further rules of a long pattern, which no name of a team can be', () => {
    const mailer = ownName('mailer');
    expect([names.rule(mailer), names.rule(mailer, 1), names.rule(mailer, 2)]).toEqual([
      'shop-mailer',
      'shop-mailer',
      'shop-mailer.2',
    ]);
    expect(isOwnName('mailer.2')).toBe(false);
  });

  it('start with its prefix, so that an account can have several', () => {
    const mailer = ownName('mailer');
    expect({
      stack: names.regionStack('us-east-1'),
      forwarding: names.forwardingStack('us-east-1'),
      table: names.subscriberTable(mailer),
      rule: names.rule('fast-path'),
      queue: names.queue('resolver'),
      deadLetterQueue: names.deadLetterQueue('resolver'),
      function: names.function('relay'),
      alarm: names.alarm('relay-errors'),
    }).toEqual({
      stack: 'shop-us-east-1',
      forwarding: 'shop-us-east-1-forwarding',
      table: 'shop-mailer',
      rule: 'shop-fast-path',
      queue: 'shop-resolver',
      deadLetterQueue: 'shop-resolver-dead-letter',
      function: 'shop-relay',
      alarm: 'shop-relay-errors',
    });
    for (const name of Object.values(names)) if (typeof name === 'string') expect(name).toMatch(/^shop(-|$)/);
  });

  it('include the Region if the service is global', () => {
    expect(names.dashboard('us-east-1')).toBe('shop-us-east-1');
    expect(names.role('us-east-1', 'relay')).toBe('shop-us-east-1-relay');
  });
});
