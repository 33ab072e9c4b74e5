import { Duration } from 'aws-cdk-lib';
import { Archive as EventArchive, type EventBus, Match } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { namesOf } from '../../core/names.ts';
import { SOURCE_PREFIX } from '../../core/wire/bus.ts';
import type { Config } from '../config.ts';

/** Properties of Archive. */
export interface ArchiveProps {
  /** The deployment. */
  readonly config: Config;
  /** This Region's bus. */
  readonly bus: EventBus;
}

/**
 * Keeps the domain's events of every Region, as they were on this Region's bus, to replay them to a subscriber. What
 * producers put is not kept: an append that is replayed after its id was forgotten would stand twice. The table is the
 * record of what happened; this is a copy that ends.
 */
export class Archive extends Construct {
  constructor(scope: Construct, id: string, { config, bus }: ArchiveProps) {
    super(scope, id);
    new EventArchive(this, 'Archive', {
      archiveName: namesOf(config.name).archive,
      description: 'Events of every Region, to replay to a subscriber: name its rule, or all rules get them again',
      sourceEventBus: bus,
      // Outcomes have no Region in `detail`: an answer is of no use to anybody later.
      eventPattern: { source: Match.prefix(SOURCE_PREFIX), detail: { meta: { region: Match.exists() } } },
      retention: Duration.days(config.archiveDays),
    });
  }
}
