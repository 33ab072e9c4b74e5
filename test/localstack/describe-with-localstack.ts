import { describe } from 'vitest';

/**
 * Runs a suite on the LocalStack at the address in the environment's `MERIDIAN_LOCALSTACK`, with the app in its Regions:
 * `npm test` and `npm run test:localstack` start one for it, `npm run localstack` prints the address of its own.
 * Without one the suite is skipped and says so.
 * @param suite gets the address
 */
export function describeWithLocalStack(name: string, suite: (endpoint: string) => void): void {
  const endpoint = process.env.MERIDIAN_LOCALSTACK ?? '';
  const missing = process.env.MERIDIAN_LOCALSTACK_MISSING ?? '`npm run test:localstack` starts a LocalStack for it.';
  if (endpoint === '') process.stderr.write(`Skipped: ${name}. ${missing}\n`);
  describe.skipIf(endpoint === '')(name, () => suite(endpoint));
}
