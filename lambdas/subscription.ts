import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Station } from '../core/delivery/standby.ts';
import {
  type Addition,
  type AnnouncedOutcome,
  additionsOf,
  handleMessages,
  type MessagePorts,
  type SubscribedEvent,
} from '../core/index.ts';
import { subscriberBeginMs } from '../core/limits/functions.ts';
import { isAnnouncement, parseOutcome } from '../core/wire/announcement.ts';
import { parseSubscribedEvent } from '../core/wire/bus-event.ts';
import { failedOf } from './batch.ts';
import type { FunctionEnvironment } from './client-options.ts';
import { instrument, type Telemetry } from './instrument.ts';

/** The partition of the sums in a subscriber's table. The partitions of the logs' positions have names with `@`. */
export const TALLY_PARTITION = 'tally';

/** The partition of the sums that a Region adds to in a table that is replicated: they are added up by who reads them. */
export function tallyPartition(region: string): string {
  return `${TALLY_PARTITION}#${region}`;
}

/** The context of an event or an outcome. */
export interface HandleContext {
  /**
   * Identifies the handling of this event or outcome by this subscriber of this deployment: 43 characters of A-Z a-z 0-9 - _, the
   * same at every retry, in every Region, and for both copies of a `merge` append that its sender retried in another Region.
   * Pass it to the service that performs a side effect, so that the service can deduplicate.
   */
  readonly key: string;
  /** The Region that handles the event or outcome. */
  readonly region: string;
  /**
   * The environment variables: `process.env` in a deployment, those of the definition in a world. Pass them to
   * `clientOptions` to call the API.
   */
  readonly environment: FunctionEnvironment;
}

/**
 * The additions to the subscriber's own table; undefined: none. They are written exactly once, in one transaction with
 * its progress.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a function without a return statement is what most subscribers are
export type Handling = readonly Addition[] | undefined | void;

/** The functions of a subscriber. */
export interface SubscriberFunctions {
  /**
   * Handles an event. With its own table, the events of a log are handled in order, each after its predecessor. If it
   * throws, the event is redelivered. It may be called again for a handled event, even concurrently, if the process
   * ended or the table failed before the handling was recorded. @default events are errors, which end in the
   * dead-letter queue
   */
  handle?(event: SubscribedEvent, context: HandleContext): Handling | Promise<Handling>;
  /**
   * Handles the outcome of a transaction. What `handle` guarantees applies, except that outcomes are not ordered.
   * @default outcomes are errors, which end in the dead-letter queue
   */
  outcome?(outcome: AnnouncedOutcome, context: HandleContext): Handling | Promise<Handling>;
}

/** What Lambda invokes with a batch of the subscriber's queue. */
export type SubscriberHandler = (batch: SQSEvent, context: Context) => Promise<SQSBatchResponse>;

/** The resources of a subscriber's instance. */
export interface SubscriberPorts extends Pick<MessagePorts<Addition>, 'from' | 'progress' | 'waiting'> {
  /** The deployment's name: two deployments may use the same service. */
  readonly deployment: string;
  /** The subscriber's name. */
  readonly name: string;
  readonly region: string;
  /** If one Region at a time runs it: the Region that it is named to, and where homes are written. */
  readonly station?: Pick<Station, 'home' | 'placement'> | undefined;
  readonly environment: HandleContext['environment'];
  readonly runtime: MessagePorts<Addition>['runtime'] & { digest(text: string): string };
  readonly telemetry: Telemetry;
}

/** bus → a subscriber's queue → its functions. */
export function subscriberOn(
  { handle, outcome }: SubscriberFunctions,
  { telemetry, deployment, name, region, station, environment, ...ports }: SubscriberPorts,
): SubscriberHandler {
  const contextOf = (id: string): HandleContext => ({
    key: ports.runtime.digest(`${deployment} ${name} ${id}`),
    region,
    environment,
  });
  const messagePorts: MessagePorts<Addition> = {
    ...ports,
    handle: async (event) => {
      if (!handle) throw new Error(`${name} gets events: give subscriber({ … }) a function \`handle\`.`);
      return additionsOf(await handle(event, contextOf(writtenId(event))));
    },
    ...(outcome && {
      outcome: async (announced) => additionsOf(await outcome(announced, contextOf(announced.id))),
    }),
  };
  return instrument(telemetry, async ({ Records }: SQSEvent, context): Promise<SQSBatchResponse> => {
    const timeLeft = context.getRemainingTimeInMillis();
    const answers = await handleMessages(
      // The function has the same timeout in every Region.
      station ? { ...messagePorts, station: { ...station, region, stopMs: timeLeft } } : messagePorts,
      Records.map(({ body }) => body),
      subscriberBeginMs(timeLeft),
    );
    return failedOf(
      Records.map(({ messageId: id, body }, i) => {
        const why = answers[i];
        return { id, why, ...(why !== undefined && { about: subjectOf(body) }) };
      }),
      telemetry.log,
    );
  });
}

/** The event or outcome of a message, for the log. */
export function subjectOf(body: string): string {
  try {
    const message: unknown = JSON.parse(body);
    if (isAnnouncement(message)) {
      const { type, transaction } = parseOutcome(message);
      return `${type} of ${transaction}`;
    }
    const { type, stream } = parseSubscribedEvent(message);
    return `${type} of ${stream}`;
  } catch {
    return 'a message that cannot be read';
  }
}

/**
 * Identifies an event by the request that wrote it, so that both copies of an append that was retried in another Region
 * have the same key.
 */
function writtenId({ stream, meta: { commitId, index } }: SubscribedEvent): string {
  return `${stream} ${commitId} ${index}`;
}

/** The property that holds a handler's functions. It is the same symbol in every copy of this module. */
const FUNCTIONS = Symbol.for('meridian.subscriber');

/** Attaches the functions to a handler, so that {@link functionsOf} finds them. */
export function withFunctions(handler: SubscriberHandler, functions: SubscriberFunctions): SubscriberHandler {
  return Object.defineProperty(handler, FUNCTIONS, { value: functions });
}

/** The functions of a handler that `subscriber` made; undefined for any other value. */
export function functionsOf(handler: unknown): SubscriberFunctions | undefined {
  return isSubscriber(handler) ? handler[FUNCTIONS] : undefined;
}

function isSubscriber(handler: unknown): handler is { readonly [FUNCTIONS]: SubscriberFunctions } {
  return typeof handler === 'function' && FUNCTIONS in handler;
}
