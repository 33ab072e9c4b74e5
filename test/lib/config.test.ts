import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig } from '../../lib/config.ts';

const regions = ['us-east-1', 'us-east-2', 'us-west-2'];
function parse(context: Readonly<Record<string, unknown>>, account?: string) {
  return parseConfig({ context: (key) => context[key], account });
}

describe('the configuration', () => {
  it('needs nothing but Regions', () => {
    expect(parse({ regions })).toEqual({
      name: 'meridian',
      regions,
      account: undefined,
      logs: { 'us-east-1': 'us-east-1', 'us-east-2': 'us-east-2', 'us-west-2': 'us-west-2' },
      ephemeral: false,
      liveUrl: false,
      schemaRegistry: true,
      nonce: '1',
      alarmEmail: undefined,
      logRetentionDays: 30,
      archiveDays: 30,
      turnConcurrency: 0,
      apiConcurrency: 500,
      encryptionKeys: {},
      redriveRoles: [],
      decisions: 'strong',
      strongTypes: [],
      runbookUrl: 'node_modules/@meridian-es/meridian/docs/runbooks',
    });
  });

  it('has strong stream types only where three Regions of one set decide together', () => {
    const withStrong = (context: Readonly<Record<string, unknown>>) =>
      parseConfig({ context: (key) => context[key], strongTypes: ['till'] });
    expect(withStrong({ regions }).strongTypes).toEqual(['till']);
    expect(() => withStrong({ regions: ['us-east-1', 'us-west-2'] })).toThrow(
      'stream type till is strong, whose table spans three Regions of one set: us-east-1, us-east-2, us-west-2',
    );
    expect(() => withStrong({ regions, decisions: 'eventual' })).toThrow(
      'stream type till is strong, and so are the decisions on its transactions',
    );
  });

  it('accepts values as the command line can write them', () => {
    const config = parse({
      regions: 'eu-central-1,ap-southeast-7',
      ephemeral: 'true',
      nonce: '17',
      account: '123456789012',
      alarmEmail: 'ops@example.com',
      logRetentionDays: '365',
      archiveDays: '0',
      turnConcurrency: '20',
      apiConcurrency: '0',
      maxReadUnits: '4000',
      redriveRoles: 'operator,team/on-call-*',
    });
    expect(config).toMatchObject({ regions: ['eu-central-1', 'ap-southeast-7'], ephemeral: true, nonce: '17' });
    expect(config).toMatchObject({
      alarmEmail: 'ops@example.com',
      logRetentionDays: 365,
      archiveDays: 0,
      turnConcurrency: 20,
      apiConcurrency: 0,
      maxReadUnits: 4000,
      maxWriteUnits: undefined,
      redriveRoles: ['operator', 'team/on-call-*'],
    });
    expect(parse({ regions, ephemeral: 'false' }).ephemeral).toBe(false);
    expect(parse({ regions, ephemeral: true }).apiConcurrency).toBe(0);
    expect(parse({ regions, schemaRegistry: 'false' }).schemaRegistry).toBe(false);
  });

  it.each([
    ['strong', ['us-east-2', 'us-west-2', 'us-east-1']],
    ['strong', ['eu-central-1', 'eu-west-3', 'eu-west-1']],
    ['strong', ['ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3']],
    ['eventual', ['us-east-1', 'us-east-2']],
    ['eventual', ['us-east-1', 'us-east-2', 'eu-west-1']],
    ['eventual', ['us-east-1', 'us-east-2', 'us-west-1']],
    ['eventual', ['eu-west-1', 'eu-west-2', 'eu-west-3', 'eu-central-1']],
  ])('has %s decisions in %j by default', (decisions, where) => {
    expect(parse({ regions: where }).decisions).toBe(decisions);
  });

  it('may have eventual decisions in any Regions', () => {
    expect(parse({ regions, decisions: 'eventual' }).decisions).toBe('eventual');
    expect(parse({ regions, decisions: 'strong' }).decisions).toBe('strong');
  });

  it('says in which Regions decisions can be strong', () => {
    expect(() => parse({ regions: ['us-east-1', 'eu-west-1'], decisions: 'strong' })).toThrow(
      /us-east-1, eu-west-1 .*us-east-1, us-east-2, us-west-2; eu-west-1, eu-west-2, eu-west-3, eu-central-1; ap-northeast-1/,
    );
  });

  describe('with customer-managed keys', () => {
    const keyOf = (region: string, account = '123456789012') =>
      `arn:aws:kms:${region}:${account}:key/mrk-0123456789abcdef`;
    const keys = Object.fromEntries(regions.map((region) => [region, keyOf(region)]));

    it('has one of each Region, in the account of the deployment if that is known', () => {
      expect(parse({ regions, encryptionKeys: keys }).encryptionKeys).toEqual(keys);
      expect(parse({ regions, encryptionKeys: keys }, '123456789012').encryptionKeys).toEqual(keys);
    });

    const { 'us-west-2': _, ...missing } = keys;
    it.each([
      ['a Region has none', missing, 'us-west-2 has no key'],
      [
        'it has one of another Region',
        { ...keys, 'eu-west-1': keyOf('eu-west-1') },
        'eu-west-1 is not one of `regions`',
      ],
      [
        'one is in another Region',
        { ...keys, 'us-west-2': keyOf('us-east-1') },
        'the key of us-west-2 is in us-east-1',
      ],
      [
        'they are in two accounts',
        { ...keys, 'us-west-2': keyOf('us-west-2', '222222222222') },
        'more than one account',
      ],
      [
        'one is an alias',
        { ...keys, 'us-west-2': 'arn:aws:kms:us-west-2:123456789012:alias/shop' },
        'not the ARN of a KMS key',
      ],
      ['they are not given by Region', keyOf('us-east-1'), 'encryptionKeys'],
    ])('is refused if %s', (_, encryptionKeys, message) => {
      expect(() => parse({ regions, encryptionKeys })).toThrow(ConfigError);
      expect(() => parse({ regions, encryptionKeys })).toThrow(message);
    });

    it('is refused if they are in another account than the deployment', () => {
      for (const account of [{ account: '111111111111' }, {}])
        expect(() => parse({ regions, encryptionKeys: keys, ...account }, '111111111111')).toThrow(
          /"encryptionKeys" of the context: .*more than one account: 111111111111, 123456789012/,
        );
    });
  });

  it('prefers the configured account to that of the credentials', () => {
    expect(parse({ regions }, '111111111111').account).toBe('111111111111');
    expect(parse({ regions, account: '222222222222' }, '111111111111').account).toBe('222222222222');
  });

  it('gives a Region that was restored from a backup its new log', () => {
    expect(parse({ regions, logs: { 'us-east-2': 'us-east-2-b' } }).logs).toMatchObject({
      'us-east-1': 'us-east-1',
      'us-east-2': 'us-east-2-b',
    });
  });

  it.each([
    ['us-gov-west-1', 'us-gov-east-1'],
    ['eusc-de-east-1', 'eu-west-1'],
    ['cn-north-1', 'cn-northwest-1'],
    ['mx-central-1', 'il-central-1'],
  ])('accepts %s and %s as Regions', (...pair) => {
    expect(parse({ regions: pair }).regions).toEqual(pair);
  });

  it.each([
    ['regions', {}, 'nothing'],
    ['regions', { regions: ['us-east-1'] }, '["us-east-1"]'],
    ['regions', { regions: [...regions, 'eu-west-1', 'eu-west-2', 'eu-west-3'] }, 'eu-west-3'],
    ['regions', { regions: ['us-east-1', 'us-east-1'] }, 'more than once'],
    ['regions', { regions: ['us-east-1', 'moon'] }, 'not the name of an AWS Region'],
    ['regions', { regions: { primary: 'us-east-1' } }, '{"primary":"us-east-1"}'],
    ['name', { regions, name: 'Meridian' }, '"Meridian"'],
    ['name', { regions, name: 'a--b' }, '"a--b"'],
    ['name', { regions, name: 'a'.repeat(25) }, 'a'.repeat(25)],
    ['account', { regions, account: 123456789012 }, '123456789012'],
    ['account', { regions, account: '1234' }, '"1234"'],
    ['ephemeral', { regions, ephemeral: 'yes' }, '"yes"'],
    ['schemaRegistry', { regions, schemaRegistry: 'no' }, '"no"'],
    ['nonce', { regions, nonce: 1 }, '1'],
    ['alarmEmail', { regions, alarmEmail: 'ops' }, 'not a mail address'],
    ['logRetentionDays', { regions, logRetentionDays: 31 }, '31'],
    ['logRetentionDays', { regions, logRetentionDays: 'a month' }, '"a month"'],
    ['archiveDays', { regions, archiveDays: -1 }, '-1'],
    ['archiveDays', { regions, archiveDays: '3651' }, '"3651"'],
    ['archiveDays', { regions, archiveDays: 1.5 }, '1.5'],
    ['turnConcurrency', { regions, turnConcurrency: 1001 }, '1001'],
    ['turnConcurrency', { regions, turnConcurrency: 'all' }, '"all"'],
    ['apiConcurrency', { regions, apiConcurrency: -1 }, '-1'],
    ['maxReadUnits', { regions, maxReadUnits: 0 }, '0'],
    ['maxWriteUnits', { regions, maxWriteUnits: '1.5' }, '"1.5"'],
    ['redriveRoles', { regions, redriveRoles: '*' }, 'not the name of a role'],
    ['redriveRoles', { regions, redriveRoles: ['arn:aws:iam::123456789012:role/operator'] }, 'not the name of a role'],
    ['decisions', { regions, decisions: 'quick' }, '"quick"'],
    ['decisions', { regions: [...regions, 'eu-west-1'], decisions: 'strong' }, 'do not allow it'],
    ['runbookUrl', { regions, runbookUrl: 'https://wiki.example.com/' }, 'not a URL or a path'],
    ['logs', { regions, logs: { 'eu-west-1': 'old' } }, 'not one of `regions`'],
    ['logs', { regions, logs: { 'us-east-1': 'a#b' } }, '"a#b"'],
    ['logs', { regions, logs: { 'us-east-1': 'global' } }, '"global"'],
    ['logs', { regions, logs: { 'us-east-1': 'us-east-2' } }, 'two Regions would write the same log'],
  ])('refuses an invalid "%s": %j, and says what it found and what to write', (key, context, found) => {
    const parsing = () => parse(context);
    expect(parsing).toThrow(ConfigError);
    expect(parsing).toThrow(new RegExp(`^- "${key}"( of the context)?: found .*; write .+`, 'm'));
    expect(parsing).toThrow(
      expect.objectContaining({ message: expect.stringContaining(found), code: 'invalid-config' }),
    );
  });

  it('refuses a value that JSON cannot express, or that is long, without showing all of it', () => {
    expect(() => parse({ regions, archiveDays: 3n })).toThrow('found a value that JSON cannot express (');
    const deep: unknown = JSON.parse('['.repeat(20_000) + ']'.repeat(20_000));
    expect(() => parse({ regions, logs: deep })).toThrow('found a value that JSON cannot express (');
    expect(() => parse({ regions, name: 'x'.repeat(5_000) })).toThrow(/found "x{499}… \(/);
  });

  it('prefers properties to the context, and names the source of an invalid value', () => {
    const context: Readonly<Record<string, unknown>> = { regions, name: 'context', archiveDays: -1 };
    const from = (props: object) => parseConfig({ context: (key) => context[key], props });
    expect(from({ name: 'props', archiveDays: 7 })).toMatchObject({ name: 'props', archiveDays: 7, regions });
    expect(() => from({ name: 'Props' })).toThrow(
      /"name" of the properties: found "Props".*\n- "archiveDays" of the context: found -1/,
    );
    expect(() => parseConfig({ context: () => undefined })).toThrow(/"regions": found nothing/);
  });

  it('names every key that is wrong at once', () => {
    const parsing = () => parse({ regions: [], name: '', ephemeral: 1 });
    expect(parsing).toThrow(/"name".*\n.*"regions".*\n.*"ephemeral"/);
  });
});
