import { Duration, Stack } from 'aws-cdk-lib';
import { TableEncryptionV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { BucketEncryption, type BucketProps } from 'aws-cdk-lib/aws-s3';
import { QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';

const ID = 'Encryption';

/** What a service does with the key in the name of a role that uses it. */
const USES = {
  table: {
    service: 'dynamodb',
    actions: [
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey',
      'kms:GenerateDataKeyWithoutPlaintext',
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
    ],
  },
  stream: { service: 'dynamodb', actions: ['kms:Decrypt'] },
  send: { service: 'sqs', actions: ['kms:Decrypt', 'kms:GenerateDataKey'] },
  receive: { service: 'sqs', actions: ['kms:Decrypt'] },
  bucket: { service: 's3', actions: ['kms:GenerateDataKey'] },
} as const satisfies Record<string, { readonly service: string; readonly actions: readonly string[] }>;

/**
 * How what a stack stores and carries is encrypted: with the customer-managed key of its Region, or with keys of AWS. The stack
 * creates it before anything that it encrypts.
 */
export class Encryption extends Construct {
  /** The customer-managed key of the Region. @default AWS's keys are used */
  readonly key: IKey | undefined;
  readonly #keys: Config['encryptionKeys'];

  /** That of a construct's stack. @throws Error if the stack has none */
  static of(scope: Construct): Encryption {
    const found = Stack.of(scope).node.tryFindChild(ID);
    if (found instanceof Encryption) return found;
    throw new Error(`${scope.node.path} is encrypted: its stack has to create an Encryption first.`);
  }

  constructor(stack: Stack, { encryptionKeys }: Config) {
    super(stack, ID);
    this.#keys = encryptionKeys;
    const arn = encryptionKeys[stack.region];
    this.key = arn === undefined ? undefined : Key.fromKeyArn(this, 'Key', arn);
  }

  /** Encryption of a queue. A data key is used for five minutes, so that few messages wait for KMS. */
  get queue(): Pick<QueueProps, 'encryption' | 'encryptionMasterKey' | 'dataKeyReuse'> {
    if (!this.key) return { encryption: QueueEncryption.SQS_MANAGED };
    return { encryption: QueueEncryption.KMS, encryptionMasterKey: this.key, dataKeyReuse: Duration.minutes(5) };
  }

  /** Encryption of a bucket. */
  get bucket(): Pick<BucketProps, 'encryption' | 'encryptionKey' | 'bucketKeyEnabled'> {
    if (!this.key) return { encryption: BucketEncryption.S3_MANAGED };
    return { encryption: BucketEncryption.KMS, encryptionKey: this.key, bucketKeyEnabled: true };
  }

  /**
   * Encryption of a table: the key that DynamoDB owns, with which no write waits for KMS, or the keys of its Regions.
   * @param replicas the Regions of its other replicas
   */
  table(replicas: readonly string[] = []): TableEncryptionV2 {
    if (!this.key) return TableEncryptionV2.dynamoOwnedKey();
    const others = Object.entries(this.#keys).filter(([region]) => replicas.includes(region));
    return TableEncryptionV2.customerManagedKey(this.key, Object.fromEntries(others));
  }

  /** Lets a role use the Region's key, only through the service of what it uses. Keys of AWS need no permission. */
  grant(grantee: IGrantable, use: keyof typeof USES): void {
    const { service, actions } = USES[use];
    const { region, urlSuffix } = Stack.of(this);
    this.#grant(grantee, actions, { 'kms:ViaService': `${service}.${region}.${urlSuffix}` });
  }

  /** Lets a role use the Region's key for the executions of a state machine: to run or to start them. */
  grantExecutions(grantee: IGrantable, machineArn: string): void {
    const context = { 'kms:EncryptionContext:aws:states:stateMachineArn': machineArn };
    this.#grant(grantee, ['kms:Decrypt', 'kms:GenerateDataKey'], context);
  }

  /** Lets the role of a state machine encrypt the log that it delivers. */
  grantDeliveredLogs(grantee: IGrantable): void {
    const source = Stack.of(this).formatArn({ service: 'logs', resource: '*' });
    this.#grant(grantee, ['kms:GenerateDataKey'], { 'kms:EncryptionContext:SourceArn': source });
  }

  #grant(grantee: IGrantable, actions: readonly string[], equal: Readonly<Record<string, string>>): void {
    if (!this.key) return;
    Grant.addToPrincipal({
      grantee,
      actions: [...actions],
      resourceArns: [this.key.keyArn],
      conditions: { StringEquals: equal },
    });
  }
}
