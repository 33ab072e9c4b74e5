import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { TABLE_STREAM_RETENTION_S } from '../../core/limits/aws.ts';
import type { Clockwork } from '../time/clockwork.ts';
import { sleepOn } from '../time/scheduler.ts';
import { type FunctionPool, ThrottledInvocation } from './function-pool.ts';

export type StreamConsumer = FunctionPool<DynamoDBStreamEvent, DynamoDBBatchResponse>;

export interface ShardOptions {
  readonly region: string;
  /** Maximum number of records per invocation. */
  readonly batchSize: number;
  /** Number of retries after which a record goes to the on-failure destination. */
  readonly retries: number;
  /** Age in milliseconds at which a failing record goes to the on-failure destination. */
  readonly maxAge: number;
  /** Milliseconds between two attempts. */
  readonly retryAfter: number;
}

/** Where the records of a shard go, if not to the function. */
export interface ShardEnds {
  readonly onFailure: (record: DynamoDBRecord) => void;
  /** Called with a record that was deleted from the stream before it was delivered. */
  readonly onTrimmed: (record: DynamoDBRecord) => void;
  /** Called when the shard was closed and all of its records are processed; again after a batch that was redelivered. */
  readonly onEnd: () => void;
}

/** The range of the minutes after which a batch is redelivered. */
const AGAIN_MINUTES = [1, 10] as const;

/** The partition keys of a shard, by their hashes: from the first number up to, and without, the second. */
export type HashRange = readonly [from: number, to: number];

/** One shard of a table's stream: the event source mapping feeds its records to the function in order, batch by batch. */
export class StreamShard {
  readonly range: HashRange;
  readonly #options: ShardOptions;
  readonly #clockwork: Clockwork;
  readonly #consumer: StreamConsumer;
  readonly #ends: ShardEnds;
  #records: DynamoDBRecord[] = [];
  /** Batches that are redelivered, before any further record. */
  #again: (readonly DynamoDBRecord[])[] = [];
  #delivering = false;
  #isOpen = true;
  #isPaused: boolean;

  constructor(
    range: HashRange,
    options: ShardOptions,
    clockwork: Clockwork,
    { consumer, isPaused, ...ends }: ShardEnds & { readonly consumer: StreamConsumer; readonly isPaused: boolean },
  ) {
    this.range = range;
    this.#options = options;
    this.#clockwork = clockwork;
    this.#consumer = consumer;
    this.#isPaused = isPaused;
    this.#ends = ends;
  }

  /** True if a partition key with this hash belongs to the shard. */
  has(hash: number): boolean {
    const [from, to] = this.range;
    return hash >= from && hash < to;
  }

  append(record: DynamoDBRecord): void {
    this.#clockwork.activity.begin();
    this.#records.push(record);
    this.#wake();
  }

  /** Takes no further records. */
  close(): void {
    this.#isOpen = false;
    this.#wake();
  }

  /** Records wait, and grow old, until `resume`. A batch that is being delivered is not held back. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#wake();
  }

  #wake(): void {
    if (this.#delivering || this.#isPaused) return;
    this.#delivering = true;
    this.#clockwork.scheduler.after(0, () => void this.#deliverAll());
  }

  async #deliverAll(): Promise<void> {
    while (!this.#isPaused) {
      const again = this.#again.shift();
      const batch = again ?? this.#nextBatch();
      if (batch.length === 0) break;
      await this.#deliver(batch, 1);
      if (!again) this.#mayComeAgain(batch);
    }
    this.#delivering = false;
    if (!this.#isOpen && !this.#isPaused) this.#ends.onEnd();
  }

  #nextBatch(): readonly DynamoDBRecord[] {
    const { batchSize } = this.#options;
    const oldest = this.#clockwork.scheduler.now() - TABLE_STREAM_RETENTION_S * 1000;
    for (;;) {
      const [first] = this.#records;
      if (!first || writtenAt(first) >= oldest) break;
      this.#records.shift();
      this.#ends.onTrimmed(first);
      this.#clockwork.activity.end();
    }
    const batch = this.#records.slice(0, batchSize);
    this.#records = this.#records.slice(batchSize);
    return batch;
  }

  /** By chance Lambda forgets that it has delivered a batch, and redelivers it minutes later, whatever it delivered since. */
  #mayComeAgain(batch: readonly DynamoDBRecord[]): void {
    const { activity, scheduler, weather } = this.#clockwork;
    if (!weather.happens('stream.again', this.#options.region)) return;
    for (const _record of batch) activity.begin();
    scheduler.after(weather.between(...AGAIN_MINUTES) * 60_000, () => {
      this.#again.push(batch);
      this.#wake();
    });
  }

  /**
   * Everything from the first failure on is redelivered; a batch that fails as a whole is split, down to the bad
   * record. A batch whose invocation was throttled is retried as it is.
   */
  async #deliver(batch: readonly DynamoDBRecord[], tries: number): Promise<void> {
    const { activity, scheduler } = this.#clockwork;
    const from = await this.#firstFailure(batch);
    if (from === 'throttled' && !this.#isTooOld(batch)) {
      await sleepOn(scheduler, this.#options.retryAfter);
      return this.#deliver(batch, tries);
    }
    const done = from === 'throttled' ? 0 : from;
    for (let i = 0; i < done; i++) activity.end();
    const rest = batch.slice(done);
    if (rest.length === 0) return;
    const isWhole = done === 0;
    if (rest.length > 1 && isWhole) {
      const half = rest.length >> 1;
      await this.#deliver(rest.slice(0, half), 1);
      await this.#deliver(rest.slice(half), 1);
    } else if (rest.length === 1 && (tries > this.#options.retries || this.#isTooOld(rest))) {
      for (const record of rest) this.#ends.onFailure(record);
      activity.end();
    } else {
      await sleepOn(scheduler, this.#options.retryAfter);
      await this.#deliver(rest, isWhole ? tries + 1 : 1);
    }
  }

  #isTooOld([record]: readonly DynamoDBRecord[]): boolean {
    return record !== undefined && this.#clockwork.scheduler.now() - writtenAt(record) > this.#options.maxAge;
  }

  /** @returns the index of the first failed record; the batch's length if none failed */
  async #firstFailure(batch: readonly DynamoDBRecord[]): Promise<number | 'throttled'> {
    try {
      const { batchItemFailures } = await this.#consumer.invoke({ Records: [...batch] });
      const ids = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      const first = batch.findIndex(({ dynamodb }) => ids.has(dynamodb?.SequenceNumber ?? ''));
      return first === -1 ? batch.length : first;
    } catch (error) {
      return error instanceof ThrottledInvocation ? 'throttled' : 0;
    }
  }
}

/** When the record's item was written, in milliseconds since 1970: whole seconds. */
function writtenAt({ dynamodb }: DynamoDBRecord): number {
  return (dynamodb?.ApproximateCreationDateTime ?? 0) * 1000;
}
