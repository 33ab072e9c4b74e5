import { describe, expect, it } from 'vitest';
import { FUNCTIONS, type FunctionId, type QueueConsumerId, type QueueLimits } from '../../../core/limits/functions.ts';
import { LIMITS, type Limits, limitFaults, limitRelations } from '../../../core/limits/relations.ts';

type Numbers = Partial<Omit<Limits, 'FUNCTIONS'>>;

/** The limits with other numbers. */
function but(changed: Numbers): Limits {
  return { ...LIMITS, ...changed };
}
/** The limits with another timeout of a function. */
function slower(id: FunctionId, timeoutS: number): Limits {
  return { ...LIMITS, FUNCTIONS: { ...FUNCTIONS, [id]: { ...FUNCTIONS[id], timeoutS } } };
}
/** The limits with another queue of a function. */
function queueOf(id: QueueConsumerId, changed: Partial<QueueLimits>): Limits {
  const { queue } = FUNCTIONS[id];
  return { ...LIMITS, FUNCTIONS: { ...FUNCTIONS, [id]: { ...FUNCTIONS[id], queue: { ...queue, ...changed } } } };
}
function streamOf(changed: { readonly retries?: number; readonly maxAgeS?: number }): Limits {
  const { relay } = FUNCTIONS;
  return { ...LIMITS, FUNCTIONS: { ...FUNCTIONS, relay: { ...relay, stream: { ...relay.stream, ...changed } } } };
}

const functions = [
  'api',
  'ingest',
  'command',
  'relay',
  'projection',
  'operate',
  'participant',
  'turn',
  'coordinate',
  'resolver',
  'live',
  'subscriber',
  'stream-lookup',
] as const satisfies readonly FunctionId[];
const consumers = ['ingest', 'projection', 'resolver', 'subscriber'] as const satisfies readonly QueueConsumerId[];

/** For each relation, limits that violate it. */
const broken: Readonly<Record<string, Limits>> = {
  ...Object.fromEntries(functions.map((id) => [`Lambda allows the timeout of ${id}`, slower(id, 901)])),
  ...Object.fromEntries(
    consumers.flatMap((id) => {
      const timeouts = id === 'resolver' ? 1 : 6;
      const { visibilityS } = FUNCTIONS[id].queue;
      return [
        [
          `messages of ${id} are hidden for at least ${timeouts} times its timeout`,
          queueOf(id, { visibilityS: visibilityS - 1 }),
        ],
        [
          `messages of ${id} are hidden for at most ${timeouts} times its timeout`,
          queueOf(id, { visibilityS: visibilityS + 1 }),
        ],
        [`SQS allows the visibility timeout of ${id}`, queueOf(id, { visibilityS: 43_201 })],
        [`SQS allows the number of receives of ${id}`, queueOf(id, { maxReceives: 1001 })],
        [`all retries of a message of ${id} fit into its retention`, but({ QUEUE_RETENTION_S: 1000 })],
        [`Lambda allows the batch size of ${id} with its batching window`, queueOf(id, { batchSize: 11 })],
      ];
    }),
  ),
  'Lambda allows the retries of relay': streamOf({ retries: 10_001 }),
  'a record that relay discards leaves time for the records behind it': streamOf({ maxAgeS: 7 * 60 * 60 }),
  "the SDK's retries fit into a call of the table": but({ SDK_TRIES: 4 }),
  "two of the SDK's attempts fit into a call of the bus": but({ SDK_REQUEST_MS: 7_000 }),
  'a batch for the bus also fits into a batch for a queue': but({ PUT_EVENTS_ENTRIES: 11 }),
  'a snapshot does not delay an append beyond its limit': but({ SNAPSHOT_MS: 6_000 }),
  'command has time for an append and a call of the table': but({ APPEND_MS: 26_000 }),
  'command has time to wait for a transaction and call the table': but({ PASSED_ON_WAIT_MS: 26_000 }),
  'a caller of command waits until command gives up': but({ REMOTE_MS: 29_999 }),
  'a caller of command gives up before the function times out': slower('command', 30),
  'api has more time than the function that it calls': slower('command', 60),
  'ingest has more time than the function that it calls': slower('ingest', 45),
  'api has time to send the last envelope to another Region': but({ BEGIN_MS: 30_000 }),
  'api has time to append the last envelope in its own Region': but({ BEGIN_MS: 31_000 }),
  'api has time for the longest wait that a caller may request': but({ MAX_WAIT_S: 60 }),
  'the default wait is allowed': but({ DEFAULT_WAIT_S: 51 }),
  'api has time for the longest wait of a read, and for two loads after it': but({ MAX_CATCH_UP_S: 17 }),
  'the default wait of a read is allowed': but({ CATCH_UP_MS: 10_001 }),
  'our own client waits longer than api runs': but({ HTTP_CLIENT_MS: 60_000 }),
  'ingest has time to send the last message to another Region and publish its receipt': but({ MESSAGING_MS: 23_000 }),
  'ingest has time to wait for the last transaction and publish its receipt': but({ INGEST_TRANSACT_MS: 36_000 }),
  'relay has time for a call of the bus, one of a queue and one of the table': but({ DATABASE_MS: 31_000 }),
  'projection has time for its retries, a read, a write and a message to itself': but({ PROJECT_MS: 16_000 }),
  'subscriber has time for the reads and the write of the last event that it starts, and messages to itself': slower(
    'subscriber',
    59,
  ),
  'a message that is left to another Region can be delayed until it is looked at again': but({ STANDBY_MS: 900_001 }),
  'a subscriber that has stopped after a move has had time to learn of it before the next Region begins': but({
    PLACEMENT_MS: 15_001,
  }),
  'a subscriber looks at a first event again when it may begin with it': but({ WAITING_MS: 299_999 }),
  'a message that waits can be delayed until it is looked at again': but({ WAITING_MS: 900_001 }),
  'a message that waits, and could not be sent again, is not delivered again before it would be looked at': but({
    WAITING_MS: 360_001,
  }),
  'subscriber has time for two requests to a Region that hangs and one to the next Region': but({
    FUNCTION_CLIENT_MS: 16_000,
  }),
  'our own client in a function waits longer than an append takes': but({ APPEND_MS: 12_000 }),
  'our own client in a function waits longer than the API waits for a transaction': but({ DEFAULT_WAIT_S: 12 }),
  'our own client in a function waits longer than a read waits': but({ MAX_CATCH_UP_S: 12 }),
  'SQS allows the visibility timeout of a subscriber with the longest timeout': but({ SQS_MAX_VISIBILITY_S: 5_399 }),
  'all retries of a message of a subscriber with the longest timeout fit into its retention': but({
    QUEUE_RETENTION_S: 53_999,
  }),
  'operate has time for the retries, the read and the write of the last work that a step starts': but({
    STEP_MS: 10_001,
  }),
  'operate has time to follow a stream from Region to Region, and for a last call of one': but({
    MOVE_STREAM_MS: 10_001,
  }),
  'a quarantined message stays hidden while a call works on it': but({ QUARANTINE_LOOK_MS: 16_000 }),
  'messages that a redrive passed over are still hidden during its next call': but({ QUARANTINE_PASS_MS: 59_000 }),
  'a projector has forgotten what its table lacks when an entry is compared with the table': but({ AHEAD_MS: 300_001 }),
  'a message about a stream ahead of its table can be delayed until the two are compared': but({
    AHEAD_CHECK_MS: 900_001,
  }),
  'a message about a stream can be delayed until it is looked at again for conflicts': but({ LOOK_AGAIN_MS: 900_001 }),
  'a log is taken for a new one until the stream of its first commit has been looked at again': but({
    STRANGE_LOG_MS: 899_999,
  }),
  'a redelivered message does not bring a commit back after its entry was corrected': but({ AHEAD_ROUNDS: 11 }),
  'no function uses a generation that is deleted': but({ REMOVABLE_AFTER_MS: 59_000 }),
  'SQS allows the retention of messages': but({ QUEUE_RETENTION_S: 1_209_601 }),
  'the id of a message that waited in a queue is still recognised': but({ IDEMPOTENCY_WINDOW_MS: 1_209_599_999 }),
  'the default timeout of a transaction is allowed': but({ DEFAULT_TRANSACTION_MS: 240_001 }),
  "an event from the bus fits into a queue's message": but({ SQS_BATCH_BYTES: 262_144 }),
  'the state machine runs until the longest transaction is finalised': but({
    MAX_TRANSACTION_MS: 270_000,
  }),
  'a task waits longer than its function runs': but({ MACHINE_GRACE_S: 0 }),
  'a Region that passes a transaction on receives its outcome': but({ PASSED_ON_WAIT_MS: 31_000 }),
  'a health check waits for the table for longer than live does': but({ LIVE_READ_MS: 2_000 }),
  'live has time for its read': slower('live', 1),
  'coordinate has time to read earlier decisions and make one': but({ TRANSACTION_DATABASE_MS: 7_501 }),
  'participant has time to load a stream, wait for an intent, resolve it and write its own': but({
    TRANSACTION_DATABASE_MS: 4_501,
  }),
  'turn has time to wait and for its last round': but({ TURN_MS: 10_001 }),
  'a transaction that is next sees the attempt of the holder for long enough to end it': but({ WATCHED_MS: 2_001 }),
  'an attempt that waits for a younger one is not ended by a younger one meanwhile': but({ HOLD_LIMIT_MS: 2_999 }),
  'an older transaction that is next waits until it may end the attempt of the holder': but({
    HOLD_LIMIT_FOR_OLDER_MS: 3_000,
  }),
  'an append waits until it may end the attempt of the holder': but({ HOLD_LIMIT_MS: 6_001 }),
  'participant has time for a call of another Region': but({ PARTICIPANT_CALL_MS: 32_000 }),
  'participant has time to take a stream over, and to put a pin': but({ SEAL_MS: 14_001 }),
  'turn has time for a call of another Region': slower('turn', 30),
  'resolver has time to read an intent, query and make its decision, and finalise the intent': but({
    RESOLVER_DATABASE_MS: 2_001,
  }),
  'the resolver has three attempts within the recovery time': but({ RECOVERY_MS: 20_000 }),
  'a message to the resolver can be delayed until the latest possible deadline': but({ MAX_TRANSACTION_MS: 900_000 }),
  'a reader waits for a decision no longer than a writer': but({ READ_DECISION_MS: 4_001 }),
  'an append has time to query a decision': but({ APPEND_MS: 3_999 }),
  'an event of the largest commit fits on the bus': but({ MAX_COMMIT_BYTES: 262_144 }),
  'the largest commit fits in an item': but({ MAX_ITEM_BYTES: 255_999 }),
  'the largest conflict fits on the bus': but({ ANNOUNCED_ABOUT_BYTES: 220_000 }),
  'the largest problem fits on the bus': but({ MAX_PROBLEM_BYTES: 262_144 }),
  'the largest problem fits in an item': but({ MAX_PROBLEM_BYTES: 409_601 }),
  'the name of an event fits in its detail-type': but({ MAX_NAME_CHARACTERS: 129 }),
  'the name of an event and its stream type fit in the name of a registry schema': but({ MAX_TYPE_CHARACTERS: 248 }),
  'the most deeply nested data fits in a message': but({ MAX_NESTING: 511 }),
  'the bus accepts the most deeply nested message': but({ MAX_MESSAGE_NESTING: 991 }),
  'a transaction with all its refusals fits in a state of the state machine': but({ MAX_PARTICIPANTS: 63 }),
  'the streams and the decision of a one-Region transaction fit in one write': but({ MAX_PARTICIPANTS: 100 }),
  'the largest request body fits in a Lambda request': but({ MAX_BODY_BYTES: 6_291_457 }),
  'the largest response body fits in a Lambda response': but({ MAX_ANSWER_BYTES: 6_291_457 }),
  'a page of commits or rows fits in a response, with its cursor': but({ PAGE_BYTES: 5_900_000 }),
  'the shortened problems of all envelopes of a request fit in a response': but({ MAX_ENVELOPES: 200 }),
  'the API accepts the requests of our own client': but({ CLIENT_BODY_BYTES: 5_000_001 }),
  'a list of quarantined messages fits in a response': but({ QUARANTINE_ANSWER_BYTES: 6_291_457 }),
  'what a subscriber adds to a row for one event fits in an item': but({ MAX_ADDED_FIELDS: 400 }),
  'a part of a snapshot fits in an item': but({ SNAPSHOT_PART_BYTES: 409_601 }),
};

describe('the limits', () => {
  it('hold together', () => {
    expect(limitFaults()).toEqual([]);
  });

  it('are each broken once in this test', () => {
    expect(Object.keys(broken).sort()).toEqual(
      limitRelations()
        .map(({ name }) => name)
        .sort(),
    );
  });

  it.each(Object.keys(broken))('are refused if broken: %s', (name) => {
    expect(limitFaults(broken[name])).toContainEqual(
      expect.stringMatching(new RegExp(`^${RegExp.escape(name)}: \\d+ exceeds \\d+\\.`)),
    );
  });

  it('allow larger batches of a queue if Lambda waits for them', () => {
    const faults = limitFaults(queueOf('ingest', { batchSize: 100, windowS: 1 }));
    expect(faults.filter((fault) => fault.includes('batch size of ingest'))).toEqual([]);
  });
});
