import { Stack, Validations } from 'aws-cdk-lib';
import { Grant, type Role } from 'aws-cdk-lib/aws-iam';
import type { IEventSourceDlq } from 'aws-cdk-lib/aws-lambda';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { removalPolicyOf } from './removal-policy.ts';

/** Where Lambda writes what it gives up on; the key goes on with the mapping's id and the date. */
const KEYS = 'aws/lambda/*';

/** Properties of FailureBucket. */
export interface FailureBucketProps {
  /**
   * Whether the bucket goes with its stack, and all that is in it.
   * @default false
   */
  readonly ephemeral?: boolean;
}

/** Keeps whole the stream records that could not be relayed; a queue would only get where in the stream they were. */
export class FailureBucket extends Construct {
  /** As an event source mapping wants it, without the broad permissions that CDK's own destination grants. */
  readonly destination: IEventSourceDlq;
  readonly #bucket: Bucket;

  constructor(scope: Construct, id: string, { ephemeral = false }: FailureBucketProps = {}) {
    super(scope, id);
    const bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      versioned: true,
      removalPolicy: removalPolicyOf(ephemeral),
      autoDeleteObjects: ephemeral,
    });
    Validations.of(bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Only Lambda writes here, only on failure, and every object says when; access logs would need a bucket more.',
    });
    this.#bucket = bucket;
    this.destination = { bind: () => ({ destination: bucket.bucketArn }) };
  }

  /** Lets a role's event source mapping write records here; Lambda also asks for s3:ListBucket when the mapping is made. */
  grantWriteFailures(role: Role): void {
    const keys = this.#bucket.arnForObjects(KEYS);
    Grant.addToPrincipal({ grantee: role, actions: ['s3:PutObject'], resourceArns: [keys] });
    Grant.addToPrincipal({ grantee: role, actions: ['s3:ListBucket'], resourceArns: [this.#bucket.bucketArn] });
    const {
      'Fn::GetAtt': [bucketId],
    } = Stack.of(this).resolve(this.#bucket.bucketArn);
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::<${bucketId}.Arn>/${KEYS}]`,
      reason: 'Lambda makes up the keys under this prefix, one per failed batch.',
    });
  }
}
