import { describe, expect, it } from 'vitest';
import { parseEnvironment } from '../../lambdas/environment.ts';

describe('parseEnvironment', () => {
  it("reads the function's variables, Regions as a list, and nothing else", () => {
    const env = parseEnvironment(['AWS_REGION', 'MERIDIAN_REGIONS', 'PROJECTION_QUEUE_URL'], {
      AWS_REGION: 'us-east-1',
      MERIDIAN_REGIONS: 'us-east-1,us-west-2',
      PROJECTION_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/000000000000/meridian-projection',
      VIEWS_TABLE: 'not asked for',
    });

    expect(env).toEqual({
      AWS_REGION: 'us-east-1',
      MERIDIAN_REGIONS: ['us-east-1', 'us-west-2'],
      PROJECTION_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/000000000000/meridian-projection',
    });
  });

  it('reports every variable that is missing, empty or malformed', () => {
    const parse = () =>
      parseEnvironment(['AWS_REGION', 'EVENTS_TABLE', 'MERIDIAN_REGIONS', 'QUARANTINE_QUEUE_URL', 'BUS_NAME'], {
        EVENTS_TABLE: '',
        MERIDIAN_REGIONS: '',
        QUARANTINE_QUEUE_URL: 'meridian-quarantine',
        BUS_NAME: 'meridian',
      });

    for (const name of ['AWS_REGION', 'EVENTS_TABLE', 'MERIDIAN_REGIONS', 'QUARANTINE_QUEUE_URL'])
      expect(parse).toThrow(name);
    expect(parse).not.toThrow('BUS_NAME');
  });

  it('accepts strong or eventual decisions, and nothing else', () => {
    expect(parseEnvironment(['DECISIONS'], { DECISIONS: 'eventual' })).toEqual({ DECISIONS: 'eventual' });
    for (const DECISIONS of ['', 'mrsc', undefined])
      expect(() => parseEnvironment(['DECISIONS'], { DECISIONS })).toThrow('DECISIONS');
  });

  it.each([
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
    'live',
  ])('prevents %s from starting without its variables, and names them', async (name) => {
    await expect(import(`../../lambdas/${name}/index.ts`)).rejects.toThrow(/MERIDIAN_NAME.*_TABLE/);
  });
});
