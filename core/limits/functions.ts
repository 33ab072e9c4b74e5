import { SQS_MAX_RECEIVES, TABLE_STREAM_MAX_TRIES } from './aws.ts';

/** How a queue feeds a function. */
export interface QueueLimits {
  /** Messages that one invocation gets at most. */
  readonly batchSize: number;
  /** Seconds that Lambda waits for a batch to fill up. */
  readonly windowS: number;
  /** How many batches are worked on at once, at most. */
  readonly maxConcurrency: number;
  /** Receives after which a message is given up. */
  readonly maxReceives: number;
  /** Seconds that a message is hidden while a function works on it: a failed one is redelivered after that. */
  readonly visibilityS: number;
}

/** How a table's stream feeds a function. */
export interface StreamLimits {
  /** Records that one invocation gets at most. */
  readonly batchSize: number;
  /** Seconds that Lambda waits for a batch to fill up. */
  readonly windowS: number;
  /** Batches of one shard that are worked on at once. */
  readonly parallelization: number;
  /** Retries after which a record is given up, unless it is too old before. */
  readonly retries: number;
  /** Seconds after which a record is given up. */
  readonly maxAgeS: number;
  /** Whether a batch that fails whole is halved, down to its bad record. */
  readonly bisect: boolean;
}

/** What a function has. */
export interface FunctionLimits {
  /** Seconds that one invocation may take. */
  readonly timeoutS: number;
  /** Memory in MB, and with it the share of a processor: 1769 MB is one whole. */
  readonly memoryMb: number;
  readonly queue?: QueueLimits;
  readonly stream?: StreamLimits;
}

/** Parsing, folding and TLS need the processor more than the memory. */
const MEMORY_MB = 1024;

/** More than ten messages in an invocation would have Lambda wait for them: under load batches are full, otherwise nothing is held up. */
const BATCH = { batchSize: 10, windowS: 0 };

/** Of any subscriber, unless its definition says otherwise. */
const SUBSCRIBER = {
  timeoutS: 60,
  memoryMb: MEMORY_MB,
  queue: {
    ...BATCH,
    // More at once would mostly meet on the same sums.
    maxConcurrency: 10,
    // Nine more tries, six minutes apart. What waits for its predecessor is handled when that comes, and needs none of them.
    maxReceives: 10,
    visibilityS: 360,
  },
} as const;

/** Every function of a Region, by the last part of its name. What its timeout has to suffice for says relations.ts. */
export const FUNCTIONS = {
  api: { timeoutS: 60, memoryMb: MEMORY_MB },
  ingest: {
    timeoutS: 60,
    memoryMb: MEMORY_MB,
    queue: {
      ...BATCH,
      // A burst waits in the queue and leaves the account's other functions their share of concurrency.
      maxConcurrency: 50,
      // Four more tries, six minutes apart: a throttled table or an unreachable home Region has 24 minutes to come back.
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
      // Above one, two commits of one log may overtake each other.
      parallelization: 1,
      // A record that can never leave must not hold the shard up until the stream's retention has deleted those behind it. Its
      // age decides: a hundred tries at a bus that refuses are over in minutes.
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
      // More at once would mostly make their transactions meet on the same totals.
      maxConcurrency: 10,
      // Nine more tries, six minutes apart: enough to outlive throttling for close to an hour.
      maxReceives: 10,
      visibilityS: 360,
    },
  },
  operate: { timeoutS: 60, memoryMb: MEMORY_MB },
  participant: { timeoutS: 30, memoryMb: MEMORY_MB },
  coordinate: { timeoutS: 15, memoryMb: MEMORY_MB },
  resolver: {
    // Short, so that what dies here is redelivered within the time after its deadline in which it has to be decided.
    timeoutS: 14,
    memoryMb: MEMORY_MB,
    queue: {
      ...BATCH,
      // After an outage many are due at once; the account's other functions keep their share of concurrency.
      maxConcurrency: 20,
      // Almost four hours of tries: with eventual decisions an intent stays undecided while its deciding Region is lost.
      maxReceives: SQS_MAX_RECEIVES,
      // No longer, as whoever meets the intent is held up until the message is redelivered.
      visibilityS: 14,
    },
  },
  /** Every subscriber of a team's own, under its own name. */
  subscriber: SUBSCRIBER,
  'stream-lookup': { timeoutS: 60, memoryMb: 256 },
} as const satisfies Readonly<Record<string, FunctionLimits>>;

export type FunctionId = keyof typeof FUNCTIONS;

/** A function that a queue feeds. */
export type QueueConsumerId = {
  [Id in FunctionId]: (typeof FUNCTIONS)[Id] extends { readonly queue: QueueLimits } ? Id : never;
}[FunctionId];

/** A function of a team's own, unless it says otherwise. */
export const OWN_FUNCTION = { timeoutS: 60, memoryMb: MEMORY_MB } as const satisfies FunctionLimits;

/**
 * Whole timeouts of its function that a message is hidden for: as Lambda recommends, so that its own retries fit in.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 */
export const HIDDEN_TIMEOUTS = 6;

/** What a subscriber has that says this much itself. */
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
