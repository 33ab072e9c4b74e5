import { Construct } from 'constructs';
import type { Environment } from '../../core/names.ts';
import { namesOf } from '../../core/names.ts';
import type { Config } from '../config.ts';
import type { EventsReplica } from './events-replica.ts';
import { MeridianFunction } from './meridian-function.ts';
import type { Participant } from './participant.ts';
import type { PlacementReplica } from './placement-replica.ts';
import type { SnapshotsTable } from './snapshots-table.ts';
import type { TransactionsReplica } from './transactions-replica.ts';

/** Properties of Turn. */
export interface TurnProps {
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
  /** The participant functions of the other Regions, which know decisions that are not here yet. */
  readonly participant: Participant;
}

/**
 * Waits for a transaction's turn at a stream whose home is here; for a stream with another home, it calls its counterpart there.
 * It is a separate function, so that what waits takes no execution from what works.
 */
export class Turn extends Construct {
  readonly function: MeridianFunction;

  constructor(scope: Construct, id: string, props: TurnProps) {
    super(scope, id);
    const { config, region, environment, events, snapshots, transactions, placement, participant } = props;
    const names = namesOf(config.name);
    this.function = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId: 'turn',
      reservedConcurrency: config.turnConcurrency,
      description: 'Waits until a transaction may take a busy stream',
      environment: {
        ...environment,
        PARTICIPANT_FUNCTION: names.function('participant'),
        TURN_FUNCTION: names.function('turn'),
      },
    });
    const { role } = this.function;
    events.grantAppend(role);
    snapshots.grantUse(role);
    transactions.grantDecide(role);
    placement.grantRead(role);
    participant.grantInvokeElsewhere(role);
    this.function.grantInvokeElsewhere(role);
  }
}
