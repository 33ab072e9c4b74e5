import {
  FUNCTIONS,
  type FunctionId,
  type QueueConsumerId,
  type QueueLimits,
  type StreamLimits,
} from '../../core/limits/functions.ts';

const FED = 'enough instances that they meet at a stream, few enough for one machine';

/**
 * Where the world differs from the stacks on purpose, and why. Everything else of a function is as deployed: a test compares it with
 * their templates.
 */
export const DIFFERENCES = {
  ingest: { queue: { maxConcurrency: 4 }, because: FED },
  projection: { queue: { maxConcurrency: 4 }, because: FED },
  resolver: { queue: { maxConcurrency: 4 }, because: FED },
  subscriber: { queue: { maxConcurrency: 4 }, because: FED },
} as const satisfies Readonly<
  Record<QueueConsumerId, { readonly queue: Partial<QueueLimits>; readonly because: string }>
>;

/** What a test sets otherwise than deployed, by function. */
export type Overrides = {
  readonly [Id in QueueConsumerId]?: { readonly queue: Partial<QueueLimits> };
} & { readonly relay?: { readonly stream: Partial<StreamLimits> } };

/** How a queue feeds a function in the world. */
export function queueLimits(id: QueueConsumerId, overrides: Overrides = {}): QueueLimits {
  return { ...FUNCTIONS[id].queue, ...DIFFERENCES[id].queue, ...overrides[id]?.queue };
}

/** How a table's stream feeds `relay` in the world. */
export function streamLimits({ relay }: Overrides = {}): StreamLimits {
  return { ...FUNCTIONS.relay.stream, ...relay?.stream };
}

/** Milliseconds that an invocation may take. */
export function timeoutMs(id: FunctionId): number {
  return FUNCTIONS[id].timeoutS * 1000;
}
