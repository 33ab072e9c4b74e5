import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { type KeptMessage, lastNumber, type MessageKeeper } from '../../adapters/memory/message-keeper.ts';
import { checkMessages } from '../../adapters/store-rules/check-messages.ts';
import type { BatchAnswer, DelayedMessage, DelayedQueue, Queue } from '../../core/index.ts';
import { SQS_MAX_DELAY_S, SQS_MAX_IN_FLIGHT } from '../../core/limits/aws.ts';
import { QUEUE_RETENTION_S } from '../../core/limits/budgets.ts';
import type { Activity } from '../time/activity.ts';
import type { Clockwork } from '../time/clockwork.ts';
import type { FunctionPool } from './function-pool.ts';

interface Message extends KeptMessage {
  receives: number;
  /** True once chance has decided that it is redelivered after it was processed: that happens once. */
  again?: true;
}

/** A message that was received, and the number of that receive: it can be deleted with the last one only. */
interface Received {
  readonly message: Message;
  readonly receive: number;
}

/** The range of the minutes after which a message that was processed is redelivered. */
const AGAIN_MINUTES = [1, 10] as const;

const REFUSED = 'InternalError: The message was not accepted.';

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
  /** Milliseconds after which a message is dropped. @default that of the deployed queues */
  readonly retention?: number | undefined;
  /** Maximum number of messages that are received and neither deleted nor visible again. @default that of SQS */
  readonly maxInFlight?: number | undefined;
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
  /** How many messages were dropped because of their age. */
  expired = 0;
  readonly #options: QueueOptions & { readonly retention: number; readonly maxInFlight: number };
  readonly #weather: Clockwork['weather'];
  readonly #scheduler: Clockwork['scheduler'];
  readonly #random: Clockwork['random'];
  readonly #activity: Activity;
  readonly #hidden: Activity;
  readonly #consumer: FunctionPool<SQSEvent, SQSBatchResponse>;
  readonly #deadLetters: Queue;
  readonly #onDeadLetter: QueueEnds['onDeadLetter'];
  readonly #keeper: MessageKeeper | undefined;
  #visible: Message[] = [];
  /** No visible message was sent before this time. */
  #oldest = Number.POSITIVE_INFINITY;
  #polling = false;
  #inFlight = 0;
  #sent: number;

  constructor(
    options: QueueOptions,
    { scheduler, random, activity, weather }: Clockwork,
    { consumer, deadLetters, onDeadLetter, hidden = activity, keeper }: QueueEnds,
  ) {
    this.#options = {
      ...options,
      retention: options.retention ?? QUEUE_RETENTION_S * 1000,
      maxInFlight: options.maxInFlight ?? SQS_MAX_IN_FLIGHT,
    };
    this.#weather = weather;
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

  async send(bodies: readonly string[]): Promise<BatchAnswer> {
    checkMessages(bodies);
    return bodies.map((body) => {
      const refusal = this.refusal();
      if (refusal === undefined) this.accept(body);
      return refusal;
    });
  }

  /** Why a message is refused; undefined: it is accepted. */
  refusal(): string | undefined {
    return this.#weather.happens('queue.refused', this.#options.region) ? REFUSED : undefined;
  }

  /** Takes a message in; it stays hidden for a delay in milliseconds, if there is one, and is counted meanwhile. */
  accept(body: string, delay?: number, hidden = this.#hidden): void {
    if (delay !== undefined) {
      hidden.begin();
      this.#scheduler.after(delay, () => {
        this.accept(body);
        hidden.end();
      });
      return;
    }
    const message = { id: `${this.#options.name}-${++this.#sent}`, body, sentAt: this.#scheduler.now(), receives: 0 };
    this.#keeper?.save(message);
    this.#show(message);
    if (this.#options.duplicates > 0 && this.#random() < this.#options.duplicates)
      this.#show({ ...message, receives: 0 });
  }

  #show(message: Message): void {
    this.#activity.begin();
    this.#visible.push(message);
    this.#oldest = Math.min(this.#oldest, message.sentAt);
    this.#poll();
  }

  #poll(): void {
    if (this.#polling || this.#visible.length === 0) return;
    this.#polling = true;
    this.#scheduler.after(0, () => {
      this.#polling = false;
      while (this.#consumer.isFree) {
        const batch = this.#receive();
        if (batch.length === 0) break;
        void this.#deliver(batch);
      }
    });
  }

  /** Receives up to a batch of messages: none if none is visible, or too many are in flight. */
  #receive(): readonly Received[] {
    this.#dropExpired();
    const free = this.#options.maxInFlight - this.#inFlight;
    if (free <= 0 || this.#visible.length === 0) return [];
    if (this.#options.reorders)
      for (let i = this.#visible.length - 1; i > 0; i--) {
        const j = Math.floor(this.#random() * (i + 1));
        const [a, b] = [this.#visible[i], this.#visible[j]];
        if (a && b) [this.#visible[i], this.#visible[j]] = [b, a];
      }
    const size = Math.min(this.#options.batchSize, free);
    const batch = this.#visible.slice(0, size);
    this.#visible = this.#visible.slice(size);
    this.#inFlight += batch.length;
    return batch.map((message) => ({ message, receive: ++message.receives }));
  }

  #dropExpired(): void {
    const oldest = this.#scheduler.now() - this.#options.retention;
    if (this.#oldest >= oldest) return;
    for (const { id } of this.#visible.filter(({ sentAt }) => sentAt < oldest)) {
      this.expired++;
      this.#keeper?.remove(id);
      this.#activity.end();
    }
    this.#visible = this.#visible.filter(({ sentAt }) => sentAt >= oldest);
    this.#oldest = this.#visible.reduce((first, { sentAt }) => Math.min(first, sentAt), Number.POSITIVE_INFINITY);
  }

  /** If it takes longer than the visibility timeout, the messages become visible again meanwhile. */
  async #deliver(batch: readonly Received[]): Promise<void> {
    const { visibilityTimeout } = this.#options;
    const receivedAt = this.#scheduler.now();
    let visibleAgain = false;
    const callOff = this.#scheduler.after(visibilityTimeout, () => {
      visibleAgain = true;
      this.#land(batch.length);
      for (const { message } of batch) {
        this.#hidden.begin();
        void this.#showAgain(message);
      }
    });
    const failed = await this.#invoke(batch.map(({ message }) => message));
    callOff();
    for (const received of batch)
      if (!failed(received.message)) {
        if (visibleAgain) this.#deleteVisible(received);
        else this.#processed(received.message);
      } else if (!visibleAgain) {
        const wait = receivedAt + visibilityTimeout - this.#scheduler.now();
        this.#hidden.begin();
        this.#scheduler.after(wait, () => {
          this.#land(1);
          void this.#showAgain(received.message);
        });
      }
    for (const _message of batch) this.#activity.end();
    this.#poll();
  }

  /** So many messages are in flight no more. */
  #land(count: number): void {
    const wasFull = this.#inFlight >= this.#options.maxInFlight;
    this.#inFlight -= count;
    if (wasFull) this.#poll();
  }

  /** Deletes a message that was processed. By chance one of the servers of the queue keeps it. */
  #processed(message: Message): void {
    this.#land(1);
    if (message.again || !this.#weather.happens('queue.again', this.#options.region)) {
      this.#keeper?.remove(message.id);
      return;
    }
    message.again = true;
    this.#hidden.begin();
    this.#scheduler.after(this.#weather.between(...AGAIN_MINUTES) * 60_000, () => {
      this.#show(message);
      this.#hidden.end();
    });
  }

  /** Deletes a message that has become visible again while it was processed, unless it was received again meanwhile. */
  #deleteVisible({ message, receive }: Received): void {
    if (message.receives !== receive || !this.#visible.includes(message)) return;
    this.#visible = this.#visible.filter((other) => other !== message);
    this.#keeper?.remove(message.id);
    this.#activity.end();
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

  async send(messages: readonly DelayedMessage[]): Promise<BatchAnswer> {
    checkMessages(messages.map(({ body }) => body));
    return messages.map(({ body, delay }) => {
      if (!(delay >= 0 && delay <= SQS_MAX_DELAY_S * 1000))
        throw new Error(`The delay of a message must be 0 to ${SQS_MAX_DELAY_S * 1000} ms, not ${delay}.`);
      const refusal = this.#queue.refusal();
      if (refusal === undefined) this.#queue.accept(body, Math.ceil(delay / 1000) * 1000, this.#hidden);
      return refusal;
    });
  }
}

/** A queue without a consumer: it keeps its messages. */
export class KeepingQueue implements Queue {
  readonly bodies: string[] = [];

  async send(bodies: readonly string[]): Promise<BatchAnswer> {
    for (const body of bodies) this.accept(body);
    return bodies.map(() => undefined);
  }

  accept(body: string): void {
    this.bodies.push(body);
  }
}
