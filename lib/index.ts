/** The CDK construct of a deployment. */

export {
  DefinitionError,
  type Need,
  type OwnFunctionDefinition,
  type SubscriberDefinition,
} from '../core/wire/subscription.ts';
export { DomainFileError } from '../project/domain-file.ts';
export { type Config, ConfigError } from './config.ts';
export type { Api } from './constructs/api.ts';
export {
  type EventsEndpoint,
  Ingress,
  type IngressProps,
  type IngressRecords,
  type IngressTarget,
  type IngressZone,
} from './constructs/ingress.ts';
export type { Granting } from './constructs/own-function.ts';
export { type EncryptionKeyStatementsProps, encryptionKeyStatements } from './encryption-key-statements.ts';
export { type FunctionProps, Meridian, type MeridianProps, type SubscriberProps } from './meridian.ts';
export type { ForwardingStack } from './stacks/forwarding-stack.ts';
export type { GlobalStack } from './stacks/global-stack.ts';
export type { RegionStack } from './stacks/region-stack.ts';
