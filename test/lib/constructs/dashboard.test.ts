import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { MetricName } from '../../../core/index.ts';
import { aSubscriber, synthesize } from '../synthesize.ts';
import { TemplateReader } from '../template.ts';

const bodySchema = z.object({
  widgets: z.array(
    z.object({
      type: z.string(),
      x: z.number(),
      y: z.number(),
      width: z.number(),
      height: z.number(),
      properties: z.looseObject({
        title: z.string().optional(),
        markdown: z.string().optional(),
        region: z.string().optional(),
        alarms: z.array(z.unknown()).optional(),
      }),
    }),
  ),
});

let regions: TemplateReader[];
beforeAll(() => {
  regions = synthesize({
    subscribers: { subscriber: aSubscriber, named: { ...aSubscriber, runsIn: 'us-west-2' } },
  }).regionTemplates.map((template) => new TemplateReader(template));
});

/** A body with its references as text: otherwise JSON inside a join cannot be parsed. */
function dashboardOf(reader: TemplateReader) {
  const [dashboard, ...more] = reader.ofType('AWS::CloudWatch::Dashboard');
  expect(more).toEqual([]);
  const { DashboardName, DashboardBody } = dashboard?.Properties ?? expect.fail('there is no dashboard');
  const text = reader.text(DashboardBody);
  return { name: DashboardName, text, widgets: bodySchema.parse(JSON.parse(text)).widgets };
}
function first() {
  return regions[0] ?? expect.fail('there is no Region');
}

describe('the dashboard of a Region', () => {
  it('has a name that is unique among the Regions: dashboards are global', () => {
    expect(regions.map((reader) => dashboardOf(reader).name)).toEqual([
      'meridian-us-east-1',
      'meridian-us-east-2',
      'meridian-us-west-2',
    ]);
  });

  it("starts with the Region's health: every alarm, and four figures", () => {
    const [alarms, figures] = dashboardOf(first()).widgets;
    expect([alarms?.type, alarms?.y, figures?.y]).toEqual(['alarm', 0, 0]);
    expect(alarms?.properties.title).toBe('Is us-east-1 healthy? Alarms');
    expect(alarms?.properties.alarms).toHaveLength(first().ofType('AWS::CloudWatch::Alarm').length);
    expect(figures?.properties.metrics).toHaveLength(4);
  });

  it('shows traffic, latency, lag, transactions, queues, errors, tables, conflicts and races, each in a row', () => {
    const rows = dashboardOf(first()).widgets.flatMap(({ properties: { markdown } }) => markdown ?? []);
    expect(rows.map((title) => /^## (\w+)/.exec(title)?.[1])).toEqual([
      'Traffic',
      'Latency',
      'Lag',
      'Transactions',
      'Queues',
      'Errors',
      'Tables',
      'Conflicts',
      'Races',
    ]);
  });

  it('has a title and its Region on every graph, and all graphs fit the width', () => {
    for (const { type, x, width, properties } of dashboardOf(first()).widgets) {
      expect(x + width).toBeLessThanOrEqual(24);
      if (type !== 'metric') continue;
      expect(properties.title).toMatch(/\w{3}/);
      expect(properties.region).toBe('its own Region');
    }
  });

  it('shows every function, queue, rule, table and state machine of the Region', () => {
    const { text } = dashboardOf(first());
    // A schedule has no events that could be lost.
    for (const [type, property] of [
      ['AWS::Lambda::Function', 'FunctionName'],
      ['AWS::SQS::Queue', 'QueueName'],
      ['AWS::Events::Rule', 'Name'],
      ['AWS::DynamoDB::GlobalTable', 'TableName'],
    ] as const)
      for (const { Properties } of first().ofType(type))
        if (!('ScheduleExpression' in Properties)) expect(text).toContain(`"${Properties[property]}"`);
    for (const { Properties } of first().ofType('AWS::StepFunctions::StateMachine'))
      expect(text).toContain(`"StateMachine(${Properties.StateMachineName})"`);
  });

  it('shows every metric of the functions', () => {
    // The compiler requires an entry here as soon as core has a new metric.
    const names: Readonly<Record<MetricName, true>> = {
      ApiFailed: true,
      CommandFailed: true,
      OperateFailed: true,
      Appended: true,
      AppendConflict: true,
      ClockAhead: true,
      IdReused: true,
      HiddenCommits: true,
      HiddenCommitAge: true,
      QuorumMissing: true,
      Accepted: true,
      Rejected: true,
      Quarantined: true,
      HeldUp: true,
      Published: true,
      PublishFailed: true,
      PublishRefused: true,
      SightingFailed: true,
      SnapshotFailed: true,
      Projected: true,
      Repaired: true,
      RepairFailed: true,
      RowCorrected: true,
      Handled: true,
      Standby: true,
      Waiting: true,
      WaitingAge: true,
      TransactionCommitted: true,
      TransactionAborted: true,
      TransactionBusy: true,
      TransactionUndecided: true,
      IntentResolved: true,
      ConflictOpen: true,
      ConflictResolved: true,
      OpenConflicts: true,
      OpenConflictAge: true,
    };
    const { text } = dashboardOf(first());
    for (const name of Object.keys(names)) expect(text).toContain(`["meridian","${name}","service","meridian"`);
  });
});
