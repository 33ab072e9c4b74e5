import { App } from 'aws-cdk-lib';
import { subscribers } from '../examples/flights/subscribers/index.ts';
import { ConfigError, DefinitionError, Meridian } from '../lib/index.ts';
import { DomainFileError } from '../project/domain-file.ts';

try {
  new Meridian(new App(), 'Flights', { domain: import.meta.resolve('../examples/flights/index.ts'), subscribers });
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof DefinitionError || error instanceof DomainFileError))
    throw error;
  // What to write instead, without a stack trace around it.
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
