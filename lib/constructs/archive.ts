import { Duration } from 'aws-cdk-lib';
import { Archive as EventArchive, type EventBus, Match } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { namesOf } from '../../core/names.ts';
import { SOURCE_PREFIX } from '../../core/wire/bus.ts';
import type { Config } from '../config.ts';
import { Encryption } from './encryption.ts';

/** Properties of Archive. */
export interface ArchiveProps {
  /** The deployment. */
  readonly config: Config;
  /** This Region's bus. */
  readonly bus: EventBus;
}

/**
 * Keeps the domain's events of every Region, as published on this Region's bus, to replay them to a subscriber. Producers'
 * entries are not kept: an append replayed after its id was forgotten would be committed twice. The events table is the permanent
 * record; this is a copy that expires.
 */
export class Archive extends Construct {
  constructor(scope: Construct, id: string, { config, bus }: ArchiveProps) {
    super(scope, id);
    const { key } = Encryption.of(this);
    new EventArchive(this, 'Archive', {
      archiveName: namesOf(config.name).archive,
      description:
        'Events of every Region, to replay to a subscriber: name its rule, otherwise every rule receives them again',
      sourceEventBus: bus,
      // Matches events, but not outcomes, which have no Region in `detail` and are of no use later.
      eventPattern: { source: Match.prefix(SOURCE_PREFIX), detail: { meta: { region: Match.exists() } } },
      retention: Duration.days(config.archiveDays),
      ...(key && { kmsKey: key }),
    });
  }
}
