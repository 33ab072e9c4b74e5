import type { Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { DEFAULT_PREFIX, namesOf } from '../core/names.ts';

/** Properties of encryptionKeyStatements. */
export interface EncryptionKeyStatementsProps {
  /** The prefix of the deployment. @default meridian */
  readonly name?: string;
}

/**
 * What the policy of a Region's key in `encryptionKeys` must allow services of AWS, besides what it allows its account: add
 * every statement with `key.addToResourcePolicy`. Functions and the services that act in their name are allowed by their roles.
 * @param stack the stack of the key: its Region and its account are those of the statements
 */
export function encryptionKeyStatements(
  stack: Stack,
  { name = DEFAULT_PREFIX }: EncryptionKeyStatementsProps = {},
): readonly PolicyStatement[] {
  const names = namesOf(name);
  const arnOf = (service: string, resource: string) => stack.formatArn({ service, resource });
  const logGroup = (group: string) => arnOf('logs', `log-group:${group}`);
  const allow = (sid: string, service: string, actions: string[], conditions: Record<string, object>) =>
    new PolicyStatement({ sid, principals: [new ServicePrincipal(service)], actions, resources: ['*'], conditions });
  return [
    allow('BusAndArchive', 'events.amazonaws.com', ['kms:Decrypt', 'kms:GenerateDataKey', ...RE_ENCRYPT], {
      StringEquals: { 'kms:EncryptionContext:aws:events:event-bus:arn': arnOf('events', `event-bus/${names.bus}`) },
    }),
    allow('BusAndArchiveFindTheKey', 'events.amazonaws.com', ['kms:DescribeKey'], {}),
    allow('RulesSendToQueues', 'events.amazonaws.com', ['kms:Decrypt', 'kms:GenerateDataKey'], {
      ArnLike: { 'kms:EncryptionContext:aws:sqs:arn': arnOf('sqs', `${name}-*`) },
    }),
    allow('AlarmsPublish', 'cloudwatch.amazonaws.com', ['kms:Decrypt', 'kms:GenerateDataKey'], {
      StringEquals: { 'aws:SourceAccount': stack.account },
      ArnLike: { 'aws:SourceArn': arnOf('cloudwatch', `alarm:${names.alarm('*')}`) },
    }),
    allow('LogGroups', `logs.${stack.region}.${stack.urlSuffix}`, LOG_ACTIONS, {
      ArnLike: {
        'kms:EncryptionContext:aws:logs:arn': [
          logGroup(`/aws/lambda/${name}-*`),
          logGroup(`/aws/vendedlogs/states/${names.transactionMachine}`),
        ],
      },
    }),
    allow('TransactionLogIsDelivered', 'delivery.logs.amazonaws.com', ['kms:Decrypt'], {
      StringEquals: { 'kms:EncryptionContext:SourceArn': arnOf('logs', '*') },
    }),
  ];
}

const RE_ENCRYPT = ['kms:ReEncryptFrom', 'kms:ReEncryptTo'];
const LOG_ACTIONS = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  ...RE_ENCRYPT,
];
