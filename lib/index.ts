/** The CDK construct of a deployment. */

export { DomainFileError } from '../project/domain-file.ts';
export { type Config, ConfigError } from './config.ts';
export type { Subscription } from './constructs/subscriber.ts';
export { Meridian, type MeridianProps } from './meridian.ts';
export type { GlobalStack } from './stacks/global-stack.ts';
export type { RegionStack } from './stacks/region-stack.ts';
