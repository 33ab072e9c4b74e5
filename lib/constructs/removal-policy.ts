import { RemovalPolicy } from 'aws-cdk-lib';

/**
 * What becomes of data when its stack goes. Retained data that a failed first deploy made is deleted all the same: it is
 * empty, and its fixed name would block the next try. A table that is protected stands in the way of that: see
 * docs/runbooks/deploy.md.
 */
export function removalPolicyOf(ephemeral: boolean): RemovalPolicy {
  return ephemeral ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;
}
