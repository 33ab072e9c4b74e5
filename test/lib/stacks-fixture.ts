export const account = '123456789012';

export const three = ['us-east-1', 'us-east-2', 'us-west-2'];

export const functions = [
  'ingest',
  'api',
  'command',
  'relay',
  'projection',
  'operate',
  'participant',
  'turn',
  'coordinate',
  'resolver',
  'stream-lookup',
];

/** The context of an app in five Regions, one of which was restored from a backup. */
export const fiveRegions = {
  regions: [...three, 'eu-west-1', 'ap-northeast-1'],
  account,
  logs: { 'eu-west-1': 'eu-west-1-b' },
  nonce: '2',
};
