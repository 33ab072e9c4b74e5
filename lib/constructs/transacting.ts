import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Environment } from '../../core/names.ts';
import type { EventsReplica } from './events-replica.ts';
import type { Participant } from './participant.ts';
import type { PlacementReplica } from './placement-replica.ts';
import type { SnapshotsTable } from './snapshots-table.ts';
import type { TransactionMachine } from './transaction-machine.ts';
import type { TransactionsReplica } from './transactions-replica.ts';

/** The resources of a function that appends to streams and starts transactions. */
export interface Transacting {
  /** Its environment variables. */
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
  /** The state machine for transactions over several Regions. */
  readonly machine: TransactionMachine;
}

/** Lets a role append to streams and start transactions. */
export function grantTransacting(
  grantee: IGrantable,
  { events, snapshots, transactions, placement, participant, machine }: Transacting,
): void {
  events.grantTransact(grantee);
  snapshots.grantUse(grantee);
  transactions.grantDrive(grantee);
  placement.grantRead(grantee);
  participant.grantInvokeElsewhere(grantee);
  machine.grantStart(grantee);
}
