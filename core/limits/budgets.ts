/** What we allow ourselves: `_MS` milliseconds, `_S` seconds, `_BYTES` bytes. relations.ts says how they depend on each other. */

// Calls of services. Each is the time of a whole call of an adapter, all its pages and the SDK's retries included.

export const DATABASE_MS = 20_000;
/** The same by `coordinate` and `participant`, whose own time is short, and by `resolver`, whose time is shorter. */
export const TRANSACTION_DATABASE_MS = 4_000;
export const RESOLVER_DATABASE_MS = 2_000;
/** Of the bus or a queue. */
export const MESSAGING_MS = 15_000;
/** Of the snapshots: an append or a read waits for one, and goes on without. */
export const SNAPSHOT_MS = 2_000;
/** Of another Region's function. */
export const REMOTE_MS = 31_000;
/** The same by `participant`, whose own time is short. */
export const PARTICIPANT_CALL_MS = 27_000;
/** Of Lambda in another Region, by a function of a team's own that looks up where the API is: a Region that is lost must not hold it up. */
export const ENDPOINT_LOOKUP_MS = 2_000;
/** A connection and one request of an SDK, which tries so often in a call. */
export const SDK_CONNECT_MS = 1_000;
export const SDK_REQUEST_MS = 5_000;
export const SDK_TRIES = 3;

// Work inside a function.

/** For so long an append tries to get a position. */
export const APPEND_MS = 10_000;
/** For so long a transaction of one Region tries to get its positions, if its own time is not shorter. */
export const ONE_REGION_MS = 10_000;
/** For so long a projection tries against concurrent ones. */
export const PROJECT_MS = 10_000;
/**
 * For so long messages of a batch, or envelopes of a request, are begun: one that then waits for another Region leaves time
 * enough to tell what became of all the others.
 */
export const BEGIN_MS = 10_000;
/** For so long `ingest` waits for a transaction's outcome; its message comes again after that. */
export const INGEST_TRANSACT_MS = 10_000;
/** For so long a step of `operate` begins something new. */
export const STEP_MS = 10_000;
/** For so long a reader waits for a version that its Region has not seen. */
export const CATCH_UP_MS = 2_000;
/** For so long a reader waits for what another Region decided. */
export const READ_DECISION_MS = 2_000;
/** For so long a writer does: a Region that hangs must not hold up what waits for its intents. */
export const ASK_DECISION_MS = 4_000;
/** A generation of a view that is not read any more may be removed after so long, when no function uses it. */
export const REMOVABLE_AFTER_MS = 120_000;
/** Parts of the table that `republish` and `rebuild` may read side by side. */
export const MAX_REPUBLISH_SEGMENTS = 1_000;
export const MAX_REBUILD_SEGMENTS = 32;
/** A warm copy of a stream that other Regions write too is used for so long. */
export const WARM_MS = 1_000;
/** A stamp so far ahead of the wall clock is reported; it is adopted all the same. */
export const CLOCK_AHEAD_MS = 500;
/** Within this time another Region has usually got a commit of a `merge` stream, and builds on it: a snapshot waits for it. */
export const SNAPSHOT_SETTLE_MS = 60_000;
/** For so long a subscriber whose log begins in its middle waits for something earlier. */
export const FIRST_EVENT_WAIT_MS = 300_000;
/** How often a write is tried that meets another one of the same item: a transaction, or one in another Region. */
export const CONFLICT_TRIES = 6;
/** How often a batch is sent of which DynamoDB left something undone. */
export const BATCH_TRIES = 8;

// Callers of the HTTP API.

export const DEFAULT_WAIT_S = 10;
/** The longest wait that a caller may ask for. */
export const MAX_WAIT_S = 50;
/** Rows or commits of a page whose caller does not say, and at most. */
export const DEFAULT_PAGE = 100;
export const MAX_PAGE = 1_000;
/** For so long our own client waits for an answer. */
export const HTTP_CLIENT_MS = 65_000;

// Transactions.

export const DEFAULT_TRANSACTION_MS = 30_000;
export const MAX_TRANSACTION_MS = 240_000;
/** A Region that passes a transaction on to its driving Region waits so long for the outcome. */
export const PASSED_ON_WAIT_MS = 20_000;
/** Against so many other writers `participant` tries for a position: then the stream counts as busy, and lets the others go. */
export const PREPARE_TRIES = 8;
/** Between attempts so many seconds pass at most. */
export const MAX_ATTEMPT_PAUSE_S = 8;
/** With less time than that left no other attempt begins. */
export const MIN_ATTEMPT_MS = 1_000;
/** A message to the resolver comes so much after the deadline. */
export const RESOLVER_SLACK_MS = 1_000;
/** So long after its deadline an attempt should have been ended by the resolver. */
export const RECOVERY_MS = 30_000;
/** How much longer than its function may run a task of the state machine waits for the answer. */
export const MACHINE_GRACE_S = 5;
/** How often a task of the state machine is tried. */
export const MACHINE_TRIES = 4;
/** The longest first pause between these; each further one is twice as long, with full jitter. */
export const MACHINE_FIRST_PAUSE_S = 1;

// The quarantine.

/** For so long a call looks for further messages. */
export const QUARANTINE_LOOK_MS = 10_000;
/** For so long a message is hidden from others while a call works on it. */
export const QUARANTINE_HOLD_MS = 30_000;
/** For so long what a redrive passed over stays hidden, so that its next call goes on behind it. */
export const QUARANTINE_PASS_MS = 120_000;
/** Of all messages in an answer, as JSON. One that is larger by itself is alone in its answer. */
export const QUARANTINE_ANSWER_BYTES = 4_500_000;

// How long things are kept.

/** For so long an id means the same request. */
export const IDEMPOTENCY_WINDOW_MS = 14 * 24 * 60 * 60 * 1000;
/** Messages wait in queues, and events in a subscriber's table for their predecessors, for so long at most. */
export const QUEUE_RETENTION_S = 14 * 24 * 60 * 60;

// Sizes. Those of commits, transactions and problems are of their JSON.

export const MAX_EVENTS = 100;
export const MAX_COMMIT_BYTES = 256_000;
/** Checks included. */
export const MAX_PARTICIPANTS = 25;
export const MAX_TRANSACTION_BYTES = 200_000;
/** A problem document in a receipt, in a decision and in its announcement. */
export const MAX_PROBLEM_BYTES = 200_000;
/** The same in the answer of a participant: those of all of them are in one state of the machine, beside the transaction. */
export const MAX_REFUSAL_BYTES = 1_000;
/** Envelopes of one request of the HTTP API. */
export const MAX_ENVELOPES = 100;
export const MAX_BODY_BYTES = 5_000_000;
export const MAX_ANSWER_BYTES = 5_900_000;
/** The body of a request that our own client makes of many envelopes. */
export const CLIENT_BODY_BYTES = 4_000_000;
/** One item of a snapshot that is kept in several. */
export const SNAPSHOT_PART_BYTES = 340 * 1024;
