import { describe } from 'vitest';

/**
 * Runs a suite on the LocalStack at the address in the environment variable `MERIDIAN_LOCALSTACK`, in whose Regions the app is
 * deployed. `npm test` and `npm run test:localstack` start a LocalStack and set the variable; `npm run localstack` prints its
 * address. Without an address, the suite is skipped and the reason is printed.
 * @param suite gets the address
 */
export function describeWithLocalStack(name: string, suite: (endpoint: string) => void): void {
  const endpoint = process.env.MERIDIAN_LOCALSTACK ?? '';
  const missing = process.env.MERIDIAN_LOCALSTACK_MISSING ?? '`npm run test:localstack` starts a LocalStack for it.';
  if (endpoint === '') process.stderr.write(`Skipped: ${name}. ${missing}\n`);
  describe.skipIf(endpoint === '')(name, () => suite(endpoint));
}
