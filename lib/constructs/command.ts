import { Duration, Stack } from 'aws-cdk-lib';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { namesOf } from '../names.ts';
import type { EventsReplica } from './events-replica.ts';
import { MeridianFunction } from './meridian-function.ts';
import type { SnapshotsTable } from './snapshots-table.ts';

/** Properties of Command. */
export interface CommandProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** Environment that functions share. */
  readonly environment: Readonly<Record<string, string>>;
  /** The event store. */
  readonly events: EventsReplica;
  /** The streams' snapshots. */
  readonly snapshots: SnapshotsTable;
}

/** The function that other Regions invoke for streams that are at home here. */
export class Command extends Construct {
  readonly #region: string;
  readonly #config: Config;

  constructor(scope: Construct, id: string, { config, region, environment, events, snapshots }: CommandProps) {
    super(scope, id);
    this.#config = config;
    this.#region = region;
    const { role } = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId: 'command',
      description: 'Appends, for other Regions, to streams that are at home here',
      environment,
      // An append tries for 10 s, and a call of the table that it has begun takes at most 20 s. Its caller waits for 28 s
      // and asks again; less than the caller's own time, so that nothing goes on here when nobody asks any more.
      timeout: Duration.seconds(45),
    });
    events.grantAppend(role);
    snapshots.grantUse(role);
  }

  /** Lets a role invoke the command function of every other Region: this one's is never called from here. */
  grantInvokeElsewhere(grantee: IGrantable): void {
    const { name, regions } = this.#config;
    const resourceArns = regions
      .filter((region) => region !== this.#region)
      .map((region) =>
        Stack.of(this).formatArn({
          service: 'lambda',
          region,
          resource: `function:${namesOf(name).function('command')}`,
        }),
      );
    Grant.addToPrincipal({ grantee, actions: ['lambda:InvokeFunction'], resourceArns });
  }
}
