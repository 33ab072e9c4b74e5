import { RemovalPolicy } from 'aws-cdk-lib';

/**
 * What happens to data when its stack is deleted. Even retained resources are deleted if their first deploy fails: they
 * are empty, and their fixed names would block the next attempt. Deletion protection of a table prevents that deletion:
 * see docs/runbooks/deploy.md.
 */
export function removalPolicyOf(ephemeral: boolean): RemovalPolicy {
  return ephemeral ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;
}
