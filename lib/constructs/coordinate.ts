import { Construct } from 'constructs';
import { namesOf } from '../../core/names.ts';
import type { Config } from '../config.ts';
import type { EventsReplica } from './events-replica.ts';
import { MeridianFunction } from './meridian-function.ts';
import type { PlacementReplica } from './placement-replica.ts';
import type { TransactionsReplica } from './transactions-replica.ts';

/** Properties of Coordinate. */
export interface CoordinateProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** The event store, which keeps the outcomes of one-Region transactions. */
  readonly events: EventsReplica;
  /** The decisions of transactions. */
  readonly transactions: TransactionsReplica;
  /** Where home streams are written, and which Regions are lost. */
  readonly placement: PlacementReplica;
}

/** Plans the attempts of the transactions driven from here, and records their decisions. */
export class Coordinate extends Construct {
  readonly function: MeridianFunction;

  constructor(scope: Construct, id: string, { config, region, events, transactions, placement }: CoordinateProps) {
    super(scope, id);
    const names = namesOf(config.name);
    this.function = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId: 'coordinate',
      description: 'Plans and decides the attempts of transactions that this Region drives',
      environment: {
        EVENTS_TABLE: names.eventsTable,
        TRANSACTIONS_TABLE: names.transactionsTable,
        DECISIONS: config.decisions,
        PLACEMENT_TABLE: names.placementTable,
      },
    });
    events.grantReadOutcomes(this.function.role);
    transactions.grantDrive(this.function.role);
    placement.grantRead(this.function.role);
  }
}
