import { ConfigError, DomainFileError, Meridian } from '@meridian-es/meridian/cdk';
import { App } from 'aws-cdk-lib';

try {
  new Meridian(new App(), 'Flights', {
    domain: import.meta.resolve('./index.ts'),
    subscriptions: (_region, { subscriber }) => ({
      ...(subscriber && { Subscriber: { functionId: 'subscriber', streamTypes: ['flight'] } }),
    }),
  });
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof DomainFileError)) throw error;
  // What to write instead, without a stack trace around it.
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
