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
import { type FunctionOptions, FunctionPool, type Make } from '../services/function-pool.ts';
import type { Process } from '../services/process.ts';
import type { WorldClock } from '../time/clock.ts';
import type { Clockwork } from '../time/clockwork.ts';
import { instancesOf, invocationLimits, type Overrides, queueLimits, type UnqueuedId } from './deployment.ts';
import type { FunctionPorts } from './ports.ts';

export interface RegionFunctionsOptions extends Pick<Clockwork, 'scheduler' | 'activity' | 'weather'> {
  readonly region: string;
  readonly clock: WorldClock;
  readonly functions: Overrides;
  readonly telemetry: Telemetry;
  /** The ports of one process of the function with this name. */
  readonly ports: (name: string, process: Process) => FunctionPorts;
}

type Consumer = FunctionPool<SQSEvent, SQSBatchResponse>;

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
  readonly #pools: Pick<FunctionPool<never, unknown>, 'restart' | 'rollOut' | 'thaw'>[] = [];

  constructor(options: RegionFunctionsOptions) {
    this.#options = options;
    const { ports } = options;
    this.api = this.#unqueued('api', (process) => api.makeHandler(ports('api', process)));
    this.command = this.#unqueued('command', (process) => command.makeHandler(ports('command', process)));
    this.participant = this.#unqueued('participant', (process) =>
      participant.makeHandler(ports('participant', process)),
    );
    this.turn = this.#unqueued('turn', (process) => turn.makeHandler(ports('turn', process)));
    this.coordinate = this.#unqueued('coordinate', (process) => coordinate.makeHandler(ports('coordinate', process)));
    this.operate = this.#unqueued('operate', (process) => {
      const of = ports('operate', process);
      return operate.makeHandler({ ...alone(of), listing: of, writing: of });
    });
    this.relay = this.#unqueued('relay', (process) => {
      const of = ports('relay', process);
      return relay.makeHandler({ ...of, projectedTypes: projectedTypes(of.domain), changeOf });
    });
    this.projection = this.#consumer('projection', (process) =>
      projection.makeHandler(alone(ports('projection', process))),
    );
    this.ingest = this.#consumer('ingest', (process) => ingest.makeHandler(ports('ingest', process)));
    this.resolver = this.#consumer('resolver', (process) => resolver.makeHandler(ports('resolver', process)));
  }

  /** Ends all instances of all functions. */
  restart(): void {
    for (const pool of this.#pools) pool.restart();
  }

  /** Lets go on what the invocations of all functions left running. */
  thaw(): void {
    for (const pool of this.#pools) pool.thaw();
  }

  /** From now on all functions make new instances, of the code that their ports have by then. */
  rollOut(): void {
    for (const pool of this.#pools) pool.rollOut();
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
    const { region, clock, telemetry } = this.#options;
    // On AWS, Lambda logs what a handler throws.
    const makeLogged: Make<Event, Result> = (process) => {
      const handle = make(process);
      return async (event, context) => {
        try {
          return await handle(event, context);
        } catch (error) {
          telemetry.log.error(`The function ${of.name} failed`, { error });
          throw error;
        }
      };
    };
    const options = { ...of, region, ...invocationLimits(limits), now: () => clock.now() };
    const pool = new FunctionPool(options, this.#options, makeLogged);
    this.#pools.push(pool);
    return pool;
  }
}

/** The ports of a function that reads its own Region only. */
function alone(ports: FunctionPorts) {
  const { participants: _participants, ...own } = ports;
  return own;
}
