import type { Prices } from './prices.ts';

/** What is put through a deployment. */
export interface Usage {
  /** Events appended a second, in all Regions together; one event a commit. */
  readonly eventsPerSecond: number;
  /** Bytes of an event's data. */
  readonly size: number;
  /** How many Regions there are. */
  readonly regions: number;
  /** How many views an event changes. */
  readonly views: number;
  /** How many commits or messages an invocation gets on average, 1 to 10. */
  readonly batch: number;
  /** How producers send: each event through the bus, or as a request of the API. */
  readonly via: 'bus' | 'http';
  /** The share of appends that find their stream in memory, 0 to 1. */
  readonly warm: number;
  /** Commits of a stream when it is read. */
  readonly streamLength: number;
  /** Reads of streams a second by the API, in all Regions together. */
  readonly readsPerSecond: number;
  /** Transactions over several Regions a second, in all Regions together; their events are among those above. */
  readonly transactionsPerSecond: number;
  /** How many streams a transaction changes. */
  readonly participants: number;
  /** Months of events in the table. */
  readonly months: number;
  readonly archiveDays: number;
  readonly logRetentionDays: number;
  /** Billed milliseconds of an invocation, at 1 GB. */
  readonly milliseconds: number;
}

/** One line of the bill. */
export interface Line {
  readonly service: string;
  /** What is counted, and why so often. */
  readonly what: string;
  /** How many a month. */
  readonly quantity: number;
  readonly dollars: number;
  /** Whether it is there without any traffic. */
  readonly fixed: boolean;
}

export const SECONDS_A_MONTH = 730 * 60 * 60;
const DAYS_A_MONTH = SECONDS_A_MONTH / (24 * 60 * 60);
const GB = 1e9;

/** Bytes that an item and a bus entry add to an event's data: names, version, digest, trace. */
export const ITEM_OVERHEAD = 400;
export const ENTRY_OVERHEAD = 550;
/** Bytes that an invocation writes into its log: Lambda's start and report, and a line of metrics. */
const LOG_BYTES = 1200;

/** What a Region has whether anything happens or not; test/bin/cost/model.test.ts counts them in the template. */
export function fixedOf(regions: number) {
  return {
    alarmMetrics: 89 + 3 * (regions - 1),
    dashboards: 1,
    keys: 1,
    /** Names in `MetricName` that a deployment without the example subscriber sends. */
    customMetrics: 19,
    /** Lambda asks a queue with five long polls of 20 s at once, also when nothing is in it. */
    polls: 3 * 5 * (SECONDS_A_MONTH / 20),
  };
}

/**
 * Requests that one event makes in all Regions together, its stream cold: what test/bin/cost/model.test.ts counts in the world.
 * `b` commits share an invocation, `n` Regions have a table, a bus and views each.
 */
export function requestsOf({ regions: n, batch: b, views, via }: Usage) {
  const elsewhere = n - 1;
  // Every Region's relay tells its projector; every other Region's bus tells it once more, ahead of replication.
  const projections = (n + elsewhere) / b;
  const bus = via === 'bus' ? 1 : 0;
  return {
    /** Each is replicated to every Region. */
    puts: 1,
    /** Streams read to append, and to bring views up to date. */
    appendLoads: 1,
    projectLoads: views > 0 ? n + elsewhere : 0,
    /** What a Region has seen of others: one a relay batch and Region in it. */
    sightings: (n * Math.min(b, n)) / b,
    /** The producer's own entry, the event, and the answer. */
    putEvents: bus + 1 + bus,
    forwarded: elsewhere,
    viewReads: views * (n + elsewhere),
    /** Which generation of each view is current, read once an invocation. */
    generationReads: views > 0 ? projections : 0,
    /** A row and a total in one transaction. */
    viewWrites: views * n * 2,
    ingests: 1 / b,
    relays: n / b,
    projections: views > 0 ? projections : 0,
    /** Into the ingest queue; into the projection queue by relay and by the rule. */
    sends: bus + (views > 0 ? n / b + elsewhere : 0),
    /** Lambda receives and deletes each batch. */
    receives: 2 * (bus / b + (views > 0 ? projections : 0)),
  };
}

/**
 * What a transaction over several Regions adds to its events, when nothing is in its way and one of its streams is at home
 * where it is driven. With the put of each event, which is its intent, it writes 2k + 1 items.
 */
function transactionOf({ regions: n, batch: b, participants: k }: Usage) {
  return {
    /** Each intent made final. */
    finalised: k,
    decisions: 1,
    /** Plan and decide; prepare and finalise, which the driving Region hands on to other homes. */
    steps: 2 + 2 * (k + k - 1),
    relays: (n * (k + 1)) / b,
    resolves: k / b,
    /** Each intent to the resolver: sent, received, deleted. */
    queueRequests: k + (2 * k) / b,
    announced: n,
  };
}
/** Steps of the state machine that follow one another, each an invocation; and what its memory is charged in, in GB. */
const STEPS_IN_A_ROW = 4;
const EXECUTION_GB = 64 / 1024;

/** X-Ray's default sampling: the first request of each second and 5 % of the rest, of each function in each Region. */
function sampled(perSecond: number): number {
  return Math.min(perSecond, 1) + 0.05 * Math.max(perSecond - 1, 0);
}

/** The bill of a month, line by line. */
export function estimate(usage: Usage, prices: Prices): readonly Line[] {
  const { regions, size, streamLength, warm } = usage;
  const lines: Line[] = [];
  const line = (service: string, fixed: boolean, price: keyof Prices, quantity: number, what: string) => {
    const dollars = quantity * Number(prices[price]);
    lines.push({ service, what, quantity, dollars, fixed });
  };
  const events = usage.eventsPerSecond * SECONDS_A_MONTH;
  const reads = usage.readsPerSecond * SECONDS_A_MONTH;
  const per = requestsOf(usage);
  const fixed = fixedOf(regions);
  const [item, entry] = [size + ITEM_OVERHEAD, size + ENTRY_OVERHEAD];
  const writeUnits = Math.ceil(item / 1024);
  const loadUnits = Math.ceil((item * streamLength) / 4096);
  const chunks = Math.ceil(entry / 65_536);
  const storedGb = (events * usage.months * item) / GB;
  const archivedGb = usage.archiveDays > 0 ? (events * entry * regions) / GB : 0;

  const database = 'DynamoDB';
  line(
    database,
    false,
    'writeUnits',
    events * per.puts * writeUnits * regions,
    `write units of commits: ${writeUnits} each, in each of ${regions} Regions`,
  );
  line(
    database,
    false,
    'readUnits',
    (events * per.appendLoads * (1 - warm) + reads) * loadUnits,
    `read units of streams to append to and to show: ${loadUnits} each`,
  );
  line(
    database,
    false,
    'readUnits',
    events * (per.projectLoads * loadUnits + per.viewReads + per.generationReads * usage.views),
    'read units of streams and rows, to bring views up to date',
  );
  line(
    database,
    false,
    'writeUnits',
    events * per.viewWrites * 2,
    `write units of rows and totals, views: ${usage.views}, twice as transactions`,
  );
  line(database, false, 'writeUnits', events * per.sightings, 'write units of what each Region has seen of others');
  line(database, false, 'tableGb', storedGb * regions, `GB of events in each Region, months: ${usage.months}`);
  line(database, false, 'recoveryGb', storedGb * regions, 'GB of point-in-time recovery');

  const bus = 'EventBridge';
  line(
    bus,
    false,
    'events',
    events * per.putEvents * chunks,
    usage.via === 'bus' ? 'put: what producers send, events, answers' : 'put: events',
  );
  line(bus, false, 'events', events * per.forwarded * chunks, `forwarded to other Regions: ${regions - 1}`);
  line(bus, false, 'archivedGb', archivedGb, 'GB taken into the archives');
  line(
    bus,
    false,
    'archiveGb',
    (archivedGb * usage.archiveDays) / DAYS_A_MONTH,
    `GB kept there, days: ${usage.archiveDays}`,
  );

  const invocations = events * (per.ingests + per.relays + per.projections) + reads;
  line('Lambda', false, 'invocations', invocations, 'invocations: ingest or api, relay, projection, reads');
  line(
    'Lambda',
    false,
    'gbSeconds',
    (invocations * usage.milliseconds) / 1000,
    `GB-seconds, ${usage.milliseconds} ms each at 1 GB`,
  );

  line(
    'SQS',
    false,
    'queueRequests',
    events * (per.sends * chunks + per.receives),
    'requests: sent, received, deleted',
  );
  line('SQS', true, 'queueRequests', fixed.polls * regions, 'requests: Lambda looking into empty queues');

  const transactions = usage.transactionsPerSecond * SECONDS_A_MONTH;
  if (transactions > 0) {
    const each = transactionOf(usage);
    const steps = transactions * (each.steps + each.relays + each.resolves);
    const seconds = Math.ceil((STEPS_IN_A_ROW * usage.milliseconds) / 100) / 10;
    const service = 'Transactions';
    line(
      service,
      false,
      'writeUnits',
      transactions * (each.finalised * writeUnits + each.decisions) * regions,
      'write units of decisions and of intents made final',
    );
    line(service, false, 'executions', transactions, 'executions of the state machine');
    line(
      service,
      false,
      'executionGbSeconds',
      transactions * seconds * EXECUTION_GB,
      `GB-seconds of executions, ${seconds} s each at 64 MB`,
    );
    line(service, false, 'invocations', steps, 'invocations: coordinate, participant, relay, resolve');
    line(
      service,
      false,
      'gbSeconds',
      (steps * usage.milliseconds) / 1000,
      `GB-seconds, ${usage.milliseconds} ms each at 1 GB`,
    );
    line(service, false, 'queueRequests', transactions * each.queueRequests, 'requests of the resolver queue');
    line(service, false, 'events', transactions * each.announced, 'outcomes put on the buses');
  }

  const watch = 'CloudWatch';
  const logGb = (invocations * LOG_BYTES) / GB;
  line(watch, false, 'logGb', logGb, 'GB of logs taken in');
  line(
    watch,
    false,
    'logKeptGb',
    (logGb * usage.logRetentionDays) / DAYS_A_MONTH,
    `GB of logs kept, days: ${usage.logRetentionDays}`,
  );
  line(watch, true, 'alarmMetrics', fixed.alarmMetrics * regions, 'metrics that alarms look at');
  line(watch, true, 'customMetrics', fixed.customMetrics * regions, 'metrics of our own');
  line(watch, true, 'dashboards', fixed.dashboards * regions, 'dashboards');

  const rate = usage.eventsPerSecond;
  const tracesPerSecond =
    regions *
    [per.ingests / regions, per.relays / regions, per.projections / regions]
      .map((share) => sampled(rate * share))
      .reduce((sum, each) => sum + each, sampled(usage.readsPerSecond / regions));
  line(
    'X-Ray',
    false,
    'traces',
    tracesPerSecond * SECONDS_A_MONTH,
    'traces: one a second and function, and 5 % of the rest',
  );

  line('KMS', true, 'keys', fixed.keys * regions, 'keys of the alarm topics');

  const sentGb = (events * (regions - 1)) / GB;
  line('Data transfer', false, 'transferGb', sentGb * item, 'GB of replication between Regions');
  line('Data transfer', false, 'transferGb', sentGb * entry, 'GB of events forwarded between Regions');
  return lines;
}
