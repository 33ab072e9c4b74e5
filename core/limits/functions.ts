import { SQS_MAX_RECEIVES, TABLE_STREAM_MAX_TRIES } from './aws.ts';
import { BEGIN_MS } from './budgets.ts';

/** How a queue feeds a function. */
export interface QueueLimits {
  /** Maximum number of messages per invocation. */
  readonly batchSize: number;
  /** Seconds that Lambda waits for a full batch. */
  readonly windowS: number;
  /** Maximum number of batches processed concurrently. */
  readonly maxConcurrency: number;
  /** Number of receives after which a message moves to the dead-letter queue. */
  readonly maxReceives: number;
  /** Visibility timeout in seconds: a failed message is redelivered after that. */
  readonly visibilityS: number;
}

/** How a table's stream feeds a function. */
export interface StreamLimits {
  /** Maximum number of records per invocation. */
  readonly batchSize: number;
  /** Seconds that Lambda waits for a full batch. */
  readonly windowS: number;
  /** Number of batches of one shard that are processed concurrently. */
  readonly parallelization: number;
  /** Number of retries after which a record is discarded, unless it expires earlier. */
  readonly retries: number;
  /** Age in seconds at which a record is discarded. */
  readonly maxAgeS: number;
  /** Whether a batch that fails as a whole is split until the bad record is isolated. */
  readonly bisect: boolean;
}

/** Limits of a function. */
export interface FunctionLimits {
  /** Timeout of an invocation in seconds. */
  readonly timeoutS: number;
  /** Memory in MB, which also sets the CPU share: 1769 MB is one vCPU. */
  readonly memoryMb: number;
  readonly queue?: QueueLimits;
  readonly stream?: StreamLimits;
}

/** Parsing, folding and TLS need CPU rather than memory. */
const MEMORY_MB = 1024;

/**
 * A larger batch size needs a batching window, which delays messages. Without one, batches still fill up under load.
 */
const BATCH = { batchSize: 10, windowS: 0 };

/** The limits of a subscriber, unless its definition sets others. */
const SUBSCRIBER = {
  timeoutS: 60,
  memoryMb: MEMORY_MB,
  queue: {
    ...BATCH,
    // More concurrency would mostly cause conflicts on the same sums.
    maxConcurrency: 10,
    // Nine retries, six minutes apart. An event that waits for its predecessor is handled along with it, and needs no
    // retry.
    maxReceives: 10,
    visibilityS: 360,
  },
} as const;

/** The share of a function's memory for the streams that it keeps between invocations. */
const WARM_SHARE = 1 / 4;

/** Bytes of the streams that a function keeps between invocations. */
export function warmBytes({ memoryMb }: FunctionLimits): number {
  return memoryMb * 1024 * 1024 * WARM_SHARE;
}

/** Every function of a Region, by the last part of its name. relations.ts states what its timeout must cover. */
export const FUNCTIONS = {
  api: { timeoutS: 60, memoryMb: MEMORY_MB },
  ingest: {
    timeoutS: 60,
    memoryMb: MEMORY_MB,
    queue: {
      ...BATCH,
      // A burst waits in the queue and leaves concurrency to the account's other functions.
      maxConcurrency: 50,
      // Four retries, six minutes apart: a throttled table or an unreachable home Region has 24 minutes to recover.
      maxReceives: 5,
      visibilityS: 360,
    },
  },
  command: { timeoutS: 45, memoryMb: MEMORY_MB },
  relay: {
    timeoutS: 60,
    memoryMb: MEMORY_MB,
    stream: {
      batchSize: 100,
      windowS: 0,
      // With more than one batch at a time, a commit could overtake an earlier one of its log.
      parallelization: 1,
      // A record that always fails must not block its shard until the stream's retention deletes the records behind it.
      // The limit is its age rather than its number of retries: a bus that refuses entries would use up a hundred
      // retries in minutes.
      retries: TABLE_STREAM_MAX_TRIES,
      maxAgeS: 6 * 60 * 60,
      bisect: true,
    },
  },
  projection: {
    timeoutS: 60,
    memoryMb: MEMORY_MB,
    queue: {
      ...BATCH,
      // More concurrency would mostly cause conflicts between transactions on the same totals.
      maxConcurrency: 10,
      // Nine retries, six minutes apart: enough for almost an hour of throttling.
      maxReceives: 10,
      visibilityS: 360,
    },
  },
  operate: { timeoutS: 60, memoryMb: MEMORY_MB },
  participant: { timeoutS: 32, memoryMb: MEMORY_MB },
  turn: { timeoutS: 32, memoryMb: MEMORY_MB },
  coordinate: { timeoutS: 15, memoryMb: MEMORY_MB },
  resolver: {
    // Short, so that a message that fails here is redelivered before its transaction must be decided.
    timeoutS: 14,
    memoryMb: MEMORY_MB,
    queue: {
      ...BATCH,
      // After an outage many messages are due at once: the limit leaves concurrency to the account's other functions.
      maxConcurrency: 20,
      // Almost four hours of retries: with eventual decisions an intent stays undecided while its deciding Region is
      // lost.
      maxReceives: SQS_MAX_RECEIVES,
      // As short as possible: writers and readers of the stream wait until the message is redelivered.
      visibilityS: 14,
    },
  },
  /** Its memory is for a quick start: a health check waits for it. */
  live: { timeoutS: 5, memoryMb: 512 },
  /** Each of a team's subscribers, which is deployed under its own name. */
  subscriber: SUBSCRIBER,
  'stream-lookup': { timeoutS: 60, memoryMb: 256 },
} as const satisfies Readonly<Record<string, FunctionLimits>>;

export type FunctionId = keyof typeof FUNCTIONS;

/** A function that a queue feeds. */
export type QueueConsumerId = {
  [Id in FunctionId]: (typeof FUNCTIONS)[Id] extends { readonly queue: QueueLimits } ? Id : never;
}[FunctionId];

/** The limits of a team's own function, unless its definition sets others. */
export const OWN_FUNCTION = { timeoutS: 60, memoryMb: MEMORY_MB } as const satisfies FunctionLimits;

/**
 * A queue's visibility timeout, as a multiple of its function's timeout. The documentation of Lambda recommends this
 * value, so that the retries of Lambda itself fit in.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 */
export const HIDDEN_TIMEOUTS = 6;

/** The limits of a subscriber: those that its definition sets, otherwise the defaults. */
export function subscriberLimits({
  timeoutS = SUBSCRIBER.timeoutS,
  memoryMb = SUBSCRIBER.memoryMb,
  batchSize = SUBSCRIBER.queue.batchSize,
}: {
  readonly timeoutS?: number | undefined;
  readonly memoryMb?: number | undefined;
  readonly batchSize?: number | undefined;
}): FunctionLimits & { readonly queue: QueueLimits } {
  return {
    timeoutS,
    memoryMb,
    queue: { ...SUBSCRIBER.queue, batchSize, visibilityS: HIDDEN_TIMEOUTS * timeoutS },
  };
}

/**
 * Milliseconds after which a subscriber starts no further message of a batch: the same share of the available time for
 * every timeout. A fixed time would leave a longer timeout unused: the messages that were not started would be
 * redelivered, later than with a short timeout, and every redelivery counts as a receive.
 */
export function subscriberBeginMs(availableMs: number): number {
  return (availableMs * BEGIN_MS) / (SUBSCRIBER.timeoutS * 1000);
}
