import { describe, expect, it } from 'vitest';
import { FUNCTIONS, type FunctionId, type QueueConsumerId, type QueueLimits } from '../../../core/limits/functions.ts';
import { LIMITS, type Limits, limitFaults, limitRelations } from '../../../core/limits/relations.ts';

type Numbers = Partial<Omit<Limits, 'FUNCTIONS'>>;

/** With other numbers. */
function but(changed: Numbers): Limits {
  return { ...LIMITS, ...changed };
}
/** With another timeout of a function. */
function slower(id: FunctionId, timeoutS: number): Limits {
  return { ...LIMITS, FUNCTIONS: { ...FUNCTIONS, [id]: { ...FUNCTIONS[id], timeoutS } } };
}
/** With another queue of a function. */
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
  'coordinate',
  'resolver',
  'subscriber',
  'stream-lookup',
] as const satisfies readonly FunctionId[];
const consumers = ['ingest', 'projection', 'resolver', 'subscriber'] as const satisfies readonly QueueConsumerId[];

/** For each relation limits of which it does not hold. */
const broken: Readonly<Record<string, Limits>> = {
  ...Object.fromEntries(functions.map((id) => [`the timeout of ${id} is one that Lambda takes`, slower(id, 901)])),
  ...Object.fromEntries(
    consumers.flatMap((id) => {
      const timeouts = id === 'resolver' ? 1 : 6;
      const { visibilityS } = FUNCTIONS[id].queue;
      return [
        [`messages of ${id} are hidden for ${timeouts} of its timeouts`, queueOf(id, { visibilityS: visibilityS - 1 })],
        [`messages of ${id} are hidden for no longer`, queueOf(id, { visibilityS: visibilityS + 1 })],
        [`SQS hides messages of ${id} for so long`, queueOf(id, { visibilityS: 43_201 })],
        [`SQS counts so many receives for ${id}`, queueOf(id, { maxReceives: 1001 })],
        [`all tries of a message of ${id} are within its retention`, but({ QUEUE_RETENTION_S: 1000 })],
        [`Lambda takes such a batch for ${id} with such a window`, queueOf(id, { batchSize: 11 })],
      ];
    }),
  ),
  'Lambda makes so many retries for relay': streamOf({ retries: 10_001 }),
  'a record that relay gives up leaves time for those behind it': streamOf({ maxAgeS: 7 * 60 * 60 }),
  "the SDK's tries fit into a call of the table": but({ SDK_TRIES: 4 }),
  'two of its tries fit into a call of the bus': but({ SDK_REQUEST_MS: 7_000 }),
  'what is sent to the bus at once a queue takes too': but({ PUT_EVENTS_ENTRIES: 11 }),
  'a snapshot does not hold up an append': but({ SNAPSHOT_MS: 6_000 }),
  'command: an append, and a call of the table': but({ APPEND_MS: 26_000 }),
  'command: the wait for a transaction, and a call of the table': but({ PASSED_ON_WAIT_MS: 26_000 }),
  'whoever calls command waits until it has given up': but({ REMOTE_MS: 29_999 }),
  'whoever calls command gives up before it is cut off': slower('command', 30),
  'api has more time than the function that it calls': slower('command', 60),
  'ingest has more time than the function that it calls': slower('ingest', 45),
  'api: what it begins last, in another Region': but({ BEGIN_MS: 30_000 }),
  'api: what it begins last, here': but({ BEGIN_MS: 31_000 }),
  'api: the longest wait of a caller': but({ MAX_WAIT_S: 60 }),
  'a caller who does not say waits no longer than one may': but({ DEFAULT_WAIT_S: 51 }),
  'our own client waits longer than api works': but({ HTTP_CLIENT_MS: 60_000 }),
  'ingest: what it begins last, in another Region, and its receipt': but({ MESSAGING_MS: 23_000 }),
  'ingest: the transaction that it begins last, and its receipt': but({ INGEST_TRANSACT_MS: 36_000 }),
  'relay: a call of the bus, of a queue and of the table': but({ DATABASE_MS: 31_000 }),
  'projection: its tries, a read and a write': but({ PROJECT_MS: 21_000 }),
  'subscriber: what it begins last, a read and a write': slower('subscriber', 49),
  'operate: what a step begins last, its tries, a read and a write': but({ STEP_MS: 10_001 }),
  'a message of the quarantine is hidden while a call works on it': but({ QUARANTINE_LOOK_MS: 16_000 }),
  'what a redrive passed over is hidden when its next call looks': but({ QUARANTINE_PASS_MS: 59_000 }),
  'no function uses a generation that is removed': but({ REMOVABLE_AFTER_MS: 59_000 }),
  'SQS keeps messages for so long': but({ QUEUE_RETENTION_S: 1_209_601 }),
  'a message that waited in a queue is known by its id': but({ IDEMPOTENCY_WINDOW_MS: 1_209_599_999 }),
  'a transaction has its default time': but({ DEFAULT_TRANSACTION_MS: 240_001 }),
  'a queue takes what the bus hands it': but({ SQS_BATCH_BYTES: 262_144 }),
  'the state machine lives until the longest transaction is over, and finalises it': but({
    MAX_TRANSACTION_MS: 270_000,
  }),
  'a task waits longer than its function works': but({ MACHINE_GRACE_S: 0 }),
  'a Region that passes a transaction on hears of its outcome': but({ PASSED_ON_WAIT_MS: 31_000 }),
  'coordinate: what was decided, and a decision': but({ TRANSACTION_DATABASE_MS: 7_501 }),
  'participant: a stream, an intent that it ends, and its own': but({ TRANSACTION_DATABASE_MS: 4_251 }),
  'participant: a call of another Region': but({ PARTICIPANT_CALL_MS: 30_000 }),
  'resolver: an intent, its decision asked for, then made, and the intent final': but({ RESOLVER_DATABASE_MS: 2_001 }),
  'the resolver has three tries within the time of recovery': but({ RECOVERY_MS: 20_000 }),
  'a message to the resolver may wait for the longest deadline': but({ MAX_TRANSACTION_MS: 900_000 }),
  'a reader waits no longer for a decision than a writer': but({ READ_DECISION_MS: 4_001 }),
  'an append may ask for a decision': but({ APPEND_MS: 3_999 }),
  'an event of the largest commit fits on the bus': but({ MAX_COMMIT_BYTES: 262_144 }),
  'the largest commit fits in an item': but({ MAX_ITEM_BYTES: 255_999 }),
  'the largest problem fits on the bus': but({ MAX_PROBLEM_BYTES: 262_144 }),
  'the largest problem fits in an item': but({ MAX_PROBLEM_BYTES: 409_601 }),
  'a transaction with all its refusals fits in a state of the machine': but({ MAX_PARTICIPANTS: 63 }),
  'a transaction of one Region fits in one write: its streams and its decision': but({ MAX_PARTICIPANTS: 100 }),
  'a body fits in a request': but({ MAX_BODY_BYTES: 6_291_457 }),
  'an answer fits': but({ MAX_ANSWER_BYTES: 6_291_457 }),
  'our own client sends what the API takes': but({ CLIENT_BODY_BYTES: 5_000_001 }),
  'what is in the quarantine fits in an answer': but({ QUARANTINE_ANSWER_BYTES: 6_291_457 }),
  'a part of a snapshot fits in an item': but({ SNAPSHOT_PART_BYTES: 409_601 }),
};

describe('the limits', () => {
  it('fit together', () => {
    expect(limitFaults()).toEqual([]);
  });

  it('are known to be broken, each relation of them', () => {
    expect(Object.keys(broken).sort()).toEqual(
      limitRelations()
        .map(({ name }) => name)
        .sort(),
    );
  });

  it.each(Object.keys(broken))('are refused where not: %s', (name) => {
    expect(limitFaults(broken[name])).toContainEqual(
      expect.stringMatching(new RegExp(`^${RegExp.escape(name)}: \\d+ is more than \\d+\\.`)),
    );
  });

  it('take larger batches of a queue where Lambda waits for them', () => {
    const faults = limitFaults(queueOf('ingest', { batchSize: 100, windowS: 1 }));
    expect(faults.filter((fault) => fault.includes('such a batch for ingest'))).toEqual([]);
  });
});
