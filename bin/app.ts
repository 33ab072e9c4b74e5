import { App } from 'aws-cdk-lib';
import { ConfigError } from '../lib/config.ts';
import { Meridian } from '../lib/meridian.ts';
import { DomainFileError } from '../project/domain-file.ts';

try {
  new Meridian(new App(), 'Flights', {
    domain: import.meta.resolve('../examples/flights/index.ts'),
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
