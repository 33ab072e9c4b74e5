import { hash } from 'node:crypto';
import { warmStreams } from '../../adapters/node/warm-streams.ts';
import {
  type Domain,
  type KeptStream,
  KnownPlacement,
  MeridianError,
  type PlacementStore,
  type Remote,
  type Runtime,
  ThrottledError,
  type Warm,
} from '../../core/index.ts';
import { REMOTE_MS } from '../../core/limits/budgets.ts';
import { type Telemetry, unexpectedIn } from '../../lambdas/instrument.ts';
import { type CallOptions, callOver } from '../network/call.ts';
import { type FunctionPool, ThrottledInvocation } from '../services/function-pool.ts';
import { answerPayload, requestPayload } from '../services/payload.ts';
import type { WorldClock } from '../time/clock.ts';
import { hexId, type Random } from '../time/randomness.ts';
import { type Scheduler, sleepOn, withTimeout } from '../time/scheduler.ts';
import { type Configuration, logOf } from './configuration.ts';
import type { RegionCounts } from './counts.ts';
import type { FaultyPorts } from './faults.ts';

/** The ports of one instance of a function. */
export type FunctionPorts = FaultyPorts & ReturnType<typeof ownPorts>;

/** Bytes of the streams that an instance keeps: fewer than on Lambda, because all instances share one process. */
const WARM_BYTES = 16 * 1024 * 1024;

/** The ports without fault injection; the warm memory belongs to the instance. */
export function ownPorts({
  configuration,
  placements,
  ...options
}: {
  readonly region: string;
  readonly configuration: Configuration;
  readonly domain: Domain;
  readonly telemetry: Telemetry;
  readonly runtime: Runtime;
  readonly placements: PlacementStore;
}) {
  return {
    ...options,
    regions: configuration.regions,
    log: logOf(configuration, options.region),
    logs: configuration.regions.map((region) => logOf(configuration, region)),
    warm: warmStreams<Warm>(WARM_BYTES),
    placement: new KnownPlacement(placements, options.runtime),
    keptStreams: warmStreams<KeptStream>(WARM_BYTES),
  };
}

/** Time, randomness, metrics and the log of a Region. */
export function regionRuntime(
  {
    scheduler,
    random,
    clock,
    telemetry,
  }: {
    readonly scheduler: Scheduler;
    readonly random: Random;
    readonly clock: WorldClock;
    readonly telemetry: Telemetry;
  },
  { metrics }: Pick<RegionCounts, 'metrics'>,
): Runtime {
  return {
    now: () => clock.now(),
    clockAhead: () => clock.ahead,
    elapsed: () => scheduler.now(),
    sleep: (milliseconds) => sleepOn(scheduler, milliseconds),
    random,
    newId: () => hexId(random),
    digest: (text) => hash('sha256', text, 'base64url'),
    metric: (name, _unit, value) => metrics.set(name, (metrics.get(name) ?? 0) + value),
    unexpected: unexpectedIn(telemetry.log),
  };
}

/** A function of another Region, and the way to reach it. */
export interface Callee extends CallOptions {
  readonly callee: FunctionPool<unknown, unknown>;
}

/**
 * One function of the other Regions, with JSON in both directions. A request above Lambda's limit fails as `too-large`;
 * a response above it fails the invocation, like any error of the function.
 */
export function remoteOver(scheduler: Scheduler, calleeIn: (region: string) => Callee): Remote {
  const call = (region: string, request: unknown): Promise<unknown> => {
    const { callee, ...way } = calleeIn(region);
    return callOver(way, async () => answerPayload(await callee.invoke(request)));
  };
  return {
    invoke: async (region, request, limit = REMOTE_MS) => {
      const payload = requestPayload(request);
      try {
        return await withTimeout(scheduler, limit, `No response within ${limit} ms.`, call(region, payload));
      } catch (cause) {
        if (cause instanceof ThrottledInvocation)
          throw new ThrottledError(`${region} has no instance free. Retry.`, cause);
        throw new MeridianError('region-unreachable', `${region} did not respond. Retry.`, {
          retryable: true,
          cause,
        });
      }
    },
  };
}
