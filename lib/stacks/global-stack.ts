import { Stack, type StackProps, Tags } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { COMPONENT_TAG, namesOf } from '../../core/names.ts';
import type { Subscription } from '../../core/wire/subscription.ts';
import type { Config } from '../config.ts';
import { ConflictsTable } from '../constructs/conflicts-table.ts';
import { Encryption } from '../constructs/encryption.ts';
import { EventsTable } from '../constructs/events-table.ts';
import { PlacementTable } from '../constructs/placement-table.ts';
import { namedIn, SubscriberTable } from '../constructs/subscriber-table.ts';
import { tableBilling } from '../constructs/table-billing.ts';
import { TransactionsTable } from '../constructs/transactions-table.ts';
import { deploymentRecord } from '../deployed-regions.ts';

/** Properties of GlobalStack. */
export interface GlobalStackProps extends StackProps {
  /** The deployment. */
  readonly config: Config;
  /** The team's subscribers: those that are named to a Region have a global table each. */
  readonly subscribers: readonly Subscription[];
}

/** Resources that span Regions: the global tables. Deployed to the primary Region. */
export class GlobalStack extends Stack {
  constructor(scope: Construct, id: string, { config, subscribers, ...props }: GlobalStackProps) {
    super(scope, id, props);
    this.templateOptions.metadata = deploymentRecord(config);
    new Encryption(this, config);
    const names = namesOf(config.name);
    const common = {
      replicaRegions: config.regions.slice(1),
      ephemeral: config.ephemeral,
      billing: tableBilling(config),
    };
    const tables: Construct[] = [
      new EventsTable(this, 'Events', { ...common, tableName: names.eventsTable }),
      new TransactionsTable(this, 'Transactions', {
        ...common,
        tableName: names.transactionsTable,
        decisions: config.decisions,
      }),
      new ConflictsTable(this, 'Conflicts', { ...common, tableName: names.conflictsTable }),
      new PlacementTable(this, 'Placement', { ...common, tableName: names.placementTable }),
    ];
    if (config.strongTypes.length > 0)
      tables.push(
        new EventsTable(this, 'StrongEvents', { ...common, tableName: names.strongEventsTable, strong: true }),
      );
    // They have a separate scope, so that they may have any name.
    const ofSubscribers = new Construct(this, 'Subscribers');
    for (const { name } of namedIn(subscribers))
      tables.push(new SubscriberTable(ofSubscribers, name, { ...common, tableName: names.subscriberTable(name) }));
    for (const table of tables) Tags.of(table).add(COMPONENT_TAG, table.node.id);
  }
}
