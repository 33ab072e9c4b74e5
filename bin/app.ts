import { App } from 'aws-cdk-lib';
import { projectedTypes } from '../core/index.ts';
import { domain } from '../domain/index.ts';
import { ConfigError, parseConfig } from '../lib/config.ts';
import { REGIONS_FILE, readDeployed } from '../lib/deployed-regions.ts';
import { addMeridian } from '../lib/meridian.ts';
import { registrySchemas } from '../schemas/documents.ts';

const app = new App();
try {
  const config = parseConfig((key) => app.node.tryGetContext(key), process.env.CDK_DEFAULT_ACCOUNT);
  addMeridian(app, {
    config,
    projectedTypes: [...projectedTypes(domain)].sort(),
    eventSchemas: registrySchemas(domain),
    subscriptions: () => ({
      ...(config.subscriber && { Subscriber: { functionId: 'subscriber', streamTypes: ['flight'] } }),
    }),
    deployed: readDeployed(REGIONS_FILE, config.name),
  });
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  // What to write instead, without a stack trace around it.
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
