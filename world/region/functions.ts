import type {
  Context,
  DynamoDBBatchResponse,
  DynamoDBStreamEvent,
  LambdaFunctionURLEvent,
  SQSBatchResponse,
  SQSEvent,
} from 'aws-lambda';
import { changeOf } from '../../adapters/dynamodb/table-change.ts';
import { type OperateAnswer, projectedTypes, type RemoteAnswer } from '../../core/index.ts';
import type { FunctionId, QueueConsumerId } from '../../core/limits/functions.ts';
import * as api from '../../lambdas/api/handler.ts';
import type { Answer } from '../../lambdas/api/http.ts';
import * as command from '../../lambdas/command/handler.ts';
import * as coordinate from '../../lambdas/coordinate/handler.ts';
import * as ingest from '../../lambdas/ingest/handler.ts';
import * as operate from '../../lambdas/operate/handler.ts';
import * as participant from '../../lambdas/participant/handler.ts';
import * as projection from '../../lambdas/projection/handler.ts';
import * as relay from '../../lambdas/relay/handler.ts';
import * as resolver from '../../lambdas/resolver/handler.ts';
import { FunctionPool, type Handler } from '../services/function-pool.ts';
import type { Activity } from '../time/activity.ts';
import type { Scheduler } from '../time/scheduler.ts';
import { type Overrides, queueLimits, timeoutMs } from './deployment.ts';
import type { FunctionPorts } from './ports.ts';

/**
 * Instances of a function that is called: such calls wait for each other, across Regions too, so that few instances could all
 * wait for one that is not free. The stacks set no limit.
 */
const CALLED_INSTANCES = 100;
/** Of `operate`, which few people call. */
const OPERATE_INSTANCES = 4;
/** Each of the two table streams has a shard, which is delivered one batch after the other. */
const RELAY_INSTANCES = 2;

export interface RegionFunctionsOptions {
  readonly scheduler: Scheduler;
  readonly activity: Activity;
  readonly functions: Overrides;
  /** What one instance works with; `exit` ends its process. */
  readonly ports: (exit: () => void) => FunctionPorts;
}

type Consumer = FunctionPool<SQSEvent, SQSBatchResponse>;

/** The functions of a Region. */
export class RegionFunctions {
  readonly api: FunctionPool<LambdaFunctionURLEvent, Answer>;
  readonly command: FunctionPool<unknown, RemoteAnswer>;
  readonly participant: FunctionPool<unknown, unknown>;
  readonly coordinate: FunctionPool<unknown, unknown>;
  readonly operate: FunctionPool<unknown, OperateAnswer>;
  readonly relay: FunctionPool<DynamoDBStreamEvent, DynamoDBBatchResponse>;
  readonly projection: Consumer;
  readonly ingest: Consumer;
  readonly resolver: Consumer;
  readonly #options: RegionFunctionsOptions;

  constructor(options: RegionFunctionsOptions) {
    this.#options = options;
    const { ports } = options;
    this.api = this.#pool('api', CALLED_INSTANCES, (exit) => api.makeHandler(ports(exit)));
    this.command = this.#pool('command', CALLED_INSTANCES, (exit) => command.makeHandler(ports(exit)));
    this.participant = this.#pool('participant', CALLED_INSTANCES, (exit) => participant.makeHandler(ports(exit)));
    this.coordinate = this.#pool('coordinate', CALLED_INSTANCES, (exit) => coordinate.makeHandler(ports(exit)));
    this.operate = this.#pool('operate', OPERATE_INSTANCES, (exit) => operate.makeHandler(alone(ports(exit))));
    this.relay = this.#pool('relay', RELAY_INSTANCES, (exit) => {
      const of = ports(exit);
      return relay.makeHandler({ ...of, projectedTypes: projectedTypes(of.domain), changeOf });
    });
    this.projection = this.#consumer('projection', (exit) => projection.makeHandler(alone(ports(exit))));
    this.ingest = this.#consumer('ingest', (exit) => ingest.makeHandler(ports(exit)));
    this.resolver = this.#consumer('resolver', (exit) => resolver.makeHandler(ports(exit)));
  }

  /** The function of one more subscriber. */
  subscriber(make: () => Handler<SQSEvent, SQSBatchResponse>): Consumer {
    return this.#consumer('subscriber', make);
  }

  #consumer(id: QueueConsumerId, make: (exit: () => void) => Handler<SQSEvent, SQSBatchResponse>): Consumer {
    return this.#pool(id, queueLimits(id, this.#options.functions).maxConcurrency, make);
  }

  #pool<Event, Result>(
    name: FunctionId,
    concurrency: number,
    make: (exit: () => void) => (event: Event, context: Context) => Promise<Result>,
  ): FunctionPool<Event, Result> {
    const { scheduler, activity } = this.#options;
    return new FunctionPool({ name, concurrency, timeout: timeoutMs(name) }, scheduler, activity, make);
  }
}

/** Of a function that looks at its own Region alone. */
function alone(ports: FunctionPorts) {
  const { participants: _participants, ...own } = ports;
  return own;
}
