import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Threshold } from './alarm-thresholds.ts';

/** The pages in docs/runbooks that alarms lead to. */
export type Runbook =
  | 'backlog'
  | 'clock'
  | 'errors'
  | 'hidden-commits'
  | 'poison-events'
  | 'rebuild-views'
  | 'replication'
  | 'republish-after-an-outage'
  | 'reused-ids'
  | 'stuck-transactions'
  | 'throttling';

/** Properties of RunbookAlarm. */
export interface RunbookAlarmProps {
  /** Its name, the same at every deploy. */
  readonly alarmName: string;
  /** What it means when it goes off, in a sentence or two. */
  readonly means: string;
  /** The page that says what to do. */
  readonly runbook: Runbook;
  /** Where the pages are. */
  readonly runbookUrl: string;
  /** What is watched; its periods are those of the threshold. */
  readonly metric: IMetric;
  /** When it goes off. */
  readonly threshold: Threshold;
  /** Who is told, that it went off and that it is over. */
  readonly topic: ITopic;
}

/** An alarm that says what it means and where it is written what to do. */
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
      // All of these metrics are silent when nothing happens: an idle Region is a healthy one.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    this.alarm.addAlarmAction(new SnsAction(topic));
    this.alarm.addOkAction(new SnsAction(topic));
  }
}
