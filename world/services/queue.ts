import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { type KeptMessage, lastNumber, type MessageKeeper } from '../../adapters/memory/message-keeper.ts';
import { checkMessages } from '../../adapters/store-rules/check-messages.ts';
import type { DelayedMessage, DelayedQueue, Queue } from '../../core/index.ts';
import { SQS_MAX_DELAY_S } from '../../core/limits/aws.ts';
import type { Activity } from '../time/activity.ts';
import type { Clockwork } from '../time/clockwork.ts';
import type { FunctionPool } from './function-pool.ts';

interface Message extends KeptMessage {
  receives: number;
}

export interface QueueOptions {
  readonly name: string;
  readonly region: string;
  /** Maximum number of messages per invocation. */
  readonly batchSize: number;
  /** Milliseconds after which a message that was not deleted is redelivered. */
  readonly visibilityTimeout: number;
  /** Number of receives after which a message moves to the dead-letter queue. */
  readonly maxReceives: number;
  /** Fraction of messages that are delivered twice, 0 to 1. */
  readonly duplicates: number;
  /** Whether messages may overtake each other. */
  readonly reorders: boolean;
}

/** The consumers of a queue. */
export interface QueueEnds {
  readonly consumer: FunctionPool<SQSEvent, SQSBatchResponse>;
  readonly deadLetters: Queue;
  /** Called with each message that moves to the dead-letter queue. */
  readonly onDeadLetter?: ((message: KeptMessage) => void) | undefined;
  /** Counts messages while they are hidden. @default the counter of visible messages */
  readonly hidden?: Activity | undefined;
  /**
   * Keeps the queue's messages until they are processed. Messages kept by an earlier process are delivered first.
   * @default messages are lost when the process ends
   */
  readonly keeper?: MessageKeeper | undefined;
}

/** A standard SQS queue, and the event source mapping that feeds its messages to a function. */
export class WorldQueue implements Queue {
  readonly #options: QueueOptions;
  readonly #scheduler: Clockwork['scheduler'];
  readonly #random: Clockwork['random'];
  readonly #activity: Activity;
  readonly #hidden: Activity;
  readonly #consumer: FunctionPool<SQSEvent, SQSBatchResponse>;
  readonly #deadLetters: Queue;
  readonly #onDeadLetter: QueueEnds['onDeadLetter'];
  readonly #keeper: MessageKeeper | undefined;
  #visible: Message[] = [];
  #polling = false;
  #sent: number;

  constructor(
    options: QueueOptions,
    { scheduler, random, activity }: Clockwork,
    { consumer, deadLetters, onDeadLetter, hidden = activity, keeper }: QueueEnds,
  ) {
    this.#options = options;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#activity = activity;
    this.#hidden = hidden;
    this.#consumer = consumer;
    this.#deadLetters = deadLetters;
    this.#onDeadLetter = onDeadLetter;
    this.#keeper = keeper;
    this.#sent = lastNumber(keeper);
    for (const message of keeper?.before ?? []) this.#show({ ...message, receives: 0 });
  }

  async send(bodies: readonly string[]): Promise<readonly undefined[]> {
    checkMessages(bodies);
    for (const body of bodies) {
      const message = { id: `${this.#options.name}-${++this.#sent}`, body, sentAt: this.#scheduler.now(), receives: 0 };
      this.#keeper?.save(message);
      this.#show(message);
      if (this.#options.duplicates > 0 && this.#random() < this.#options.duplicates)
        this.#show({ ...message, receives: 0 });
    }
    return bodies.map(() => undefined);
  }

  /** Sends a message that stays hidden for this many milliseconds, and is counted meanwhile. */
  sendAfter(delay: number, body: string, hidden = this.#hidden): void {
    hidden.begin();
    this.#scheduler.after(delay, () => {
      void this.send([body]);
      hidden.end();
    });
  }

  #show(message: Message): void {
    this.#activity.begin();
    this.#visible.push(message);
    this.#poll();
  }

  #poll(): void {
    if (this.#polling) return;
    this.#polling = true;
    this.#scheduler.after(0, () => {
      this.#polling = false;
      while (this.#visible.length > 0 && this.#consumer.isFree) void this.#deliver(this.#receive());
    });
  }

  #receive(): readonly Message[] {
    if (this.#options.reorders)
      for (let i = this.#visible.length - 1; i > 0; i--) {
        const j = Math.floor(this.#random() * (i + 1));
        const [a, b] = [this.#visible[i], this.#visible[j]];
        if (a && b) [this.#visible[i], this.#visible[j]] = [b, a];
      }
    const batch = this.#visible.slice(0, this.#options.batchSize);
    this.#visible = this.#visible.slice(this.#options.batchSize);
    for (const message of batch) message.receives++;
    return batch;
  }

  async #deliver(batch: readonly Message[]): Promise<void> {
    const receivedAt = this.#scheduler.now();
    const failed = await this.#invoke(batch);
    for (const message of batch)
      if (failed(message)) {
        const wait = receivedAt + this.#options.visibilityTimeout - this.#scheduler.now();
        this.#hidden.begin();
        this.#scheduler.after(wait, () => void this.#showAgain(message));
      } else this.#keeper?.remove(message.id);
    for (const _message of batch) this.#activity.end();
    this.#poll();
  }

  async #invoke(batch: readonly Message[]): Promise<(message: Message) => boolean> {
    try {
      const { batchItemFailures } = await this.#consumer.invoke({
        Records: batch.map((message) => this.#record(message)),
      });
      const ids = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      return ({ id }) => ids.has(id);
    } catch {
      return () => true;
    }
  }

  async #showAgain(message: Message): Promise<void> {
    if (message.receives < this.#options.maxReceives) this.#show(message);
    else {
      await this.#deadLetters.send([message.body]);
      this.#onDeadLetter?.(message);
      this.#keeper?.remove(message.id);
    }
    this.#hidden.end();
  }

  #record({ id, body, sentAt, receives }: Message): SQSRecord {
    return {
      messageId: id,
      receiptHandle: id,
      body,
      attributes: {
        ApproximateReceiveCount: String(receives),
        SentTimestamp: String(sentAt),
        SenderId: 'world',
        ApproximateFirstReceiveTimestamp: String(sentAt),
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: `arn:aws:sqs:${this.#options.region}:000000000000:${this.#options.name}`,
      awsRegion: this.#options.region,
    };
  }
}

/** A queue with delayed delivery. A message that is not due yet is hidden: see `WorldQueue`. */
export class WorldDelayedQueue implements DelayedQueue {
  readonly #queue: WorldQueue;
  readonly #hidden: Activity | undefined;

  /** @param hidden counts messages that are not due yet. @default as the queue counts hidden messages */
  constructor(queue: WorldQueue, hidden?: Activity) {
    this.#queue = queue;
    this.#hidden = hidden;
  }

  async send(messages: readonly DelayedMessage[]): Promise<readonly undefined[]> {
    checkMessages(messages.map(({ body }) => body));
    for (const { body, delay } of messages) {
      if (!(delay >= 0 && delay <= SQS_MAX_DELAY_S * 1000))
        throw new Error(`The delay of a message must be 0 to ${SQS_MAX_DELAY_S * 1000} ms, not ${delay}.`);
      this.#queue.sendAfter(Math.ceil(delay / 1000) * 1000, body, this.#hidden);
    }
    return messages.map(() => undefined);
  }
}

/** A queue without a consumer: it keeps its messages. */
export class KeepingQueue implements Queue {
  readonly bodies: string[] = [];

  async send(bodies: readonly string[]): Promise<readonly undefined[]> {
    this.bodies.push(...bodies);
    return bodies.map(() => undefined);
  }
}
