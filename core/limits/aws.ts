/** Limits that AWS sets. In bytes, unless the name says otherwise. */

/** One PutEvents request: its entries, and their total size. */
export const PUT_EVENTS_ENTRIES = 10;
export const PUT_EVENTS_BYTES = 262_144;
/** The characters of an event's detail-type, and the levels of nesting of its JSON. */
export const DETAIL_TYPE_CHARACTERS = 128;
export const BUS_NESTING = 1_000;
/** The magnitude that the integers of an event stay below: they have 64 bits. */
export const MAX_BUS_INTEGER = 2 ** 63;

/** Characters of a rule's event pattern. */
export const EVENT_PATTERN_CHARACTERS = 2_048;

/** One SendMessageBatch, ReceiveMessage or DeleteMessageBatch. */
export const SQS_BATCH_ENTRIES = 10;
/** One message, and the total of one SendMessageBatch. */
export const SQS_BATCH_BYTES = 1024 * 1024;
export const SQS_MAX_DELAY_S = 900;
/** Messages of one queue that are received and neither deleted nor visible again. */
export const SQS_MAX_IN_FLIGHT = 120_000;
export const SQS_MAX_RETENTION_S = 14 * 24 * 60 * 60;
export const SQS_MAX_VISIBILITY_S = 12 * 60 * 60;
export const SQS_MAX_RECEIVES = 1000;
/** Messages per invocation without a batching window: Lambda accepts larger batches only with one. */
export const SQS_MAX_BATCH_WITHOUT_WINDOW = 10;

/** An item of DynamoDB, its sort key, and one TransactWriteItems request. */
export const MAX_ITEM_BYTES = 400 * 1024;
export const MAX_SORT_KEY_BYTES = 1024;
export const MAX_TRANSACTION_ITEMS = 100;
export const MAX_TRANSACT_WRITE_BYTES = 4 * 1024 * 1024;
/** The smallest and the largest magnitude of a number other than 0. */
export const MIN_NUMBER = 1e-130;
export const MAX_NUMBER = 9.999e125;

/** Seconds after which a record of a table's stream is deleted. */
export const TABLE_STREAM_RETENTION_S = 24 * 60 * 60;
/** Maximum number of times that Lambda tries a batch of a table's stream. */
export const TABLE_STREAM_MAX_TRIES = 10_000;

export const LAMBDA_MAX_S = 900;
/** Memory of a function. */
export const LAMBDA_MIN_MB = 128;
export const LAMBDA_MAX_MB = 10_240;
/** A request or a response of a function, with or without its URL. */
export const LAMBDA_PAYLOAD_BYTES = 6 * 1024 * 1024;

/** How long a health check of Route 53 waits for the status of a response, once it is connected. */
export const HEALTH_CHECK_MS = 2_000;

/** The maximum run time of an Express state machine, and the maximum input or output of one of its states as JSON. */
export const EXPRESS_MACHINE_MS = 300_000;
export const MACHINE_STATE_BYTES = 262_144;

/** A table with multi-Region strong consistency spans exactly three Regions of one of these sets. */
export const STRONG_REGION_SETS: readonly (readonly string[])[] = [
  ['us-east-1', 'us-east-2', 'us-west-2'],
  ['eu-west-1', 'eu-west-2', 'eu-west-3', 'eu-central-1'],
  ['ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3'],
];

/** True if the decisions of transactions can use a table with multi-Region strong consistency. */
export function allowStrong(regions: readonly string[]): boolean {
  return regions.length === 3 && STRONG_REGION_SETS.some((set) => regions.every((name) => set.includes(name)));
}

/** Resources of one CloudFormation template, and its size. */
export const TEMPLATE_RESOURCES = 500;
export const TEMPLATE_BYTES = 1_000_000;

/** Keys of one BatchGetItem request, and writes of one BatchWriteItem request. */
export const BATCH_GET_KEYS = 100;
export const BATCH_WRITE_ITEMS = 25;
/** Characters of one schema in an EventBridge schema registry. */
export const REGISTRY_SCHEMA_CHARACTERS = 100_000;
/** Characters of the name of such a schema. */
export const REGISTRY_NAME_CHARACTERS = 385;
