import { FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { namesOf } from '../../core/names.ts';
import type { Config } from '../config.ts';
import type { EventsReplica } from './events-replica.ts';
import { MeridianFunction } from './meridian-function.ts';

/** Properties of Live. */
export interface LiveProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** The event store, which has to respond. */
  readonly events: EventsReplica;
}

/** Lambda starts at most ten times as many requests a second. */
const CONCURRENCY = 5;

/** The only URL of a Region that needs no signature: health checks ask there whether the Region can serve. */
export class Live extends Construct {
  /** The address of `GET /health/live`. */
  readonly url: string;

  constructor(scope: Construct, id: string, { config, region, events }: LiveProps) {
    super(scope, id);
    const { role, function: live } = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId: 'live',
      description: 'Whether the Region can serve, for health checks: anyone may ask',
      // Accounts for trying things out often have a quota that is too small to reserve anything.
      ...(!config.ephemeral && { reservedConcurrency: CONCURRENCY }),
      isQuiet: true,
      environment: { EVENTS_TABLE: namesOf(config.name).eventsTable },
    });
    events.grantProbe(role);
    const { url } = live.addFunctionUrl({ authType: FunctionUrlAuthType.NONE });
    this.url = `${url}health/live`;
  }
}
