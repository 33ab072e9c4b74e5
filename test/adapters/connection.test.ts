import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from 'vitest';
import { connection } from '../../adapters/connection.ts';
import { dynamoDbEventStore } from '../../adapters/dynamodb/event-store.ts';
import { sdkError } from '../../adapters/sdk-error.ts';
import { aCommit } from '../contract/commits.ts';
import { credentials, stubServer } from './stub-server.ts';

describe('connection', () => {
  test('every request fits three times into the time of a function, connecting included', () => {
    const { maxAttempts, requestHandler } = connection;
    expect(maxAttempts * (requestHandler.requestTimeout + requestHandler.connectionTimeout)).toBeLessThan(30_000);
  });

  test('an answer that does not come is given up, and the request sent again', async () => {
    const { endpoint, requests } = await stubServer((_, index) => (index === 0 ? 'silence' : { body: '{}' }));
    const requestHandler = { ...connection.requestHandler, requestTimeout: 200 };
    const client = new DynamoDBClient({ ...connection, requestHandler, endpoint, region: 'us-east-1', credentials });
    expect(await dynamoDbEventStore(client, 'events').put(aCommit())).toBeUndefined();
    expect(requests).toHaveLength(2);
  });

  test.each([
    ['Item size has exceeded the maximum allowed size'],
    ['Item size to update has exceeded the maximum allowed size'],
    ['Total size of the entries in the request is over the limit.'],
  ])('"%s" is too large, and not worth another try', (message) => {
    const refused = Object.assign(new Error(message), { $metadata: { httpStatusCode: 400 } });
    expect(sdkError('do it', refused)).toMatchObject({ code: 'too-large', retryable: false, cause: refused });
  });

  test.each([[undefined], [200], [408], [429], [500], [503]])('status %s is worth another try', (httpStatusCode) => {
    const failed = Object.assign(new Error('no luck'), { $metadata: { httpStatusCode } });
    expect(sdkError('do it', failed)).toMatchObject({ code: 'unavailable', retryable: true, cause: failed });
  });

  test('a fault that did not come out of a request stays what it is', () => {
    const fault = new TypeError('a mistake in the program');
    expect(sdkError('do it', fault)).toBe(fault);
    expect(sdkError('do it', 'thrown text')).toBe('thrown text');
  });
});
