import { describe, expect, test } from 'vitest';
import { findFunctionUrl } from '../../../adapters/lambda/function-url.ts';
import { credentials, oneByOne, type StubAnswer, stubServer } from '../stub-server.ts';

async function find(answer: StubAnswer): Promise<string> {
  const { endpoint } = await stubServer(oneByOne(answer));
  return findFunctionUrl('us-west-2', 'shop-api', { endpoint, credentials });
}

describe('the URL of a function', () => {
  test('is the URL that Lambda returns', async () => {
    expect(await find({ body: '{"FunctionUrl":"https://one.example/"}' })).toBe('https://one.example/');
  });

  test.each<[string, StubAnswer]>([
    [
      'Lambda knows no such function',
      { status: 404, headers: { 'x-amzn-errortype': 'ResourceNotFoundException' }, body: '{}' },
    ],
    ['the response has no URL', { body: '{"AuthType":"AWS_IAM"}' }],
  ])('is not found when %s', async (_, answer) => {
    await expect(find(answer)).rejects.toMatchObject({
      code: 'not-found',
      message: 'shop-api in us-west-2 does not exist or has no Function URL.',
    });
  });
});
