import { Duration, Stack, Validations } from 'aws-cdk-lib';
import { Grant, type Role } from 'aws-cdk-lib/aws-iam';
import type { IEventSourceDlq } from 'aws-cdk-lib/aws-lambda';
import { BlockPublicAccess, Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { Encryption } from './encryption.ts';
import { removalPolicyOf } from './removal-policy.ts';

/** The prefix under which Lambda writes discarded records; the key continues with the mapping's id and the date. */
const KEYS = 'aws/lambda/*';

/** Days for which records are kept: long enough to republish what they show, after a holiday. */
const KEPT_DAYS = 90;

/** Properties of FailureBucket. */
export interface FailureBucketProps {
  /** Whether the bucket and its contents are deleted with the stack. @default false */
  readonly ephemeral?: boolean;
}

/** Keeps the full stream records that could not be relayed; a queue would only get their positions in the stream. */
export class FailureBucket extends Construct {
  /** The destination of an event source mapping, without the broad permissions that the CDK's own destination grants. */
  readonly destination: IEventSourceDlq;
  readonly #bucket: Bucket;

  constructor(scope: Construct, id: string, { ephemeral = false }: FailureBucketProps = {}) {
    super(scope, id);
    const bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      ...Encryption.of(this).bucket,
      enforceSSL: true,
      versioned: true,
      // The records hold the events of streams: they are kept no longer than they are of use.
      lifecycleRules: [
        {
          expiration: Duration.days(KEPT_DAYS),
          noncurrentVersionExpiration: Duration.days(1),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
      removalPolicy: removalPolicyOf(ephemeral),
      autoDeleteObjects: ephemeral,
    });
    Validations.of(bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Only Lambda writes to this bucket, only on failure, and every object has a timestamp; access logs would need another bucket.',
    });
    this.#bucket = bucket;
    this.destination = { bind: () => ({ destination: bucket.bucketArn }) };
  }

  /** Lets a role's event source mapping write records here; Lambda also requires s3:ListBucket when the mapping is created. */
  grantWriteFailures(role: Role): void {
    const keys = this.#bucket.arnForObjects(KEYS);
    Grant.addToPrincipal({ grantee: role, actions: ['s3:PutObject'], resourceArns: [keys] });
    Encryption.of(this).grant(role, 'bucket');
    Grant.addToPrincipal({ grantee: role, actions: ['s3:ListBucket'], resourceArns: [this.#bucket.bucketArn] });
    const {
      'Fn::GetAtt': [bucketId],
    } = Stack.of(this).resolve(this.#bucket.bucketArn);
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::<${bucketId}.Arn>/${KEYS}]`,
      reason: 'Lambda chooses the keys under this prefix, one per failed batch.',
    });
  }
}
