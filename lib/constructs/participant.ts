import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Environment } from '../../core/names.ts';
import { namesOf } from '../../core/names.ts';
import type { Config } from '../config.ts';
import type { EventsReplica } from './events-replica.ts';
import { MeridianFunction } from './meridian-function.ts';
import type { PlacementReplica } from './placement-replica.ts';
import type { SnapshotsTable } from './snapshots-table.ts';
import type { TransactionsReplica } from './transactions-replica.ts';

/** Properties of Participant. */
export interface ParticipantProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** Environment variables that functions share. */
  readonly environment: Environment;
  /** The event store. */
  readonly events: EventsReplica;
  /** The streams' snapshots. */
  readonly snapshots: SnapshotsTable;
  /** The decisions of transactions. */
  readonly transactions: TransactionsReplica;
  /** Where home streams are written. */
  readonly placement: PlacementReplica;
}

/**
 * Prepares and finalises a transaction's changes of streams whose home is here, and reports what was decided here. A
 * state machine cannot call a function of another Region, so for a stream with another home it calls this function,
 * which calls its counterpart in the home Region.
 */
export class Participant extends Construct {
  readonly function: MeridianFunction;

  constructor(scope: Construct, id: string, props: ParticipantProps) {
    super(scope, id);
    const { config, region, environment, events, snapshots, transactions, placement } = props;
    this.function = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId: 'participant',
      description: 'Prepares and finalises changes of transactions to streams whose home is here',
      environment: { ...environment, PARTICIPANT_FUNCTION: namesOf(config.name).function('participant') },
    });
    const { role } = this.function;
    events.grantAppend(role);
    snapshots.grantUse(role);
    transactions.grantDecide(role);
    placement.grantRead(role);
    this.function.grantInvokeElsewhere(role);
  }

  /** Lets a role invoke the participant function of every other Region. */
  grantInvokeElsewhere(grantee: IGrantable): void {
    this.function.grantInvokeElsewhere(grantee);
  }
}
