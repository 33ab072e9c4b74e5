import {
  FUNCTIONS,
  type FunctionId,
  type FunctionLimits,
  type QueueConsumerId,
  type QueueLimits,
  type StreamLimits,
} from '../../core/limits/functions.ts';

/** A function that the world runs: the others only work during a deploy. */
export type WorldFunctionId = Exclude<FunctionId, 'stream-lookup'>;

/** A function that no queue feeds: it is called, or a stream feeds it. */
export type UnqueuedId = Exclude<WorldFunctionId, QueueConsumerId>;

interface Instances {
  /** How many there are at once, at most. */
  readonly instances: number;
}

interface StreamPause {
  /** Milliseconds between two tries of a record. */
  readonly pauseMs: number;
}

interface Reason {
  readonly because: string;
}

const FED = 'enough instances that they meet at a stream, few enough for one machine';
const CALLED =
  'calls wait for each other, across Regions too, so that few instances could all wait for one that is not free; the stacks set no limit';

/**
 * Where the world differs from the stacks on purpose, and why. Everything else of a function is as deployed: a test compares it with
 * their templates.
 */
export const DIFFERENCES = {
  api: { instances: 100, because: CALLED },
  command: { instances: 100, because: CALLED },
  participant: { instances: 100, because: CALLED },
  coordinate: { instances: 100, because: CALLED },
  operate: { instances: 4, because: 'few people call it; the stacks set no limit' },
  relay: {
    instances: 2,
    stream: { pauseMs: 1000 },
    because:
      'each of the two table streams has a single shard, delivered one batch after the other; Lambda does not say how long it pauses',
  },
  ingest: { queue: { maxConcurrency: 4 }, because: FED },
  projection: { queue: { maxConcurrency: 4 }, because: FED },
  resolver: { queue: { maxConcurrency: 4 }, because: FED },
  subscriber: { queue: { maxConcurrency: 4 }, because: FED },
} as const satisfies { readonly [Id in QueueConsumerId]: { readonly queue: Partial<QueueLimits> } & Reason } & {
  readonly [Id in UnqueuedId]: Instances & Reason;
} & { readonly relay: { readonly stream: StreamPause } };

/** What a test sets otherwise than deployed, by function. */
export type Overrides = {
  readonly [Id in QueueConsumerId]?: { readonly queue: Partial<QueueLimits> };
} & {
  readonly [Id in UnqueuedId]?: Partial<Instances>;
} & { readonly relay?: { readonly stream?: Partial<StreamLimits & StreamPause> } };

/** How a queue feeds a function in the world. @param deployed what that function has, if it is one of the subscribers */
export function queueLimits(
  id: QueueConsumerId,
  overrides: Overrides = {},
  deployed: QueueLimits = FUNCTIONS[id].queue,
): QueueLimits {
  return { ...deployed, ...DIFFERENCES[id].queue, ...overrides[id]?.queue };
}

/** How a table's stream feeds `relay` in the world. */
export function streamLimits({ relay }: Overrides = {}): StreamLimits & StreamPause {
  return { ...FUNCTIONS.relay.stream, ...DIFFERENCES.relay.stream, ...relay?.stream };
}

/** How many instances there are at most, in the world, of a function that no queue feeds. */
export function instancesOf(id: UnqueuedId, overrides: Overrides = {}): number {
  return overrides[id]?.instances ?? DIFFERENCES[id].instances;
}

/** What an invocation has: milliseconds, and MB of memory. */
export function invocationLimits({ timeoutS, memoryMb }: Pick<FunctionLimits, 'timeoutS' | 'memoryMb'>) {
  return { timeout: timeoutS * 1000, memoryMb };
}
