import { ConfigError, DefinitionError, DomainFileError, Meridian } from '@meridian-es/meridian/cdk';
import { App } from 'aws-cdk-lib';
import { subscribers } from './subscribers/index.ts';

try {
  new Meridian(new App(), 'Flights', { domain: import.meta.resolve('./index.ts'), subscribers });
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof DefinitionError || error instanceof DomainFileError))
    throw error;
  // The message says what to fix; a stack trace would hide it.
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
