import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { namesOf } from '../../core/names.ts';
import type { Config } from '../config.ts';
import { Encryption } from './encryption.ts';

/** Properties of AlarmTopic. */
export interface AlarmTopicProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
}

/** The topic for a Region's alarms; people and pagers subscribe to it. */
export class AlarmTopic extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, { config, region }: AlarmTopicProps) {
    super(scope, id);
    const names = namesOf(config.name);
    const stack = Stack.of(this);
    const alarms = new ServicePrincipal('cloudwatch.amazonaws.com');
    const conditions = {
      StringEquals: { 'aws:SourceAccount': stack.account },
      ArnLike: { 'aws:SourceArn': stack.formatArn({ service: 'cloudwatch', resource: `alarm:${names.alarm('*')}` }) },
    };
    const ownKey = (): IKey => {
      // A customer managed key, since alarms cannot use the AWS managed key of SNS. It only protects messages in transit, so it is
      // deleted with the stack.
      const key = new Key(this, 'Key', {
        description: `Alarms of ${config.name} in ${region}`,
        enableKeyRotation: true,
        removalPolicy: RemovalPolicy.DESTROY,
        pendingWindow: Duration.days(7),
      });
      key.addToResourcePolicy(
        new PolicyStatement({
          principals: [alarms],
          actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
          resources: ['*'],
          conditions,
        }),
      );
      return key;
    };
    this.topic = new Topic(this, 'Topic', {
      topicName: names.alarmTopic,
      displayName: `${config.name} in ${region}`,
      masterKey: Encryption.of(this).key ?? ownKey(),
      enforceSSL: true,
    });
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [alarms],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions,
      }),
    );
    if (config.alarmEmail !== undefined) this.topic.addSubscription(new EmailSubscription(config.alarmEmail));
  }
}
