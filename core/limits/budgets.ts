/**
 * Our own limits: `_MS` milliseconds, `_S` seconds, `_BYTES` bytes. relations.ts states how they depend on each
 * other.
 */

// Service calls. Each limit covers one call of an adapter: all pages and the SDK's retries.

export const DATABASE_MS = 20_000;
/**
 * A call of a table by `coordinate`, `participant` or `turn`, which have less time than other functions, and by
 * `resolver`, which has the least.
 */
export const TRANSACTION_DATABASE_MS = 4_000;
export const RESOLVER_DATABASE_MS = 2_000;
/** A call of the bus or a queue. */
export const MESSAGING_MS = 15_000;
/** A call of its own queue by a function that has little time left beside its calls of the table. */
export const OWN_QUEUE_MS = 5_000;
/** A read of the placement by a subscriber, which has little time left beside its calls of its table. */
export const SUBSCRIBER_PLACEMENT_MS = 5_000;
/** A read of a snapshot: an append or a read waits for it, then continues without it. */
export const SNAPSHOT_MS = 2_000;
/** A call of another Region's function. */
export const REMOTE_MS = 31_000;
/** A call of another Region's function by `participant` or `turn`, which have less time. */
export const PARTICIPANT_CALL_MS = 30_000;
/**
 * A call of Lambda in another Region, by a team's own function that looks up the API's address: a lost Region must not delay it.
 */
export const ENDPOINT_LOOKUP_MS = 2_000;
/** The time limits of a connection and of one request of an SDK, and its attempts in a call. */
export const SDK_CONNECT_MS = 1_000;
export const SDK_REQUEST_MS = 5_000;
export const SDK_TRIES = 3;

// Work within a function.

/** How long an append tries to get a position. */
export const APPEND_MS = 10_000;
/** How long a one-Region transaction tries to get its positions, unless its own timeout is shorter. */
export const ONE_REGION_MS = 10_000;
/**
 * The shards of each list of conflicts: each takes about a thousand changes a second, and is read for each page.
 */
export const LEDGER_SHARDS = 4;
/** The commits that an announced conflict lists as those that its commit conflicts with; the ledger has more. */
export const MAX_ANNOUNCED_AGAINST = 100;
/** What an announced conflict says that its commits disagree about: the names of parts are those of fields and keys. */
export const ANNOUNCED_ABOUT_BYTES = 128 * 1024;
/** How often the open conflicts are counted, in seconds. */
export const CONFLICTS_COUNT_S = 15 * 60;
/** The open conflicts that are counted at once. */
export const MAX_COUNTED_CONFLICTS = 1000;
/** How long a projection retries after conflicts with concurrent projections. */
export const PROJECT_MS = 10_000;
/**
 * The time after which no further message of a batch, or envelope of a request, is started: the last one may wait for
 * another Region, and time must remain to report all results.
 */
export const BEGIN_MS = 10_000;
/** How long `ingest` waits for a transaction's outcome before its message is redelivered. */
export const INGEST_TRANSACT_MS = 10_000;
/** The time after which a step of `operate` starts no new work. */
export const STEP_MS = 10_000;
/**
 * How long a projector keeps a stream with commits that its table lacks: then the table alone decides again what the
 * stream is.
 */
export const AHEAD_MS = 60_000;
/**
 * How long after an entry was written ahead of its table the two are compared, and again as long as the table is behind. Less than
 * the age of a queue's messages that raises an alarm.
 */
export const AHEAD_CHECK_MS = 300_000;
/**
 * How often they are compared at most: then what the table has is all that there is, and the entry is corrected. A
 * replication that is delayed has six hours.
 */
export const AHEAD_ROUNDS = 72;
/**
 * How long after the arrival of a commit, in a log that relay does not know, its stream is looked at again for conflicts: by then the commits
 * have arrived that were written at the same time.
 */
export const LOOK_AGAIN_MS = 15 * 60 * 1000;
/** How long after it was written such a commit is taken for one in a log that has just got its name: longer than a deployment to all Regions. */
export const STRANGE_LOG_MS = 24 * 60 * 60 * 1000;
/** Streams in one message about those that are ahead of the table, and commits of each. */
export const AHEAD_STREAMS = 10;
export const AHEAD_COMMITS = 50;
/**
 * The least number of commits of a stream that a projector keeps. A shorter one is loaded again by one query, which costs
 * less than those for what is missing.
 */
export const KEEP_COMMITS = 25;
/** Queries of each shard for one page of a view; a page that would need more ends early. */
export const PAGE_ROUNDS = 4;
/** How long a read waits for a version that its Region has not seen, unless its caller says. */
export const CATCH_UP_MS = 2_000;
/** The longest such wait that a caller may ask for. */
export const MAX_CATCH_UP_S = 10;
/** Streams whose versions one read of a view waits for. */
export const MAX_STREAMS_AT_LEAST = 50;
/** How long a read waits for a decision of another Region. */
export const READ_DECISION_MS = 2_000;
/**
 * How long a write waits for a decision of another Region: a Region that hangs must not block the writers of streams
 * that its transactions hold.
 */
export const ASK_DECISION_MS = 4_000;
/** Time after which a retired generation of a view may be deleted, because no function uses it any more. */
export const REMOVABLE_AFTER_MS = 120_000;
/** Segments of the table that `republish` and `rebuild` may read in parallel. */
export const MAX_REPUBLISH_SEGMENTS = 1_000;
export const MAX_REBUILD_SEGMENTS = 32;
/** Items that one call of `verify` looks at, and streams that it loads. */
export const MAX_VERIFIED = 100;
/** Digests of commits that one call returns. */
export const MAX_DIGESTS = 1_000;
/** How long a stream in memory is used without reading the table, if other Regions write it too. */
export const WARM_MS = 1_000;
/** How long a process uses the placement of homes that it has read. */
export const PLACEMENT_MS = 2_000;
/**
 * How long all Regions show a move before it may be complete: a process may use what it read for 2 s, a function runs for up to a
 * minute, and a signed request is accepted for up to 15 minutes.
 */
export const COMPLETE_AFTER_MS = 17 * 60_000;
/** How long a write waits for the Regions that wrote a stream before, and a router for a Region that takes a write. */
export const HOME_MOVING_MS = 10_000;
/** How long a Region tries to seal its log, or to put a pin, and the pauses of it while a transaction holds the stream. */
export const SEAL_MS = 8_000;
export const SEAL_POLL_MS = [15, 45] as const;
/** How long the move of the home of one stream follows the stream from Region to Region. */
export const MOVE_STREAM_MS = 10_000;
/** Streams whose newest pin a process remembers, so that it need not be redirected. */
export const KNOWN_PINS = 1_000;
/** A stamp that is further ahead of the wall clock than this is reported, but still adopted. */
export const CLOCK_AHEAD_MS = 500;
/** A function writes nothing if its clock is further ahead of the database's than this. */
export const CLOCK_LIMIT_MS = 15 * 60_000;
/**
 * Time after which other Regions have usually received a commit of a `merge` stream and build on it. Snapshots leave
 * out younger commits.
 */
export const SNAPSHOT_SETTLE_MS = 60_000;
/** How long a subscriber that starts in the middle of a log waits for earlier events. */
export const FIRST_EVENT_WAIT_MS = 300_000;
/**
 * How long an event that waits for its predecessor is left alone: the handling of the predecessor includes it, so it is looked at again
 * only in case that was interrupted. Less than the age of a queue's messages that raises an alarm.
 */
export const WAITING_MS = 360_000;
/**
 * How long a subscriber leaves a message alone that another Region handles. So long it may take until it begins here after a forced move; until
 * the message is known to be handled, it is sent again as often.
 */
export const STANDBY_MS = 60_000;
/**
 * How much longer than the timeout of its function a subscriber does not begin after a planned move: for 2 s the Region before it goes by the
 * placement that it has read. The rest is for clocks that differ, and for its last progress to arrive.
 */
export const HANDOVER_MS = 30_000;
/** Attempts of a write that conflicts with a transaction on the same item, or with a write of another Region. */
export const CONFLICT_TRIES = 6;
/** Attempts of a batch that DynamoDB processes only in part. */
export const BATCH_TRIES = 8;

// Callers of the HTTP API.

export const DEFAULT_WAIT_S = 10;
/** The longest wait that a caller may ask for. */
export const MAX_WAIT_S = 50;
/** How long the check whether a Region lives waits for its table, and how long a process holds the result. */
export const LIVE_READ_MS = 1_000;
export const LIVE_HELD_MS = 5_000;
/** Rows or commits per page: by default, and at most. */
export const DEFAULT_PAGE = 100;
export const MAX_PAGE = 1_000;
/** How long our own client waits for a response. */
export const HTTP_CLIENT_MS = 65_000;
/**
 * How long our own client waits for a response in a team's own function: the client has to reach another Region before
 * the function times out.
 */
export const FUNCTION_CLIENT_MS = 12_000;
/** How many times our own client sends a failing request, in all Regions together. */
export const CLIENT_TRIES = 6;
/**
 * The upper limit of the first pause between our own client's attempts, doubled for each further pause, and the upper
 * limit of every pause.
 */
export const CLIENT_FIRST_PAUSE_MS = 200;
export const CLIENT_MAX_PAUSE_MS = 5_000;
/** How long our own client tries a Region last, after it did not respond. */
export const CLIENT_AVOID_MS = 30_000;
/** Pauses between our own client's polls of a stream that it follows, and of an outcome that it waits for. */
export const CLIENT_POLL_MS = 1_000;
/** Streams whose seen versions a session of our own client remembers. */
export const SESSION_STREAMS = 1_000;
/** Commits that a follower of our own client remembers, to recognize copies. */
export const FOLLOWED_COMMITS = 10_000;

// Transactions.

export const DEFAULT_TRANSACTION_MS = 30_000;
export const MAX_TRANSACTION_MS = 240_000;
/** How long a Region that passes a transaction on to its driving Region waits for the outcome. */
export const PASSED_ON_WAIT_MS = 20_000;
/** How long an undecided attempt may hold a stream that others wait for; for an older transaction, the second number. */
export const HOLD_LIMIT_MS = 4_000;
export const HOLD_LIMIT_FOR_OLDER_MS = 2_000;
/** The most that these limits are multiplied by for later attempts of a transaction, whose participants may be slow. */
export const MAX_HOLD_LIMITS = 4;
/** How long a process must have seen an attempt in its way before it ends it early, whatever the clocks say. */
export const WATCHED_MS = 1_000;
/** How long a process that could not end an attempt waits before it tries to again. */
export const END_AGAIN_MS = 1_000;
/** How long a participant waits as the next holder: after an older transaction, and after a younger one. */
export const WAIT_FOR_OLDER_MS = 400;
export const WAIT_FOR_YOUNGER_MS = 3_000;
/** How long a free position is kept for the next holder if that is an older transaction. */
export const KEPT_FOR_NEXT_MS = 250;
/** How long after an intent was written a mark on it keeps the position after it. */
export const MARK_MS = 10_000;
/** How long a transaction that holds nothing waits for its turn at a stream. */
export const TURN_MS = 10_000;
/**
 * The pause before the next attempt if a turn cannot be waited for: the home has no instance free for it, or the stream cannot be
 * decided on, because only newer code knows one of its events.
 */
export const NO_TURN_MS = 1_000;
/** The ranges of the pauses between polls: of the next holder, of a transaction that holds nothing, and of an append. */
export const NEXT_POLL_MS = [10, 25] as const;
export const TURN_POLL_MS = [40, 120] as const;
export const APPEND_POLL_MS = [15, 45] as const;
/** How often a waiting transaction looks whether its own attempt is decided, and a caller whether there is an outcome. */
export const LOOK_MS = 250;
/**
 * Attempts of `participant` to get a position. After that the stream counts as busy, and the transaction's other
 * streams are released.
 */
export const PREPARE_TRIES = 8;
/** The minimum remaining time for a further attempt of a transaction to start. */
export const MIN_ATTEMPT_MS = 1_000;
/** How long after the deadline a message reaches the resolver. */
export const RESOLVER_SLACK_MS = 1_000;
/** How long projection waits before it tries a strong stream again that no majority of the Regions has answered for. */
export const QUORUM_AGAIN_MS = 60_000;
/**
 * How long after the longest timeout the resolver of a Region ends what another Region prepared in a log that all Regions write, counted
 * from the arrival of the intent.
 */
export const RESOLVER_ELSEWHERE_MS = 60_000;
/** How long after an attempt's deadline the resolver should have ended it. */
export const RECOVERY_MS = 30_000;
/** How much longer than the function's timeout a task of the state machine waits for the response. */
export const MACHINE_GRACE_S = 5;
/** Attempts of a task of the state machine. */
export const MACHINE_TRIES = 4;
/** The upper limit of the first pause between attempts of a task, doubled for each further pause, with full jitter. */
export const MACHINE_FIRST_PAUSE_S = 1;

// The quarantine.

/** How long a call keeps receiving messages. */
export const QUARANTINE_LOOK_MS = 10_000;
/** How long a message is hidden from other consumers while a call works on it. */
export const QUARANTINE_HOLD_MS = 30_000;
/** How long messages that a redrive passed over stay hidden, so that the next call continues after them. */
export const QUARANTINE_PASS_MS = 120_000;
/** All messages of a response, as JSON. A message that exceeds this by itself is returned alone. */
export const QUARANTINE_ANSWER_BYTES = 4_500_000;

// Retention.

/** How long the id of a request is remembered. */
export const IDEMPOTENCY_WINDOW_MS = 14 * 24 * 60 * 60 * 1000;
/** Maximum time that messages wait in queues, and events in a subscriber's table for their predecessors. */
export const QUEUE_RETENTION_S = 14 * 24 * 60 * 60;

/**
 * The highest position of a log in a version token. Positions are written one after the other: at one per millisecond a log
 * reaches this one after 31 years.
 */
export const MAX_POSITION = 1_000_000_000_000;

// Sizes. Commits, transactions and problems are measured as JSON.

/** Characters of the name of a stream type or a view, and of an event or a command. */
export const MAX_TYPE_CHARACTERS = 64;
export const MAX_NAME_CHARACTERS = 128;
/** Levels of objects and arrays in the data of an event, the input of a command, a row, and the details of a refusal. */
export const MAX_NESTING = 500;
/** The same of a message that carries them. */
export const MAX_MESSAGE_NESTING = 520;
export const MAX_EVENTS = 100;
export const MAX_COMMIT_BYTES = 256_000;
/** Streams of a transaction, checks included. */
export const MAX_PARTICIPANTS = 25;
export const MAX_TRANSACTION_BYTES = 200_000;
/** A problem document in a receipt, in a decision and in its announcement. */
export const MAX_PROBLEM_BYTES = 200_000;
/**
 * A problem document in a participant's response: one state of the machine holds those of all participants and the
 * transaction.
 */
export const MAX_REFUSAL_BYTES = 1_000;
/** Envelopes per request of the HTTP API. */
export const MAX_ENVELOPES = 100;
export const MAX_BODY_BYTES = 5_000_000;
export const MAX_ANSWER_BYTES = 5_900_000;
/** The commits or rows of a page, as they are sent: a page ends where they run out. */
export const PAGE_BYTES = 5_800_000;
/** Each problem of a response to many envelopes that would be too large. */
export const MAX_PROBLEM_OF_MANY_BYTES = 7_000;
/** The body of a request with many envelopes from our own client. */
export const CLIENT_BODY_BYTES = 4_000_000;
/**
 * Fields of one row that a subscriber adds to at once. An update's expression may have 4 KB, enough for four times as
 * many fields.
 */
export const MAX_ADDED_FIELDS = 100;
/**
 * Fields of one total that are changed at once. The condition that none goes beyond its limit takes three of the 300 operators
 * of an expression for each.
 */
export const MAX_CHANGED_FIELDS = 99;
/** One item of a snapshot that is split over several items. */
export const SNAPSHOT_PART_BYTES = 340 * 1024;
