import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { DelayedQueue, Queue, Subscription } from '../../core/index.ts';
import { STANDBY_MS } from '../../core/limits/budgets.ts';
import type { QueueConsumerId, QueueLimits } from '../../core/limits/functions.ts';
import type { FunctionPool } from '../services/function-pool.ts';
import { KeepingQueue, type QueueEnds, WorldDelayedQueue, WorldQueue } from '../services/queue.ts';
import { Activity } from '../time/activity.ts';
import type { Clockwork } from '../time/clockwork.ts';
import { type Overrides, queueLimits } from './deployment.ts';
import type { RegionFunctions } from './functions.ts';
import { keptMessages } from './kept-messages.ts';
import type { Storage } from './storage.ts';

export interface RegionQueuesOptions extends Clockwork {
  readonly region: string;
  /** Counts messages to the resolver that are not due yet. */
  readonly later: Activity;
  readonly duplicates: number;
  readonly reorders: boolean;
  readonly functions: Overrides;
  /**
   * Where messages to `ingest` are kept; undefined: nowhere. Messages of the other queues are not kept, because the
   * events that they come from are published again.
   */
  readonly storage: Storage | undefined;
}

/** The queues of a Region, each with its dead-letter queue. */
export class RegionQueues {
  readonly ingest: WorldQueue;
  readonly projection: WorldQueue;
  /** The same queue, for streams that are ahead of the table. The world may be idle and recovered before these are due. */
  readonly ahead: WorldDelayedQueue;
  /** The same queue, for streams that are looked at again. */
  readonly lookAgain: WorldDelayedQueue;
  readonly resolver: WorldDelayedQueue;
  readonly projectionDeadLetters = new KeepingQueue();
  readonly subscriberDeadLetters = new Map<string, KeepingQueue>();
  readonly resolverDeadLetters = new KeepingQueue();
  readonly #options: RegionQueuesOptions;

  constructor(options: RegionQueuesOptions, functions: RegionFunctions, quarantine: Queue) {
    this.#options = options;
    this.projection = this.#queue('projection', functions.projection, this.projectionDeadLetters);
    this.ahead = new WorldDelayedQueue(this.projection, new Activity());
    this.lookAgain = new WorldDelayedQueue(this.projection, options.later);
    const { region, storage } = options;
    this.ingest = this.#queue('ingest', functions.ingest, quarantine, {
      keeper: storage && keptMessages(storage, `ingest/${region}`),
    });
    this.resolver = new WorldDelayedQueue(
      this.#queue('resolver', functions.resolver, this.resolverDeadLetters, { hidden: options.later }),
    );
  }

  /** The queue of a subscriber. */
  subscriber(
    { name, limits }: Subscription,
    { consumer, onDeadLetter }: Pick<QueueEnds, 'consumer' | 'onDeadLetter'>,
  ): WorldQueue {
    const deadLetters = new KeepingQueue();
    this.subscriberDeadLetters.set(name, deadLetters);
    return this.#queue('subscriber', consumer, deadLetters, { name, deployed: limits.queue, onDeadLetter });
  }

  #queue(
    id: QueueConsumerId,
    consumer: FunctionPool<SQSEvent, SQSBatchResponse>,
    deadLetters: Queue,
    {
      name = id,
      deployed,
      ...ends
    }: { readonly name?: string; readonly deployed?: QueueLimits } & Pick<
      QueueEnds,
      'hidden' | 'keeper' | 'onDeadLetter'
    > = {},
  ): WorldQueue {
    const { region, duplicates, reorders, functions } = this.#options;
    const { batchSize, maxReceives, visibilityS } = queueLimits(id, functions, deployed);
    const options = {
      name,
      region,
      batchSize,
      maxReceives,
      visibilityTimeout: visibilityS * 1000,
      duplicates,
      reorders,
    };
    return new WorldQueue(options, this.#options, { consumer, deadLetters, ...ends });
  }
}

/**
 * A subscriber's queue for the messages that it was held up with. A message that waits for a second time, because its
 * predecessor is lost or in the dead-letter queue, does not keep the world from being idle. Nor does one that another Region
 * handles: after a move of homes, let time pass until the next Region has looked at it.
 */
export function waitingQueue(queue: WorldQueue): DelayedQueue {
  const [first, again] = [new WorldDelayedQueue(queue), new WorldDelayedQueue(queue, new Activity())];
  const known = new Set<string>();
  return {
    send: async (messages) => {
      const answers: (string | undefined)[] = [];
      for (const message of messages) {
        const isLeft = message.delay === STANDBY_MS || (message.delay > 0 && known.has(message.body));
        const [answer] = await (isLeft ? again : first).send([message]);
        answers.push(answer);
        if (answer === undefined && message.delay > 0) known.add(message.body);
      }
      return answers;
    },
  };
}
