import type { DynamoDBRecord } from 'aws-lambda';
import { type CommitImage, toImage } from '../../adapters/dynamodb/commit-item.ts';
import { decisionKey, oneRegionKey, toDecisionItem } from '../../adapters/dynamodb/decision-item.ts';
import { type EntryImage, toEntryImage } from '../../adapters/dynamodb/ledger-item.ts';
import type { Commit, Decision, LedgerEntry } from '../../core/index.ts';
import type { Clockwork } from '../time/clockwork.ts';
import { type HashRange, type ShardOptions, type StreamConsumer, StreamShard } from './stream-shard.ts';

/** A new or changed item of a table: a commit, the outcome of a one-Region transaction, a decision, or an entry of the ledger. */
export type TableItemChange =
  | { readonly commit: Commit; readonly before?: Commit | undefined }
  | { readonly oneRegionDecision: Decision; readonly before?: Decision | undefined }
  | { readonly decision: Decision; readonly before?: Decision | undefined }
  | { readonly conflict: LedgerEntry; readonly before?: LedgerEntry | undefined };

export interface TableStreamOptions extends ShardOptions {
  /** Fraction of records that are delivered twice, 0 to 1. */
  readonly duplicates: number;
  /** Number of shards at the beginning; a record's shard depends on its partition key. @default 1 */
  readonly shards?: number | undefined;
}

/** A shard, which may be delivered once its parent has ended. */
interface Node {
  readonly shard: StreamShard;
  readonly children: Node[];
  isReady: boolean;
}

const HASHES = 2 ** 32;

/** The stream of a table, and the event source mapping that feeds the records of each shard to a function, in order. */
export class TableStream {
  /** The on-failure destination: records that could not be delivered. */
  readonly failures: DynamoDBRecord[] = [];
  /** How many records were deleted from the stream, because of their age, before they were delivered. */
  trimmed = 0;
  readonly #options: TableStreamOptions;
  readonly #clockwork: Clockwork;
  readonly #consumer: StreamConsumer;
  readonly #nodes: Node[] = [];
  /** The shards that take records: they have no children. */
  #open: readonly Node[];
  #sequence = 0;
  #isPaused = false;

  constructor(options: TableStreamOptions, clockwork: Clockwork, consumer: StreamConsumer) {
    this.#options = options;
    this.#clockwork = clockwork;
    this.#consumer = consumer;
    const { shards = 1 } = options;
    this.#open = Array.from({ length: shards }, (_, i) =>
      this.#node([(i * HASHES) / shards, ((i + 1) * HASHES) / shards], true),
    );
  }

  push(change: TableItemChange): void {
    const images = imagesOf(change);
    const record = this.#record(images);
    this.#append(images, record);
    const { duplicates } = this.#options;
    if (duplicates > 0 && this.#clockwork.random() < duplicates) this.#append(images, record);
  }

  #append({ after }: Images, record: DynamoDBRecord): void {
    const hash = hashOf(after.pk.S);
    this.#open.find(({ shard }) => shard.has(hash))?.shard.append(record);
  }

  /** Splits the open shard with this number into two, whose records are delivered after all of its own. */
  split(number = 0): void {
    const parent = this.#open[number];
    if (!parent) throw new Error(`There is no open shard ${number}. Open: ${this.#open.length}.`);
    const [from, to] = parent.shard.range;
    const middle = (from + to) / 2;
    parent.children.push(this.#node([from, middle], false), this.#node([middle, to], false));
    this.#open = this.#open.flatMap((node) => (node === parent ? parent.children : [node]));
    parent.shard.close();
  }

  /** Disables the event source mapping: records wait, and grow old. */
  pause(): void {
    this.#isPaused = true;
    for (const { shard } of this.#nodes) shard.pause();
  }

  resume(): void {
    this.#isPaused = false;
    for (const { shard, isReady } of this.#nodes) if (isReady) shard.resume();
  }

  #node(range: HashRange, isReady: boolean): Node {
    const children: Node[] = [];
    const shard = new StreamShard(range, this.#options, this.#clockwork, {
      consumer: this.#consumer,
      isPaused: !isReady || this.#isPaused,
      onFailure: (record) => this.failures.push(record),
      onTrimmed: () => this.trimmed++,
      onEnd: () => {
        for (const child of children) {
          child.isReady = true;
          child.shard.resume();
        }
      },
    });
    const node = { shard, children, isReady };
    this.#nodes.push(node);
    return node;
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
        ApproximateCreationDateTime: Math.floor(this.#clockwork.scheduler.now() / 1000),
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
  if ('conflict' in change) return imagesWith(entryImage, change.conflict, change.before);
  if ('decision' in change) return imagesWith(decisionImage, change.decision, change.before);
  return imagesWith(outcomeImage, change.oneRegionDecision, change.before);
}

function imagesWith<T>(imageOf: (item: T) => Keyed, after: T, before: T | undefined): Images {
  return { after: imageOf(after), before: before && imageOf(before) };
}

function entryImage(entry: LedgerEntry): Keyed & EntryImage {
  return toEntryImage(entry);
}

function decisionImage(decision: Decision): Keyed {
  return toDecisionItem(decisionKey(decision.transaction, decision.attempt), decision);
}

function outcomeImage(decision: Decision): Keyed {
  return toDecisionItem(oneRegionKey(decision.transaction), decision);
}

/** 32 bits, evenly spread: FNV-1a, with the final mix of MurmurHash 3, since the highest bits select the shard. */
function hashOf(key: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x0100_0193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
