import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Queue } from '../../core/index.ts';
import type { QueueConsumerId } from '../../core/limits/functions.ts';
import type { FunctionPool } from '../services/function-pool.ts';
import { KeepingQueue, WorldDelayedQueue, WorldQueue } from '../services/queue.ts';
import type { Activity } from '../time/activity.ts';
import type { Clockwork } from '../time/clockwork.ts';
import { type Overrides, queueLimits } from './deployment.ts';
import type { RegionFunctions } from './functions.ts';

export interface RegionQueuesOptions extends Clockwork {
  readonly region: string;
  /** Counts messages to the resolver that are not due yet. */
  readonly later: Activity;
  readonly duplicates: number;
  readonly reorders: boolean;
  readonly functions: Overrides;
}

/** The queues of a Region, each with its dead-letter queue. */
export class RegionQueues {
  readonly ingest: WorldQueue;
  readonly projection: WorldQueue;
  readonly resolver: WorldDelayedQueue;
  readonly projectionDeadLetters = new KeepingQueue();
  readonly subscriberDeadLetters = new KeepingQueue();
  readonly resolverDeadLetters = new KeepingQueue();
  readonly #options: RegionQueuesOptions;

  constructor(options: RegionQueuesOptions, functions: RegionFunctions, quarantine: Queue) {
    this.#options = options;
    this.projection = this.#queue('projection', functions.projection, this.projectionDeadLetters);
    this.ingest = this.#queue('ingest', functions.ingest, quarantine);
    this.resolver = new WorldDelayedQueue(
      this.#queue('resolver', functions.resolver, this.resolverDeadLetters, { hidden: options.later }),
    );
  }

  /** The queue of another subscriber. */
  subscriber(name: string, consumer: FunctionPool<SQSEvent, SQSBatchResponse>): WorldQueue {
    return this.#queue('subscriber', consumer, this.subscriberDeadLetters, { name });
  }

  #queue(
    id: QueueConsumerId,
    consumer: FunctionPool<SQSEvent, SQSBatchResponse>,
    deadLetters: Queue,
    { name = id, hidden }: { readonly name?: string; readonly hidden?: Activity } = {},
  ): WorldQueue {
    const { region, duplicates, reorders, functions } = this.#options;
    const { batchSize, maxReceives, visibilityS } = queueLimits(id, functions);
    const options = {
      name,
      region,
      batchSize,
      maxReceives,
      visibilityTimeout: visibilityS * 1000,
      duplicates,
      reorders,
    };
    return new WorldQueue(options, this.#options, { consumer, deadLetters, hidden });
  }
}
