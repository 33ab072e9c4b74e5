import * as aws from './aws.ts';
import * as budgets from './budgets.ts';
import { FUNCTIONS, type FunctionId, HIDDEN_TIMEOUTS } from './functions.ts';

type Numbers = typeof aws & typeof budgets;
type Widened<T> = T extends number
  ? number
  : T extends boolean
    ? boolean
    : { readonly [Member in keyof T]: Widened<T[Member]> };

/** Every limit used by a relation. */
export type Limits = {
  readonly [Name in keyof Numbers as Numbers[Name] extends number ? Name : never]: number;
} & { readonly FUNCTIONS: Widened<typeof FUNCTIONS> };

/** The limits in use. */
export const LIMITS: Limits = { ...aws, ...budgets, FUNCTIONS };

/** Two limits: `needs` must not exceed `has`. */
interface Relation {
  /** The requirement, as a sentence. */
  readonly name: string;
  readonly needs: number;
  readonly has: number;
}

/** The objects and arrays around the data of an event, at most, in a message, a request and a response. */
const ENVELOPE_LEVELS = 10;

/** A commit of a log with a long name, as an announced conflict lists it. */
const LISTED_DOT_BYTES = 128;

/** A message of the resolver is hidden for one timeout only, because it must be redelivered soon. */
const RESOLVER_HIDDEN_TIMEOUTS = 1;

/**
 * The relations required between limits, so that no caller gives up before its callee, and all work that starts can
 * finish.
 */
export function limitRelations(limits: Limits = LIMITS): readonly Relation[] {
  return [
    ...functionRelations(limits),
    ...serviceRelations(limits),
    ...callRelations(limits),
    ...liveRelations(limits),
    ...retentionRelations(limits),
    ...subscriberRelations(limits),
    ...transactionRelations(limits),
    ...contentionRelations(limits),
    ...sizeRelations(limits),
    ...answerRelations(limits),
  ];
}

/**
 * Checks the relations between limits.
 * @returns a line per violation, with the requirement and both numbers
 */
export function limitFaults(limits: Limits = LIMITS): readonly string[] {
  return limitRelations(limits)
    .filter(({ needs, has }) => !(needs <= has))
    .map(({ name, needs, has }) => `${name}: ${needs} exceeds ${has}. Change one of them in core/limits/.`);
}

function functionRelations(limits: Limits): Relation[] {
  return Object.entries(limits.FUNCTIONS).flatMap(([id, { timeoutS, ...fed }]) => {
    const relations = [{ name: `Lambda allows the timeout of ${id}`, needs: timeoutS, has: limits.LAMBDA_MAX_S }];
    if ('queue' in fed) {
      const { batchSize, windowS, maxReceives, visibilityS } = fed.queue;
      const timeouts = id === 'resolver' ? RESOLVER_HIDDEN_TIMEOUTS : HIDDEN_TIMEOUTS;
      relations.push(
        {
          name: `messages of ${id} are hidden for at least ${timeouts} times its timeout`,
          needs: timeouts * timeoutS,
          has: visibilityS,
        },
        {
          name: `messages of ${id} are hidden for at most ${timeouts} times its timeout`,
          needs: visibilityS,
          has: timeouts * timeoutS,
        },
        { name: `SQS allows the visibility timeout of ${id}`, needs: visibilityS, has: limits.SQS_MAX_VISIBILITY_S },
        { name: `SQS allows the number of receives of ${id}`, needs: maxReceives, has: limits.SQS_MAX_RECEIVES },
        {
          name: `all retries of a message of ${id} fit into its retention`,
          needs: maxReceives * visibilityS,
          has: limits.QUEUE_RETENTION_S,
        },
        {
          name: `Lambda allows the batch size of ${id} with its batching window`,
          needs: batchSize,
          has: windowS > 0 ? Number.POSITIVE_INFINITY : limits.SQS_MAX_BATCH_WITHOUT_WINDOW,
        },
      );
    }
    if ('stream' in fed)
      relations.push(
        {
          name: `Lambda allows the retries of ${id}`,
          needs: fed.stream.retries,
          has: limits.TABLE_STREAM_MAX_TRIES,
        },
        {
          name: `a record that ${id} discards leaves time for the records behind it`,
          needs: 4 * fed.stream.maxAgeS,
          has: limits.TABLE_STREAM_RETENTION_S,
        },
      );
    return relations;
  });
}

/** Relations between service calls, including the SDK's retries. */
function serviceRelations({ DATABASE_MS, MESSAGING_MS, APPEND_MS, ...limits }: Limits): Relation[] {
  return [
    {
      name: "the SDK's retries fit into a call of the table",
      needs: limits.SDK_TRIES * (limits.SDK_CONNECT_MS + limits.SDK_REQUEST_MS),
      has: DATABASE_MS,
    },
    {
      name: "two of the SDK's attempts fit into a call of the bus",
      needs: 2 * (limits.SDK_CONNECT_MS + limits.SDK_REQUEST_MS),
      has: MESSAGING_MS,
    },
    {
      name: 'a batch for the bus also fits into a batch for a queue',
      needs: limits.PUT_EVENTS_ENTRIES,
      has: limits.SQS_BATCH_ENTRIES,
    },
    // EventBridge adds an envelope with id, time, account and so on.
    {
      name: "an event from the bus fits into a queue's message",
      needs: limits.PUT_EVENTS_BYTES + 1024,
      has: limits.SQS_BATCH_BYTES,
    },
    { name: 'a snapshot does not delay an append beyond its limit', needs: 2 * limits.SNAPSHOT_MS, has: APPEND_MS },
  ];
}

function callRelations(limits: Limits): Relation[] {
  const { DATABASE_MS, MESSAGING_MS, BEGIN_MS, REMOTE_MS, APPEND_MS, PROJECT_MS, STEP_MS } = limits;
  const time = (id: FunctionId) => limits.FUNCTIONS[id].timeoutS * 1000;
  return [
    {
      name: 'command has time for an append and a call of the table',
      needs: APPEND_MS + DATABASE_MS,
      has: time('command'),
    },
    {
      name: 'command has time to wait for a transaction and call the table',
      needs: limits.PASSED_ON_WAIT_MS + DATABASE_MS,
      has: time('command'),
    },
    { name: 'a caller of command waits until command gives up', needs: APPEND_MS + DATABASE_MS, has: REMOTE_MS },
    { name: 'a caller of command gives up before the function times out', needs: REMOTE_MS, has: time('command') },
    { name: 'api has more time than the function that it calls', needs: time('command') + 1, has: time('api') },
    { name: 'ingest has more time than the function that it calls', needs: time('command') + 1, has: time('ingest') },
    { name: 'api has time to send the last envelope to another Region', needs: BEGIN_MS + REMOTE_MS, has: time('api') },
    {
      name: 'api has time to append the last envelope in its own Region',
      needs: BEGIN_MS + APPEND_MS + DATABASE_MS,
      has: time('api'),
    },
    {
      name: 'api has time for the longest wait that a caller may request',
      needs: limits.MAX_WAIT_S * 1000,
      has: time('api') - 1000,
    },
    { name: 'the default wait is allowed', needs: limits.DEFAULT_WAIT_S, has: limits.MAX_WAIT_S },
    {
      // The last load before the end of the wait, and the whole stream if the caller asks for an earlier state.
      name: 'api has time for the longest wait of a read, and for two loads after it',
      needs: limits.MAX_CATCH_UP_S * 1000 + 2 * (limits.SNAPSHOT_MS + DATABASE_MS),
      has: time('api'),
    },
    {
      name: 'the default wait of a read is allowed',
      needs: limits.CATCH_UP_MS,
      has: limits.MAX_CATCH_UP_S * 1000,
    },
    { name: 'our own client waits longer than api runs', needs: time('api') + 1, has: limits.HTTP_CLIENT_MS },
    {
      name: 'ingest has time to send the last message to another Region and publish its receipt',
      needs: BEGIN_MS + REMOTE_MS + MESSAGING_MS,
      has: time('ingest'),
    },
    {
      name: 'ingest has time to wait for the last transaction and publish its receipt',
      needs: BEGIN_MS + limits.INGEST_TRANSACT_MS + MESSAGING_MS,
      has: time('ingest'),
    },
    {
      name: 'relay has time for a call of the bus, one of a queue and one of the table',
      needs: MESSAGING_MS * 2 + DATABASE_MS,
      has: time('relay'),
    },
    {
      name: 'projection has time for its retries, a read, a write and a message to itself',
      needs: PROJECT_MS + 2 * DATABASE_MS + limits.OWN_QUEUE_MS,
      has: time('projection'),
    },
    {
      name: 'operate has time for the retries, the read and the write of the last work that a step starts',
      needs: STEP_MS + PROJECT_MS + 2 * DATABASE_MS,
      has: time('operate'),
    },
  ];
}

function liveRelations({ LIVE_READ_MS, HEALTH_CHECK_MS, FUNCTIONS: { live } }: Limits): Relation[] {
  return [
    {
      name: 'a health check waits for the table for longer than live does',
      needs: LIVE_READ_MS + 1,
      has: HEALTH_CHECK_MS,
    },
    { name: 'live has time for its read', needs: LIVE_READ_MS + 1, has: live.timeoutS * 1000 },
  ];
}

function retentionRelations(limits: Limits): Relation[] {
  const longest = Math.max(...Object.values(limits.FUNCTIONS).map(({ timeoutS }) => timeoutS * 1000));
  return [
    {
      name: 'a quarantined message stays hidden while a call works on it',
      needs: limits.QUARANTINE_LOOK_MS + limits.MESSAGING_MS,
      has: limits.QUARANTINE_HOLD_MS,
    },
    {
      name: 'messages that a redrive passed over are still hidden during its next call',
      needs: 2 * limits.QUARANTINE_HOLD_MS,
      has: limits.QUARANTINE_PASS_MS,
    },
    {
      name: 'a projector has forgotten what its table lacks when an entry is compared with the table',
      needs: limits.AHEAD_MS,
      has: limits.AHEAD_CHECK_MS,
    },
    {
      name: 'a message about a stream ahead of its table can be delayed until the two are compared',
      needs: limits.AHEAD_CHECK_MS,
      has: limits.SQS_MAX_DELAY_S * 1000,
    },
    {
      name: 'a message about a stream can be delayed until it is looked at again for conflicts',
      needs: limits.LOOK_AGAIN_MS,
      has: limits.SQS_MAX_DELAY_S * 1000,
    },
    {
      name: 'a log is taken for a new one until the stream of its first commit has been looked at again',
      needs: limits.LOOK_AGAIN_MS,
      has: limits.STRANGE_LOG_MS,
    },
    {
      name: 'a redelivered message does not bring a commit back after its entry was corrected',
      needs: limits.FUNCTIONS.projection.queue.maxReceives * limits.FUNCTIONS.projection.queue.visibilityS * 1000,
      has: limits.AHEAD_ROUNDS * limits.AHEAD_CHECK_MS,
    },
    { name: 'no function uses a generation that is deleted', needs: longest, has: limits.REMOVABLE_AFTER_MS },
    { name: 'SQS allows the retention of messages', needs: limits.QUEUE_RETENTION_S, has: limits.SQS_MAX_RETENTION_S },
    {
      name: 'the id of a message that waited in a queue is still recognised',
      needs: limits.QUEUE_RETENTION_S * 1000,
      has: limits.IDEMPOTENCY_WINDOW_MS,
    },
  ];
}

/** A subscriber's timeout is at least that of {@link FUNCTIONS}, and at most what Lambda allows. */
function subscriberRelations({ FUNCTIONS, ...limits }: Limits): Relation[] {
  return [
    {
      name: 'subscriber has time for the reads and the write of the last event that it starts, and messages to itself',
      needs: limits.BEGIN_MS + limits.SUBSCRIBER_PLACEMENT_MS + 2 * limits.DATABASE_MS + limits.OWN_QUEUE_MS,
      has: FUNCTIONS.subscriber.timeoutS * 1000,
    },
    {
      name: 'a subscriber looks at a first event again when it may begin with it',
      needs: limits.FIRST_EVENT_WAIT_MS,
      has: limits.WAITING_MS,
    },
    {
      name: 'a message that waits can be delayed until it is looked at again',
      needs: limits.WAITING_MS,
      has: limits.SQS_MAX_DELAY_S * 1000,
    },
    {
      name: 'a message that waits, and could not be sent again, is not delivered again before it would be looked at',
      needs: limits.WAITING_MS,
      has: FUNCTIONS.subscriber.queue.visibilityS * 1000,
    },
    {
      name: 'a message that is left to another Region can be delayed until it is looked at again',
      needs: limits.STANDBY_MS,
      has: limits.SQS_MAX_DELAY_S * 1000,
    },
    {
      // Half of it is for clocks that differ.
      name: 'a subscriber that has stopped after a move has had time to learn of it before the next Region begins',
      needs: 2 * limits.PLACEMENT_MS,
      has: limits.HANDOVER_MS,
    },
    {
      // A write whose response is lost is retried once in the same Region.
      name: 'subscriber has time for two requests to a Region that hangs and one to the next Region',
      needs: limits.BEGIN_MS + limits.ENDPOINT_LOOKUP_MS + 3 * limits.FUNCTION_CLIENT_MS + limits.CLIENT_FIRST_PAUSE_MS,
      has: FUNCTIONS.subscriber.timeoutS * 1000,
    },
    {
      name: 'our own client in a function waits longer than an append takes',
      needs: limits.APPEND_MS + 1,
      has: limits.FUNCTION_CLIENT_MS,
    },
    {
      name: 'our own client in a function waits longer than the API waits for a transaction',
      needs: limits.DEFAULT_WAIT_S * 1000 + 1,
      has: limits.FUNCTION_CLIENT_MS,
    },
    {
      name: 'our own client in a function waits longer than a read waits',
      needs: limits.MAX_CATCH_UP_S * 1000 + 1,
      has: limits.FUNCTION_CLIENT_MS,
    },
    {
      name: 'SQS allows the visibility timeout of a subscriber with the longest timeout',
      needs: HIDDEN_TIMEOUTS * limits.LAMBDA_MAX_S,
      has: limits.SQS_MAX_VISIBILITY_S,
    },
    {
      name: 'all retries of a message of a subscriber with the longest timeout fit into its retention',
      needs: FUNCTIONS.subscriber.queue.maxReceives * HIDDEN_TIMEOUTS * limits.LAMBDA_MAX_S,
      has: limits.QUEUE_RETENTION_S,
    },
  ];
}

function contentionRelations(limits: Limits): Relation[] {
  const { ASK_DECISION_MS, TRANSACTION_DATABASE_MS } = limits;
  return [
    {
      // Reads the snapshot and the stream. If an intent blocks it, waits for it; reads it and its decision again, ends its
      // attempt and finalises it. Leaves the position to another transaction for a moment, then writes its own intent.
      name: 'participant has time to load a stream, wait for an intent, resolve it and write its own',
      needs:
        limits.SNAPSHOT_MS +
        limits.WAIT_FOR_YOUNGER_MS +
        limits.KEPT_FOR_NEXT_MS +
        5 * TRANSACTION_DATABASE_MS +
        ASK_DECISION_MS,
      has: limits.PARTICIPANT_CALL_MS,
    },
    {
      // In its last round: reads the intent and its decision, ends its attempt, finalises it, and reads the end of the log.
      name: 'turn has time to wait and for its last round',
      needs: limits.TURN_MS + 4 * TRANSACTION_DATABASE_MS + ASK_DECISION_MS,
      has: limits.PARTICIPANT_CALL_MS,
    },
    {
      name: 'a transaction that is next sees the attempt of the holder for long enough to end it',
      needs: limits.WATCHED_MS,
      has: limits.HOLD_LIMIT_FOR_OLDER_MS,
    },
    {
      name: 'an attempt that waits for a younger one is not ended by a younger one meanwhile',
      needs: limits.WAIT_FOR_YOUNGER_MS,
      has: limits.HOLD_LIMIT_MS,
    },
    {
      name: 'an older transaction that is next waits until it may end the attempt of the holder',
      needs: limits.HOLD_LIMIT_FOR_OLDER_MS + 1,
      has: limits.WAIT_FOR_YOUNGER_MS,
    },
    {
      name: 'an append waits until it may end the attempt of the holder',
      needs: limits.HOLD_LIMIT_MS + ASK_DECISION_MS,
      has: limits.APPEND_MS,
    },
  ];
}

function transactionRelations(limits: Limits): Relation[] {
  const { ASK_DECISION_MS, RECOVERY_MS, RESOLVER_SLACK_MS, TRANSACTION_DATABASE_MS, FUNCTIONS } = limits;
  const { coordinate, participant, resolver, turn } = FUNCTIONS;
  return [
    {
      name: 'the default timeout of a transaction is allowed',
      needs: limits.DEFAULT_TRANSACTION_MS,
      has: limits.MAX_TRANSACTION_MS,
    },
    {
      name: 'the state machine runs until the longest transaction is finalised',
      needs: limits.MAX_TRANSACTION_MS + (participant.timeoutS + limits.MACHINE_GRACE_S) * 1000,
      has: limits.EXPRESS_MACHINE_MS,
    },
    { name: 'a task waits longer than its function runs', needs: 1, has: limits.MACHINE_GRACE_S },
    {
      name: 'a Region that passes a transaction on receives its outcome',
      needs: limits.PASSED_ON_WAIT_MS + 1,
      has: limits.REMOTE_MS,
    },
    {
      name: 'coordinate has time to read earlier decisions and make one',
      needs: 2 * TRANSACTION_DATABASE_MS,
      has: coordinate.timeoutS * 1000,
    },
    {
      name: 'participant has time for a call of another Region',
      needs: limits.PARTICIPANT_CALL_MS + 1,
      has: participant.timeoutS * 1000,
    },
    {
      name: 'operate has time to follow a stream from Region to Region, and for a last call of one',
      needs: limits.MOVE_STREAM_MS + limits.PARTICIPANT_CALL_MS + limits.DATABASE_MS,
      has: FUNCTIONS.operate.timeoutS * 1000,
    },
    {
      name: 'participant has time to take a stream over, and to put a pin',
      needs: limits.HOME_MOVING_MS + limits.SEAL_MS + 2 * limits.TRANSACTION_DATABASE_MS,
      has: participant.timeoutS * 1000,
    },
    {
      name: 'turn has time for a call of another Region',
      needs: limits.PARTICIPANT_CALL_MS + 1,
      has: turn.timeoutS * 1000,
    },
    {
      // Reads the intent, queries its decision here and elsewhere, makes it, and finalises the intent.
      name: 'resolver has time to read an intent, query and make its decision, and finalise the intent',
      needs: 3 * limits.RESOLVER_DATABASE_MS + 2 * ASK_DECISION_MS,
      has: resolver.timeoutS * 1000,
    },
    {
      name: 'the resolver has three attempts within the recovery time',
      needs: RESOLVER_SLACK_MS + 2 * resolver.queue.visibilityS * 1000,
      has: RECOVERY_MS,
    },
    {
      name: 'a message to the resolver can be delayed until the latest possible deadline',
      needs: limits.MAX_TRANSACTION_MS + Math.max(RESOLVER_SLACK_MS, limits.RESOLVER_ELSEWHERE_MS),
      has: limits.SQS_MAX_DELAY_S * 1000,
    },
    {
      name: 'a reader waits for a decision no longer than a writer',
      needs: limits.READ_DECISION_MS,
      has: ASK_DECISION_MS,
    },
    { name: 'an append has time to query a decision', needs: ASK_DECISION_MS, has: limits.APPEND_MS },
  ];
}

function sizeRelations(limits: Limits): Relation[] {
  const { PUT_EVENTS_BYTES, MAX_ITEM_BYTES, MAX_COMMIT_BYTES, MAX_PROBLEM_BYTES } = limits;
  return [
    // An entry adds the source, the detail type, names and the trace.
    { name: 'an event of the largest commit fits on the bus', needs: MAX_COMMIT_BYTES + 4096, has: PUT_EVENTS_BYTES },
    { name: 'the largest commit fits in an item', needs: MAX_COMMIT_BYTES, has: MAX_ITEM_BYTES },
    {
      name: 'the largest conflict fits on the bus',
      needs: limits.ANNOUNCED_ABOUT_BYTES + limits.MAX_ANNOUNCED_AGAINST * LISTED_DOT_BYTES + 32 * 1024,
      has: PUT_EVENTS_BYTES,
    },
    { name: 'the largest problem fits on the bus', needs: MAX_PROBLEM_BYTES + 4096, has: PUT_EVENTS_BYTES },
    { name: 'the largest problem fits in an item', needs: MAX_PROBLEM_BYTES, has: MAX_ITEM_BYTES },
    {
      name: 'the name of an event fits in its detail-type',
      needs: limits.MAX_NAME_CHARACTERS,
      has: limits.DETAIL_TYPE_CHARACTERS,
    },
    // meridian.<type>@<event>
    {
      name: 'the name of an event and its stream type fit in the name of a registry schema',
      needs: 'meridian.@'.length + limits.MAX_TYPE_CHARACTERS + limits.MAX_NAME_CHARACTERS,
      has: limits.REGISTRY_NAME_CHARACTERS,
    },
    // detail.participants[0].operation.events[0].data in the input of the state machine, and the same on the bus.
    {
      name: 'the most deeply nested data fits in a message',
      needs: limits.MAX_NESTING + ENVELOPE_LEVELS,
      has: limits.MAX_MESSAGE_NESTING,
    },
    {
      name: 'the bus accepts the most deeply nested message',
      needs: limits.MAX_MESSAGE_NESTING + ENVELOPE_LEVELS,
      has: limits.BUS_NESTING,
    },
    {
      name: 'a transaction with all its refusals fits in a state of the state machine',
      needs: limits.MAX_TRANSACTION_BYTES + limits.MAX_PARTICIPANTS * limits.MAX_REFUSAL_BYTES,
      has: limits.MACHINE_STATE_BYTES,
    },
    {
      name: 'the streams and the decision of a one-Region transaction fit in one write',
      needs: limits.MAX_PARTICIPANTS + 1,
      has: limits.MAX_TRANSACTION_ITEMS,
    },
    // A number has at most 38 digits.
    {
      name: 'what a subscriber adds to a row for one event fits in an item',
      needs: limits.MAX_SORT_KEY_BYTES + limits.MAX_ADDED_FIELDS * (limits.MAX_SORT_KEY_BYTES + 40),
      has: MAX_ITEM_BYTES,
    },
    { name: 'a part of a snapshot fits in an item', needs: limits.SNAPSHOT_PART_BYTES, has: MAX_ITEM_BYTES },
  ];
}

function answerRelations(limits: Limits): Relation[] {
  const { LAMBDA_PAYLOAD_BYTES } = limits;
  return [
    {
      name: 'the largest request body fits in a Lambda request',
      needs: limits.MAX_BODY_BYTES,
      has: LAMBDA_PAYLOAD_BYTES,
    },
    {
      name: 'the largest response body fits in a Lambda response',
      needs: limits.MAX_ANSWER_BYTES,
      has: LAMBDA_PAYLOAD_BYTES,
    },
    {
      name: 'a page of commits or rows fits in a response, with its cursor',
      needs: limits.PAGE_BYTES + 4096,
      has: limits.MAX_ANSWER_BYTES,
    },
    // An escaped character takes at most six bytes; ids and streams have 300 characters each.
    {
      name: 'the shortened problems of all envelopes of a request fit in a response',
      needs: 6 * limits.MAX_ENVELOPES * (limits.MAX_PROBLEM_OF_MANY_BYTES + 2 * 300),
      has: limits.MAX_ANSWER_BYTES,
    },
    {
      name: 'the API accepts the requests of our own client',
      needs: limits.CLIENT_BODY_BYTES,
      has: limits.MAX_BODY_BYTES,
    },
    // A character takes at most four bytes in UTF-8.
    {
      name: 'a list of quarantined messages fits in a response',
      needs: limits.QUARANTINE_ANSWER_BYTES,
      has: LAMBDA_PAYLOAD_BYTES,
    },
  ];
}
