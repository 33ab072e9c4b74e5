import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Threshold } from './alarm-thresholds.ts';

/** The pages in docs/runbooks that alarms link to. */
export type Runbook =
  | 'backlog'
  | 'clock'
  | 'conflicts'
  | 'errors'
  | 'failed-requests'
  | 'hidden-commits'
  | 'ingress'
  | 'quorum'
  | 'poison-events'
  | 'rebuild-views'
  | 'replication'
  | 'republish-after-an-outage'
  | 'reused-ids'
  | 'stuck-transactions'
  | 'throttling';

/** Properties of RunbookAlarm. */
export interface RunbookAlarmProps {
  /** The alarm's name, the same at every deploy. */
  readonly alarmName: string;
  /** What the alarm means, in one or two sentences. */
  readonly means: string;
  /** The page that says what to do. */
  readonly runbook: Runbook;
  /** The location of the pages. */
  readonly runbookUrl: string;
  /** The metric; its period is that of the threshold. */
  readonly metric: IMetric;
  /** When the alarm goes off. */
  readonly threshold: Threshold;
  /** The topic that is notified when it goes off and when it is over. */
  readonly topic: ITopic;
}

/** An alarm whose description says what it means and links to a runbook. */
export class RunbookAlarm extends Construct {
  readonly alarm: Alarm;

  constructor(scope: Construct, id: string, props: RunbookAlarmProps) {
    super(scope, id);
    const { alarmName, means, runbook, runbookUrl, metric, threshold, topic } = props;
    this.alarm = new Alarm(this, 'Alarm', {
      alarmName,
      alarmDescription: `${means} What to do: ${runbookUrl}/${runbook}.md`,
      metric,
      threshold: threshold.atLeast,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      datapointsToAlarm: threshold.datapoints,
      evaluationPeriods: threshold.of,
      // Missing data counts as healthy, because these metrics have no data in an idle Region.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    this.alarm.addAlarmAction(new SnsAction(topic));
    this.alarm.addOkAction(new SnsAction(topic));
  }
}
