import type {
  DynamoDBBatchResponse,
  DynamoDBStreamEvent,
  LambdaFunctionURLEvent,
  SQSBatchResponse,
  SQSEvent,
} from 'aws-lambda';
import { changeOf } from '../../adapters/dynamodb/table-change.ts';
import { type OperateAnswer, projectedTypes, type RemoteAnswer, type Subscription } from '../../core/index.ts';
import { FUNCTIONS, type FunctionLimits, type QueueConsumerId } from '../../core/limits/functions.ts';
import * as api from '../../lambdas/api/handler.ts';
import type { Answer } from '../../lambdas/api/http.ts';
import * as command from '../../lambdas/command/handler.ts';
import * as coordinate from '../../lambdas/coordinate/handler.ts';
import * as ingest from '../../lambdas/ingest/handler.ts';
import type { Telemetry } from '../../lambdas/instrument.ts';
import * as operate from '../../lambdas/operate/handler.ts';
import * as participant from '../../lambdas/participant/handler.ts';
import * as projection from '../../lambdas/projection/handler.ts';
import * as relay from '../../lambdas/relay/handler.ts';
import * as resolver from '../../lambdas/resolver/handler.ts';
import * as turn from '../../lambdas/turn/handler.ts';
import { type FunctionOptions, FunctionPool, type Handler } from '../services/function-pool.ts';
import type { Activity } from '../time/activity.ts';
import type { Scheduler } from '../time/scheduler.ts';
import { instancesOf, invocationLimits, type Overrides, queueLimits, type UnqueuedId } from './deployment.ts';
import type { FunctionPorts } from './ports.ts';

export interface RegionFunctionsOptions {
  readonly region: string;
  readonly scheduler: Scheduler;
  readonly activity: Activity;
  readonly functions: Overrides;
  readonly telemetry: Telemetry;
  /** The ports of one instance of the function with this name; `exit` ends its process. */
  readonly ports: (name: string, exit: () => void) => FunctionPorts;
}

type Consumer = FunctionPool<SQSEvent, SQSBatchResponse>;

/** Creates an instance; `exit` ends its process. */
type Make<Event, Result> = (exit: () => void) => Handler<Event, Result>;

/** The functions of a Region. */
export class RegionFunctions {
  readonly api: FunctionPool<LambdaFunctionURLEvent, Answer>;
  readonly command: FunctionPool<unknown, RemoteAnswer>;
  readonly participant: FunctionPool<unknown, unknown>;
  readonly turn: FunctionPool<unknown, unknown>;
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
    this.api = this.#unqueued('api', (exit) => api.makeHandler(ports('api', exit)));
    this.command = this.#unqueued('command', (exit) => command.makeHandler(ports('command', exit)));
    this.participant = this.#unqueued('participant', (exit) => participant.makeHandler(ports('participant', exit)));
    this.turn = this.#unqueued('turn', (exit) => turn.makeHandler(ports('turn', exit)));
    this.coordinate = this.#unqueued('coordinate', (exit) => coordinate.makeHandler(ports('coordinate', exit)));
    this.operate = this.#unqueued('operate', (exit) => operate.makeHandler(alone(ports('operate', exit))));
    this.relay = this.#unqueued('relay', (exit) => {
      const of = ports('relay', exit);
      return relay.makeHandler({ ...of, projectedTypes: projectedTypes(of.domain), changeOf });
    });
    this.projection = this.#consumer('projection', (exit) => projection.makeHandler(alone(ports('projection', exit))));
    this.ingest = this.#consumer('ingest', (exit) => ingest.makeHandler(ports('ingest', exit)));
    this.resolver = this.#consumer('resolver', (exit) => resolver.makeHandler(ports('resolver', exit)));
  }

  /** The function of a subscriber. */
  subscriber({ name, limits }: Subscription, make: Make<SQSEvent, SQSBatchResponse>): Consumer {
    const { maxConcurrency } = queueLimits('subscriber', this.#options.functions, limits.queue);
    return this.#pool({ name, limits, concurrency: maxConcurrency }, make);
  }

  #consumer(id: Exclude<QueueConsumerId, 'subscriber'>, make: Make<SQSEvent, SQSBatchResponse>): Consumer {
    const { maxConcurrency } = queueLimits(id, this.#options.functions);
    return this.#pool({ name: id, limits: FUNCTIONS[id], concurrency: maxConcurrency }, make);
  }

  #unqueued<Event, Result>(id: UnqueuedId, make: Make<Event, Result>): FunctionPool<Event, Result> {
    const { functions } = this.#options;
    const concurrency = instancesOf(id, functions);
    return this.#pool({ name: id, limits: FUNCTIONS[id], concurrency, throttles: functions[id]?.throttles }, make);
  }

  #pool<Event, Result>(
    {
      limits,
      ...of
    }: Pick<FunctionOptions, 'name' | 'concurrency' | 'throttles'> & { readonly limits: FunctionLimits },
    make: Make<Event, Result>,
  ): FunctionPool<Event, Result> {
    const { region, scheduler, activity, telemetry } = this.#options;
    // On AWS, Lambda logs what a handler throws.
    const makeLogged: Make<Event, Result> = (exit) => {
      const handle = make(exit);
      return async (event, context) => {
        try {
          return await handle(event, context);
        } catch (error) {
          telemetry.log.error(`The function ${of.name} failed`, { error });
          throw error;
        }
      };
    };
    const options = { ...of, region, ...invocationLimits(limits) };
    return new FunctionPool(options, scheduler, activity, makeLogged);
  }
}

/** The ports of a function that reads its own Region only. */
function alone(ports: FunctionPorts) {
  const { participants: _participants, ...own } = ports;
  return own;
}
