import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import {
  type AnnouncedOutcome,
  handleMessages,
  type MessagePorts,
  type SubscribedEvent,
  type Sums,
} from '../core/index.ts';
import { failedOf } from './batch.ts';
import { instrument, type Telemetry } from './instrument.ts';

/** The partition of the sums in a subscriber's table, beside the places of the logs, whose names have an `@`. */
export const TALLY_PARTITION = 'tally';

/** What is added to a row of the subscriber's own table. */
export interface Addition {
  /** The row. */
  readonly key: string;
  /** How much is added to each of its fields. */
  readonly sums: Sums;
}

/** What is known besides the event or the outcome itself. */
export interface HandleContext {
  /**
   * Tells this handling of this event or outcome by this subscriber from any other, in every Region: 43 characters of the alphabet A-Z a-z
   * 0-9 - _, the same however often it is tried. Pass it on to whatever a side effect is done by: that is what it deduplicates by.
   */
  readonly key: string;
  /** The Region in which it is handled. */
  readonly region: string;
  /** The environment variables: `process.env` where it is deployed, those of its definition in a world. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What is to be added in the subscriber's own table, in one transaction with its progress: exactly once. Nothing: no additions. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function without a return statement is what most subscribers are
export type Handling = readonly Addition[] | undefined | void;

/** What a subscriber does. */
export interface SubscriberFunctions {
  /**
   * Handles an event. With a table of its own: each event of a log in its order, and after the one before it has been handled. When it throws,
   * the event is redelivered. It is called again for an event that it has handled when the process ended, or the table failed, before that
   * was recorded; also twice at the same time.
   * @default an event is an error: it ends in the dead-letter queue
   */
  handle?(event: SubscribedEvent, context: HandleContext): Handling | Promise<Handling>;
  /**
   * Handles the outcome of a transaction, under the same terms; outcomes have no order.
   * @default an outcome is an error: it ends in the dead-letter queue
   */
  outcome?(outcome: AnnouncedOutcome, context: HandleContext): Handling | Promise<Handling>;
}

/** What Lambda invokes with a batch of the subscriber's queue. */
export type SubscriberHandler = (batch: SQSEvent, context: Context) => Promise<SQSBatchResponse>;

/** What an instance of a subscriber works with. */
export interface SubscriberPorts extends Pick<MessagePorts<Addition>, 'from' | 'progress'> {
  /** The subscriber's. */
  readonly name: string;
  readonly region: string;
  readonly environment: HandleContext['environment'];
  readonly runtime: MessagePorts<Addition>['runtime'] & { digest(text: string): string };
  readonly telemetry: Telemetry;
}

/** bus → a subscriber's queue → its functions. */
export function subscriberOn(
  { handle, outcome }: SubscriberFunctions,
  { telemetry, name, region, environment, ...ports }: SubscriberPorts,
): SubscriberHandler {
  const contextOf = (id: string): HandleContext => ({
    key: ports.runtime.digest(`${name} ${id}`),
    region,
    environment,
  });
  const messagePorts: MessagePorts<Addition> = {
    ...ports,
    handle: async (event) => {
      if (!handle) throw new Error(`${name} gets events: give subscriber({ … }) a function \`handle\`.`);
      return (await handle(event, contextOf(event.id))) ?? [];
    },
    ...(outcome && {
      outcome: async (announced) => (await outcome(announced, contextOf(announced.id))) ?? [],
    }),
  };
  return instrument(telemetry, async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
    const answers = await handleMessages(
      messagePorts,
      Records.map(({ body }) => body),
    );
    return failedOf(
      Records.map(({ messageId }, i) => ({ id: messageId, why: answers[i] })),
      telemetry.log,
    );
  });
}

/** Where a handler keeps what it was made of; the same in every copy of this module. */
const FUNCTIONS = Symbol.for('meridian.subscriber');

/** Lets {@link functionsOf} find what a handler was made of. */
export function withFunctions(handler: SubscriberHandler, functions: SubscriberFunctions): SubscriberHandler {
  return Object.defineProperty(handler, FUNCTIONS, { value: functions });
}

/** What a handler was made of by `subscriber`; undefined of anything else. */
export function functionsOf(handler: unknown): SubscriberFunctions | undefined {
  return isSubscriber(handler) ? handler[FUNCTIONS] : undefined;
}

function isSubscriber(handler: unknown): handler is { readonly [FUNCTIONS]: SubscriberFunctions } {
  return typeof handler === 'function' && FUNCTIONS in handler;
}
