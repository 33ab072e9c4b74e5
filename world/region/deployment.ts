import {
  FUNCTIONS,
  type FunctionId,
  type FunctionLimits,
  type QueueConsumerId,
  type QueueLimits,
  type StreamLimits,
} from '../../core/limits/functions.ts';

/** A function that the world runs: any function, except those that only run during a deployment. */
export type WorldFunctionId = Exclude<FunctionId, 'stream-lookup' | 'live'>;

/** A function without a queue: it is called, or fed by a stream. */
export type UnqueuedId = Exclude<WorldFunctionId, QueueConsumerId>;

interface Instances {
  /** Maximum number of concurrent instances. */
  readonly instances: number;
}

interface Throttles {
  /** Whether an invocation fails if all instances are busy, as in Lambda. @default false: it waits for one */
  readonly throttles?: boolean;
}

interface StreamPause {
  /** Milliseconds between two attempts of a record. */
  readonly pauseMs: number;
}

interface StreamShards {
  /** Number of shards of each of the table streams. DynamoDB decides on AWS, and splits them as a table grows. */
  readonly shards: number;
}

interface Reason {
  readonly because: string;
}

const FED = 'these are enough instances to conflict on a stream, and few enough for one machine';
const CALLED =
  'calls wait for other calls, even in other Regions, so if there were few instances, all of them could be waiting for a free one; the stacks set no limit';

/**
 * Deliberate differences from the stacks, with the reasons. A test checks that everything else matches their
 * templates.
 */
export const DIFFERENCES = {
  api: { instances: 100, because: CALLED },
  command: { instances: 100, because: CALLED },
  participant: { instances: 100, because: CALLED },
  turn: { instances: 100, because: CALLED },
  coordinate: { instances: 100, because: CALLED },
  operate: { instances: 4, because: 'it is rarely called; the stacks set no limit' },
  relay: {
    instances: 4,
    stream: { pauseMs: 1000, shards: 1 },
    because:
      'each of the four table streams has one shard, delivered batch by batch; Lambda does not document its pause between attempts',
  },
  ingest: { queue: { maxConcurrency: 4 }, because: FED },
  projection: { queue: { maxConcurrency: 4 }, because: FED },
  resolver: { queue: { maxConcurrency: 4 }, because: FED },
  subscriber: { queue: { maxConcurrency: 4 }, because: FED },
} as const satisfies { readonly [Id in QueueConsumerId]: { readonly queue: Partial<QueueLimits> } & Reason } & {
  readonly [Id in UnqueuedId]: Instances & Reason;
} & { readonly relay: { readonly stream: StreamPause & StreamShards } };

/** A test's deviations from the deployed settings, by function. */
export type Overrides = {
  readonly [Id in QueueConsumerId]?: { readonly queue: Partial<QueueLimits> };
} & {
  readonly [Id in UnqueuedId]?: Partial<Instances> & Throttles;
} & { readonly relay?: { readonly stream?: Partial<StreamLimits & StreamPause & StreamShards> } };

/** How a queue feeds a function in the world. @param deployed the deployed settings of a subscriber */
export function queueLimits(
  id: QueueConsumerId,
  overrides: Overrides = {},
  deployed: QueueLimits = FUNCTIONS[id].queue,
): QueueLimits {
  return { ...deployed, ...DIFFERENCES[id].queue, ...overrides[id]?.queue };
}

/** The limits with which a table's stream feeds `relay` in the world. */
export function streamLimits({ relay }: Overrides = {}): StreamLimits & StreamPause & StreamShards {
  return { ...FUNCTIONS.relay.stream, ...DIFFERENCES.relay.stream, ...relay?.stream };
}

/** The maximum number of instances that a function without a queue has in the world. */
export function instancesOf(id: UnqueuedId, overrides: Overrides = {}): number {
  return overrides[id]?.instances ?? DIFFERENCES[id].instances;
}

/** The limits of an invocation: its time in milliseconds, and its memory in MB. */
export function invocationLimits({ timeoutS, memoryMb }: Pick<FunctionLimits, 'timeoutS' | 'memoryMb'>) {
  return { timeout: timeoutS * 1000, memoryMb };
}
