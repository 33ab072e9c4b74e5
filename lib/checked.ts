import { createRequire } from 'node:module';
import type * as Cdk from './index.ts';
import { needPeers } from './peers.ts';

/*
 * The entry point ./cdk of the published package. A module that imports a missing package fails before a line of it
 * runs, with an error that does not say how to install the package, so this module looks for the packages first. It
 * loads the construct by `require`, without a top-level await, so that an app that is CommonJS can load it too.
 */
needPeers();
const cdk: typeof Cdk = createRequire(import.meta.url)('./index.js');

export const { ConfigError, DefinitionError, DomainFileError, encryptionKeyStatements, Ingress, Meridian } = cdk;
