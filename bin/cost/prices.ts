import * as z from 'zod';

/**
 * List prices in US dollars, in us-east-1, without free tiers, discounts and taxes. They were taken from AWS's pricing pages on
 * the date below and have not been checked since: check them, and pass others with `--prices`.
 */
export const LIST_PRICES = {
  asOf: '2025-06',
  source: 'https://aws.amazon.com/<service>/pricing/, us-east-1',

  /** DynamoDB, on demand, table class Standard. A write of a global table is charged in each Region, at this price. */
  writeUnits: 0.625e-6,
  readUnits: 0.125e-6,
  /** A GB of a table or a GB of its point-in-time recovery, a month. */
  tableGb: 0.25,
  recoveryGb: 0.2,

  /** EventBridge: an event of up to 64 KB that is put on a custom bus, or arrives from another Region. */
  events: 1e-6,
  /** A GB archived, and a GB kept in an archive for a month. */
  archivedGb: 0.1,
  archiveGb: 0.023,

  /** Lambda on arm64. */
  invocations: 0.2e-6,
  gbSeconds: 0.0000133334,

  /** Step Functions, Express: an execution, and a GB of memory for a second, charged in steps of 64 MB. */
  executions: 1e-6,
  executionGbSeconds: 0.00001667,

  /** SQS standard queues: a request of up to 64 KB. */
  queueRequests: 0.4e-6,

  /**
   * CloudWatch: per month, each metric that alarms watch, each metric of our own and each dashboard; a GB of logs
   * ingested, and a GB kept for a month.
   */
  alarmMetrics: 0.1,
  customMetrics: 0.3,
  dashboards: 3,
  logGb: 0.5,
  logKeptGb: 0.03,

  /** Route 53: a health check of an endpoint in AWS for a month, and each of its options. */
  healthChecks: 0.5,
  healthCheckOptions: 1,

  /** X-Ray: a trace recorded. */
  traces: 5e-6,

  /** KMS: a customer managed key for a month. */
  keys: 1,

  /** A GB sent from one Region to another. */
  transferGb: 0.02,
};

export type Prices = typeof LIST_PRICES;

const priceSchema = z.number().min(0).exactOptional();
const { asOf: _asOf, source: _source, ...amounts } = LIST_PRICES;

/** The schema of a file of prices: any members of LIST_PRICES, and no others. */
const pricesFileSchema = z.strictObject({
  asOf: z.string().exactOptional(),
  source: z.string().exactOptional(),
  ...Object.fromEntries(Object.keys(amounts).map((name) => [name, priceSchema])),
});

/** List prices, overridden by those of a file. @throws z.ZodError naming what is wrong in it */
export function pricesWith(file: unknown): Prices {
  return { ...LIST_PRICES, ...pricesFileSchema.parse(file) };
}
