import * as aws from './aws.ts';
import * as budgets from './budgets.ts';
import { FUNCTIONS, type FunctionId, HIDDEN_TIMEOUTS } from './functions.ts';

type Numbers = typeof aws & typeof budgets;
type Widened<T> = T extends number
  ? number
  : T extends boolean
    ? boolean
    : { readonly [Member in keyof T]: Widened<T[Member]> };

/** Every limit that a relation speaks of. */
export type Limits = {
  readonly [Name in keyof Numbers as Numbers[Name] extends number ? Name : never]: number;
} & { readonly FUNCTIONS: Widened<typeof FUNCTIONS> };

/** What is deployed. */
export const LIMITS: Limits = { ...aws, ...budgets, FUNCTIONS };

/** One limit that has to be at most another. */
interface Relation {
  /** What has to hold. */
  readonly name: string;
  readonly needs: number;
  readonly has: number;
}

/** A message of the resolver has to come again soon. */
const RESOLVER_HIDDEN_TIMEOUTS = 1;

/** What has to hold between limits, so that no caller gives up what its callee still works on, and whatever is begun can end. */
export function limitRelations(limits: Limits = LIMITS): readonly Relation[] {
  return [
    ...functionRelations(limits),
    ...serviceRelations(limits),
    ...callRelations(limits),
    ...transactionRelations(limits),
    ...sizeRelations(limits),
  ];
}

/**
 * Which relations between limits do not hold.
 * @returns a line for each: what has to hold, and the two numbers
 */
export function limitFaults(limits: Limits = LIMITS): readonly string[] {
  return limitRelations(limits)
    .filter(({ needs, has }) => !(needs <= has))
    .map(({ name, needs, has }) => `${name}: ${needs} is more than ${has}. Change one of them in core/limits/.`);
}

function functionRelations(limits: Limits): Relation[] {
  return Object.entries(limits.FUNCTIONS).flatMap(([id, { timeoutS, ...fed }]) => {
    const relations = [
      { name: `the timeout of ${id} is one that Lambda takes`, needs: timeoutS, has: limits.LAMBDA_MAX_S },
    ];
    if ('queue' in fed) {
      const { batchSize, windowS, maxReceives, visibilityS } = fed.queue;
      const timeouts = id === 'resolver' ? RESOLVER_HIDDEN_TIMEOUTS : HIDDEN_TIMEOUTS;
      relations.push(
        {
          name: `messages of ${id} are hidden for ${timeouts} of its timeouts`,
          needs: timeouts * timeoutS,
          has: visibilityS,
        },
        { name: `messages of ${id} are hidden for no longer`, needs: visibilityS, has: timeouts * timeoutS },
        { name: `SQS hides messages of ${id} for so long`, needs: visibilityS, has: limits.SQS_MAX_VISIBILITY_S },
        { name: `SQS counts so many receives for ${id}`, needs: maxReceives, has: limits.SQS_MAX_RECEIVES },
        {
          name: `all tries of a message of ${id} are within its retention`,
          needs: maxReceives * visibilityS,
          has: limits.QUEUE_RETENTION_S,
        },
        {
          name: `Lambda takes such a batch for ${id} with such a window`,
          needs: batchSize,
          has: windowS > 0 ? Number.POSITIVE_INFINITY : limits.SQS_MAX_BATCH_WITHOUT_WINDOW,
        },
      );
    }
    if ('stream' in fed)
      relations.push(
        {
          name: `Lambda makes so many retries for ${id}`,
          needs: fed.stream.retries,
          has: limits.TABLE_STREAM_MAX_TRIES,
        },
        {
          name: `a record that ${id} gives up leaves time for those behind it`,
          needs: 4 * fed.stream.maxAgeS,
          has: limits.TABLE_STREAM_RETENTION_S,
        },
      );
    return relations;
  });
}

/** What one call of a service takes, tries of the SDK included. */
function serviceRelations({ DATABASE_MS, MESSAGING_MS, APPEND_MS, ...limits }: Limits): Relation[] {
  return [
    {
      name: "the SDK's tries fit into a call of the table",
      needs: limits.SDK_TRIES * (limits.SDK_CONNECT_MS + limits.SDK_REQUEST_MS),
      has: DATABASE_MS,
    },
    {
      name: 'two of its tries fit into a call of the bus',
      needs: 2 * (limits.SDK_CONNECT_MS + limits.SDK_REQUEST_MS),
      has: MESSAGING_MS,
    },
    {
      name: 'what is sent to the bus at once a queue takes too',
      needs: limits.PUT_EVENTS_ENTRIES,
      has: limits.SQS_BATCH_ENTRIES,
    },
    // What EventBridge wraps around an event: its id, time, account and the like.
    { name: 'a queue takes what the bus hands it', needs: limits.PUT_EVENTS_BYTES + 1024, has: limits.SQS_BATCH_BYTES },
    { name: 'a snapshot does not hold up an append', needs: 2 * limits.SNAPSHOT_MS, has: APPEND_MS },
  ];
}

function callRelations(limits: Limits): Relation[] {
  const { DATABASE_MS, MESSAGING_MS, BEGIN_MS, REMOTE_MS, APPEND_MS, PROJECT_MS, STEP_MS } = limits;
  const time = (id: FunctionId) => limits.FUNCTIONS[id].timeoutS * 1000;
  const longest = Math.max(...Object.values(limits.FUNCTIONS).map(({ timeoutS }) => timeoutS * 1000));
  return [
    { name: 'command: an append, and a call of the table', needs: APPEND_MS + DATABASE_MS, has: time('command') },
    {
      name: 'command: the wait for a transaction, and a call of the table',
      needs: limits.PASSED_ON_WAIT_MS + DATABASE_MS,
      has: time('command'),
    },
    { name: 'whoever calls command waits until it has given up', needs: APPEND_MS + DATABASE_MS, has: REMOTE_MS },
    { name: 'whoever calls command gives up before it is cut off', needs: REMOTE_MS, has: time('command') },
    { name: 'api has more time than the function that it calls', needs: time('command') + 1, has: time('api') },
    { name: 'ingest has more time than the function that it calls', needs: time('command') + 1, has: time('ingest') },
    { name: 'api: what it begins last, in another Region', needs: BEGIN_MS + REMOTE_MS, has: time('api') },
    { name: 'api: what it begins last, here', needs: BEGIN_MS + APPEND_MS + DATABASE_MS, has: time('api') },
    { name: 'api: the longest wait of a caller', needs: limits.MAX_WAIT_S * 1000, has: time('api') - 1000 },
    {
      name: 'a caller who does not say waits no longer than one may',
      needs: limits.DEFAULT_WAIT_S,
      has: limits.MAX_WAIT_S,
    },
    { name: 'our own client waits longer than api works', needs: time('api') + 1, has: limits.HTTP_CLIENT_MS },
    {
      name: 'ingest: what it begins last, in another Region, and its receipt',
      needs: BEGIN_MS + REMOTE_MS + MESSAGING_MS,
      has: time('ingest'),
    },
    {
      name: 'ingest: the transaction that it begins last, and its receipt',
      needs: BEGIN_MS + limits.INGEST_TRANSACT_MS + MESSAGING_MS,
      has: time('ingest'),
    },
    {
      name: 'relay: a call of the bus, of a queue and of the table',
      needs: MESSAGING_MS * 2 + DATABASE_MS,
      has: time('relay'),
    },
    { name: 'projection: its tries, a read and a write', needs: PROJECT_MS + 2 * DATABASE_MS, has: time('projection') },
    {
      name: 'subscriber: what it begins last, a read and a write',
      needs: BEGIN_MS + 2 * DATABASE_MS,
      has: time('subscriber'),
    },
    {
      name: 'operate: what a step begins last, its tries, a read and a write',
      needs: STEP_MS + PROJECT_MS + 2 * DATABASE_MS,
      has: time('operate'),
    },
    {
      name: 'a message of the quarantine is hidden while a call works on it',
      needs: limits.QUARANTINE_LOOK_MS + MESSAGING_MS,
      has: limits.QUARANTINE_HOLD_MS,
    },
    {
      name: 'what a redrive passed over is hidden when its next call looks',
      needs: 2 * limits.QUARANTINE_HOLD_MS,
      has: limits.QUARANTINE_PASS_MS,
    },
    { name: 'no function uses a generation that is removed', needs: longest, has: limits.REMOVABLE_AFTER_MS },
    { name: 'SQS keeps messages for so long', needs: limits.QUEUE_RETENTION_S, has: limits.SQS_MAX_RETENTION_S },
    {
      name: 'a message that waited in a queue is known by its id',
      needs: limits.QUEUE_RETENTION_S * 1000,
      has: limits.IDEMPOTENCY_WINDOW_MS,
    },
  ];
}

function transactionRelations(limits: Limits): Relation[] {
  const { ASK_DECISION_MS, RECOVERY_MS, RESOLVER_SLACK_MS, TRANSACTION_DATABASE_MS, FUNCTIONS } = limits;
  const { coordinate, participant, resolver } = FUNCTIONS;
  return [
    {
      name: 'a transaction has its default time',
      needs: limits.DEFAULT_TRANSACTION_MS,
      has: limits.MAX_TRANSACTION_MS,
    },
    {
      name: 'the state machine lives until the longest transaction is over, and finalises it',
      needs: limits.MAX_TRANSACTION_MS + (participant.timeoutS + limits.MACHINE_GRACE_S) * 1000,
      has: limits.EXPRESS_MACHINE_MS,
    },
    { name: 'a task waits longer than its function works', needs: 1, has: limits.MACHINE_GRACE_S },
    {
      name: 'a Region that passes a transaction on hears of its outcome',
      needs: limits.PASSED_ON_WAIT_MS + 1,
      has: limits.REMOTE_MS,
    },
    {
      name: 'coordinate: what was decided, and a decision',
      needs: 2 * TRANSACTION_DATABASE_MS,
      has: coordinate.timeoutS * 1000,
    },
    {
      // A snapshot; the stream; an intent in the way, its decision asked for, then made, and the intent final; its own intent.
      name: 'participant: a stream, an intent that it ends, and its own',
      needs: limits.SNAPSHOT_MS + 4 * TRANSACTION_DATABASE_MS + 2 * ASK_DECISION_MS,
      has: limits.PARTICIPANT_CALL_MS,
    },
    {
      name: 'participant: a call of another Region',
      needs: limits.PARTICIPANT_CALL_MS + 1,
      has: participant.timeoutS * 1000,
    },
    {
      // The intent; its decision here, elsewhere, then made; and the intent final.
      name: 'resolver: an intent, its decision asked for, then made, and the intent final',
      needs: 3 * limits.RESOLVER_DATABASE_MS + 2 * ASK_DECISION_MS,
      has: resolver.timeoutS * 1000,
    },
    {
      name: 'the resolver has three tries within the time of recovery',
      needs: RESOLVER_SLACK_MS + 2 * resolver.queue.visibilityS * 1000,
      has: RECOVERY_MS,
    },
    {
      name: 'a message to the resolver may wait for the longest deadline',
      needs: limits.MAX_TRANSACTION_MS + RESOLVER_SLACK_MS,
      has: limits.SQS_MAX_DELAY_S * 1000,
    },
    {
      name: 'a reader waits no longer for a decision than a writer',
      needs: limits.READ_DECISION_MS,
      has: ASK_DECISION_MS,
    },
    { name: 'an append may ask for a decision', needs: ASK_DECISION_MS, has: limits.APPEND_MS },
  ];
}

function sizeRelations(limits: Limits): Relation[] {
  const { PUT_EVENTS_BYTES, MAX_ITEM_BYTES, LAMBDA_PAYLOAD_BYTES, MAX_COMMIT_BYTES, MAX_PROBLEM_BYTES } = limits;
  return [
    // What an entry adds: source, detail type, names, trace.
    { name: 'an event of the largest commit fits on the bus', needs: MAX_COMMIT_BYTES + 4096, has: PUT_EVENTS_BYTES },
    { name: 'the largest commit fits in an item', needs: MAX_COMMIT_BYTES, has: MAX_ITEM_BYTES },
    { name: 'the largest problem fits on the bus', needs: MAX_PROBLEM_BYTES + 4096, has: PUT_EVENTS_BYTES },
    { name: 'the largest problem fits in an item', needs: MAX_PROBLEM_BYTES, has: MAX_ITEM_BYTES },
    {
      name: 'a transaction with all its refusals fits in a state of the machine',
      needs: limits.MAX_TRANSACTION_BYTES + limits.MAX_PARTICIPANTS * limits.MAX_REFUSAL_BYTES,
      has: limits.MACHINE_STATE_BYTES,
    },
    {
      name: 'a transaction of one Region fits in one write: its streams and its decision',
      needs: limits.MAX_PARTICIPANTS + 1,
      has: limits.MAX_TRANSACTION_ITEMS,
    },
    { name: 'a body fits in a request', needs: limits.MAX_BODY_BYTES, has: LAMBDA_PAYLOAD_BYTES },
    { name: 'an answer fits', needs: limits.MAX_ANSWER_BYTES, has: LAMBDA_PAYLOAD_BYTES },
    { name: 'our own client sends what the API takes', needs: limits.CLIENT_BODY_BYTES, has: limits.MAX_BODY_BYTES },
    // A character has four bytes at most.
    {
      name: 'what is in the quarantine fits in an answer',
      needs: limits.QUARANTINE_ANSWER_BYTES,
      has: LAMBDA_PAYLOAD_BYTES,
    },
    { name: 'a part of a snapshot fits in an item', needs: limits.SNAPSHOT_PART_BYTES, has: MAX_ITEM_BYTES },
  ];
}
