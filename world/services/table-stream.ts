import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { type CommitImage, toImage } from '../../adapters/dynamodb/commit-item.ts';
import { decisionKey, oneRegionKey, toDecisionItem } from '../../adapters/dynamodb/decision-item.ts';
import type { Commit, Decision } from '../../core/index.ts';
import type { Clockwork } from '../time/clockwork.ts';
import type { FunctionPool } from './function-pool.ts';

/** A new or changed item of a table: a commit, the outcome of a one-Region transaction, or a decision. */
export type TableItemChange =
  | { readonly commit: Commit; readonly before?: Commit | undefined }
  | { readonly oneRegionDecision: Decision; readonly before?: Decision | undefined }
  | { readonly decision: Decision; readonly before?: Decision | undefined };

export interface TableStreamOptions {
  readonly region: string;
  /** Maximum number of records per invocation. */
  readonly batchSize: number;
  /** Number of retries after which a record goes to the on-failure destination. */
  readonly retries: number;
  /** Age in milliseconds at which a failing record goes to the on-failure destination. */
  readonly maxAge: number;
  /** Milliseconds between two attempts. */
  readonly retryAfter: number;
  /** Fraction of records that are delivered twice, 0 to 1. */
  readonly duplicates: number;
}

/**
 * The stream of a table, with one shard, and the event source mapping that feeds its records to a function, in order.
 */
export class TableStream {
  /** The on-failure destination: records that could not be delivered. */
  readonly failures: DynamoDBRecord[] = [];
  readonly #options: TableStreamOptions;
  readonly #scheduler: Clockwork['scheduler'];
  readonly #random: Clockwork['random'];
  readonly #activity: Clockwork['activity'];
  readonly #consumer: FunctionPool<DynamoDBStreamEvent, DynamoDBBatchResponse>;
  #records: DynamoDBRecord[] = [];
  #sequence = 0;
  #delivering = false;

  constructor(
    options: TableStreamOptions,
    { scheduler, random, activity }: Clockwork,
    consumer: FunctionPool<DynamoDBStreamEvent, DynamoDBBatchResponse>,
  ) {
    this.#options = options;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#activity = activity;
    this.#consumer = consumer;
  }

  push(change: TableItemChange): void {
    const record = this.#record(imagesOf(change));
    this.#append(record);
    if (this.#options.duplicates > 0 && this.#random() < this.#options.duplicates) this.#append(record);
  }

  #append(record: DynamoDBRecord): void {
    this.#activity.begin();
    this.#records.push(record);
    if (this.#delivering) return;
    this.#delivering = true;
    this.#scheduler.after(0, () => void this.#deliverAll());
  }

  async #deliverAll(): Promise<void> {
    while (this.#records.length > 0) {
      const batch = this.#records.slice(0, this.#options.batchSize);
      this.#records = this.#records.slice(this.#options.batchSize);
      await this.#deliver(batch, 1);
    }
    this.#delivering = false;
  }

  /**
   * Everything from the first failure on is redelivered; a batch that fails as a whole is split, down to the bad
   * record.
   */
  async #deliver(batch: readonly DynamoDBRecord[], tries: number): Promise<void> {
    const from = await this.#firstFailure(batch);
    for (let i = 0; i < from; i++) this.#activity.end();
    const rest = batch.slice(from);
    if (rest.length === 0) return;
    const isWhole = from === 0;
    if (rest.length > 1 && isWhole) {
      const half = rest.length >> 1;
      await this.#deliver(rest.slice(0, half), 1);
      await this.#deliver(rest.slice(half), 1);
    } else if (rest.length === 1 && (tries > this.#options.retries || this.#isTooOld(rest))) {
      this.failures.push(...rest);
      this.#activity.end();
    } else {
      await new Promise<void>((resolve) => {
        this.#scheduler.after(this.#options.retryAfter, resolve);
      });
      await this.#deliver(rest, isWhole ? tries + 1 : 1);
    }
  }

  #isTooOld([record]: readonly DynamoDBRecord[]): boolean {
    const writtenS = record?.dynamodb?.ApproximateCreationDateTime ?? 0;
    return this.#scheduler.now() - writtenS * 1000 > this.#options.maxAge;
  }

  /** @returns the index of the first failed record; the batch's length if none failed */
  async #firstFailure(batch: readonly DynamoDBRecord[]): Promise<number> {
    try {
      const { batchItemFailures } = await this.#consumer.invoke({ Records: [...batch] });
      const ids = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      const first = batch.findIndex(({ dynamodb }) => ids.has(dynamodb?.SequenceNumber ?? ''));
      return first === -1 ? batch.length : first;
    } catch {
      return 0;
    }
  }

  #record({ before, after }: Images): DynamoDBRecord {
    const sequence = String(++this.#sequence).padStart(21, '0');
    return {
      eventID: sequence,
      eventName: before ? 'MODIFY' : 'INSERT',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: this.#options.region,
      dynamodb: {
        ApproximateCreationDateTime: Math.floor(this.#scheduler.now() / 1000),
        Keys: { pk: after.pk, sk: after.sk },
        NewImage: after,
        ...(before && { OldImage: before }),
        SequenceNumber: sequence,
        SizeBytes: 0,
        StreamViewType: 'NEW_AND_OLD_IMAGES',
      },
    };
  }
}

type Image = NonNullable<NonNullable<DynamoDBRecord['dynamodb']>['NewImage']>;

type Keyed = Image & Pick<CommitImage, 'pk' | 'sk'>;

interface Images {
  readonly before?: Keyed | undefined;
  readonly after: Keyed;
}

/** The images of a changed item, before and after the change. */
export function imagesOf(change: TableItemChange): Images {
  if ('commit' in change) return imagesWith(toImage, change.commit, change.before);
  if ('decision' in change) return imagesWith(decisionImage, change.decision, change.before);
  return imagesWith(outcomeImage, change.oneRegionDecision, change.before);
}

function imagesWith<T>(imageOf: (item: T) => Keyed, after: T, before: T | undefined): Images {
  return { after: imageOf(after), before: before && imageOf(before) };
}

function decisionImage(decision: Decision): Keyed {
  return toDecisionItem(decisionKey(decision.transaction, decision.attempt), decision);
}

function outcomeImage(decision: Decision): Keyed {
  return toDecisionItem(oneRegionKey(decision.transaction), decision);
}
