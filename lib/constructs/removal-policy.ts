import { RemovalPolicy } from 'aws-cdk-lib';

/**
 * What happens to data when its stack is deleted. Retained resources of a failed first deploy are deleted anyway: they are empty,
 * and their fixed names would block the next try. Deletion protection of a table prevents that: see docs/runbooks/deploy.md.
 */
export function removalPolicyOf(ephemeral: boolean): RemovalPolicy {
  return ephemeral ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;
}
