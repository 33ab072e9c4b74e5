import { FUNCTIONS } from '../../core/limits/functions.ts';
import type { Prices } from './prices.ts';

/** The load on a deployment. */
export interface Usage {
  /** Events appended a second, in all Regions together; one event per commit. */
  readonly eventsPerSecond: number;
  /** Bytes of an event's data. */
  readonly size: number;
  /** The number of Regions. */
  readonly regions: number;
  /** The number of views that an event changes. */
  readonly views: number;
  /** The average number of commits or messages per invocation, 1 to 10. */
  readonly batch: number;
  /** How producers send each event: through the bus, or as a request of the API. */
  readonly via: 'bus' | 'http';
  /** The share of appends that find their stream in memory, 0 to 1. */
  readonly warm: number;
  /** The number of commits that a stream has when it is read. */
  readonly streamLength: number;
  /** Streams read through the API per second, in all Regions together. */
  readonly readsPerSecond: number;
  /** Transactions over several Regions a second, in all Regions together; `eventsPerSecond` includes their events. */
  readonly transactionsPerSecond: number;
  /** How many streams a transaction changes. */
  readonly participants: number;
  /** Months of events in the table. */
  readonly months: number;
  readonly archiveDays: number;
  readonly logRetentionDays: number;
  /** Seconds between the health checks of a Region by each checker: 10 or 30; 0: there are none. */
  readonly healthChecks: number;
  /** Billed milliseconds of an invocation, at 1 GB. */
  readonly milliseconds: number;
}

/** One line of the bill. */
export interface Line {
  readonly service: string;
  /** What is counted, and how the number is computed. */
  readonly what: string;
  /** The number per month. */
  readonly quantity: number;
  readonly dollars: number;
  /** True if it is charged even without any traffic. */
  readonly fixed: boolean;
}

export const SECONDS_A_MONTH = 730 * 60 * 60;
const DAYS_A_MONTH = SECONDS_A_MONTH / (24 * 60 * 60);
const GB = 1e9;

/** Bytes that an item and a bus entry add to an event's data: names, version, digest, trace. */
export const ITEM_OVERHEAD = 400;
export const ENTRY_OVERHEAD = 550;
/** Bytes that an invocation writes into its log: Lambda's start and report lines, and a line of metrics. */
const LOG_BYTES = 1200;

/** Resources that a Region pays for without any traffic; test/bin/cost/model.test.ts counts them in the template. */
export function fixedOf(regions: number) {
  return {
    alarmMetrics: 117 + 3 * (regions - 1),
    dashboards: 1,
    keys: 1,
    /** Names in `MetricName` that a deployment without the example subscriber sends. */
    customMetrics: 21,
    /** Lambda keeps five long polls of 20 s open on a queue, even an empty one. */
    polls: 3 * 5 * (SECONDS_A_MONTH / 20),
  };
}

/**
 * The requests that one event causes in all Regions together if its stream is not in memory;
 * test/bin/cost/model.test.ts counts them in a world. `b` commits share an invocation; each of `n` Regions has a table,
 * a bus and views.
 */
export function requestsOf({ regions: n, batch: b, views, via }: Usage) {
  const elsewhere = n - 1;
  // Every Region's relay notifies its projector. In other Regions the bus notifies it as well, ahead of replication: then it sends
  // itself a message, to look later whether the table has the event.
  const times = n + elsewhere;
  const projections = (times + elsewhere) / b;
  const bus = via === 'bus' ? 1 : 0;
  return {
    /** Commits written; each is replicated to every Region. */
    puts: 1,
    /** Streams read for an append, and streams read to bring views up to date. */
    appendLoads: 1,
    projectLoads: views > 0 ? times : 0,
    /** Single commits read to see whether the table has what the bus brought. */
    lookups: views > 0 ? elsewhere : 0,
    /**
     * Positions that relay looks for, to find commits that had not seen each other: those of the other logs where a commit is written, and
     * one in every other Region; and whether the Region watches the stream.
     */
    probes: 2 * elsewhere,
    watches: n,
    /** Writes of the newest stamps seen: in each relay batch, one for each Region with commits in it. */
    sightings: (n * Math.min(b, n)) / b,
    /** Entries put on a bus: the producer's own entry, the event, and the receipt. */
    putEvents: bus + 1 + bus,
    forwarded: elsewhere,
    viewReads: views * times,
    /** Reads of the views' current generations, one per invocation that projects. */
    generationReads: views > 0 ? times / b : 0,
    /** Each view writes a row and a total, in one transaction. */
    viewWrites: views * n * 2,
    ingests: 1 / b,
    relays: n / b,
    projections: views > 0 ? projections : 0,
    /** Messages that projection sends itself. */
    announced: views > 0 ? elsewhere / b : 0,
    /** Messages sent into the ingest queue, and into the projection queue by relay, by the rule and by projection. */
    sends: bus + (views > 0 ? n / b + elsewhere + elsewhere / b : 0),
    /** Lambda receives and deletes each batch. */
    receives: 2 * (bus / b + (views > 0 ? projections : 0)),
  };
}

/**
 * The requests of a transaction over several Regions in addition to those of its events, if there is no conflict and
 * the driving Region is the home of one of its streams. Including the puts of its events, which are its intents, it
 * writes 2k + 1 items.
 */
function transactionOf({ regions: n, batch: b, participants: k }: Usage) {
  return {
    /** Intents made final. */
    finalised: k,
    decisions: 1,
    /**
     * Invocations: plan and decide once; prepare and finalise for each stream, in two Regions if its home is another
     * one.
     */
    steps: 2 + 2 * (k + k - 1),
    relays: (n * (k + 1)) / b,
    resolves: k / b,
    /** Requests for the message to the resolver about each intent: send, receive, delete. */
    queueRequests: k + (2 * k) / b,
    announced: n,
  };
}
/**
 * The number of invocations that the state machine makes one after the other, and the unit of memory in which it is
 * charged, in GB.
 */
const STEPS_IN_A_ROW = 4;
const EXECUTION_GB = 64 / 1024;

/**
 * The requests that X-Ray traces by default, for each function in each Region: the first of each second, and 5 % of the
 * others.
 */
function sampled(perSecond: number): number {
  return Math.min(perSecond, 1) + 0.05 * Math.max(perSecond - 1, 0);
}

/** The bill for a month, line by line. */
export function estimateCost(usage: Usage, prices: Prices): readonly Line[] {
  return [
    ...database(usage),
    ...bus(usage),
    ...functions(usage),
    ...queues(usage),
    ...(usage.transactionsPerSecond > 0 ? transactions(usage) : []),
    ...watch(usage),
    ...(usage.healthChecks > 0 ? ingress(usage) : []),
    ...tracing(usage),
    {
      service: 'KMS',
      price: 'keys',
      quantity: fixedOf(usage.regions).keys * usage.regions,
      what: 'keys of the alarm topics',
      fixed: true,
    } as const,
    ...transfer(usage),
  ].map(({ service, price, quantity, what, fixed = false }) => ({
    service,
    what,
    quantity,
    dollars: quantity * Number(prices[price]),
    fixed,
  }));
}

/** A line without its price. */
interface Position {
  readonly service: string;
  readonly price: keyof Prices;
  readonly quantity: number;
  readonly what: string;
  readonly fixed?: true;
}

/** The quantities that all lines are computed from: a month's events and reads, and the sizes of an event. */
function volumeOf({ eventsPerSecond, readsPerSecond, size }: Usage) {
  return {
    events: eventsPerSecond * SECONDS_A_MONTH,
    reads: readsPerSecond * SECONDS_A_MONTH,
    item: size + ITEM_OVERHEAD,
    entry: size + ENTRY_OVERHEAD,
    writeUnits: Math.ceil((size + ITEM_OVERHEAD) / 1024),
    /** The number of 64 KB units that EventBridge and SQS charge for an entry. */
    chunks: Math.ceil((size + ENTRY_OVERHEAD) / 65_536),
  };
}

function database(usage: Usage): readonly Position[] {
  const { regions, streamLength, warm, views, months } = usage;
  const { events, reads, item, writeUnits } = volumeOf(usage);
  const per = requestsOf(usage);
  const loadUnits = Math.ceil((item * streamLength) / 4096);
  const itemUnits = Math.ceil(item / 4096);
  const storedGb = (events * months * item) / GB;
  const service = 'DynamoDB';
  return [
    {
      service,
      price: 'writeUnits',
      quantity: events * per.puts * writeUnits * regions,
      what: `write units of commits: ${writeUnits} each, in each of ${regions} Regions`,
    },
    {
      service,
      price: 'readUnits',
      quantity: (events * per.appendLoads * (1 - warm) + reads) * loadUnits,
      what: `read units of streams to append to and to show: ${loadUnits} each`,
    },
    {
      service,
      price: 'readUnits',
      quantity:
        events * (per.projectLoads * loadUnits + per.lookups * itemUnits + per.viewReads + per.generationReads * views),
      what: 'read units of streams and rows, to bring views up to date',
    },
    {
      service,
      price: 'readUnits',
      quantity: events * (per.probes + per.watches),
      what: 'read units to find commits that had not seen each other',
    },
    {
      service,
      price: 'writeUnits',
      quantity: events * per.viewWrites * 2,
      what: `write units of rows and totals, views: ${views}, twice as transactions`,
    },
    {
      service,
      price: 'writeUnits',
      quantity: events * per.sightings,
      what: 'write units of the newest commit seen of each Region',
    },
    {
      service,
      price: 'tableGb',
      quantity: storedGb * regions,
      what: `GB of events in each Region, months: ${months}`,
    },
    { service, price: 'recoveryGb', quantity: storedGb * regions, what: 'GB of point-in-time recovery' },
  ];
}

function bus(usage: Usage): readonly Position[] {
  const { regions, archiveDays, via } = usage;
  const { events, entry, chunks } = volumeOf(usage);
  const per = requestsOf(usage);
  const archivedGb = archiveDays > 0 ? (events * entry * regions) / GB : 0;
  const service = 'EventBridge';
  return [
    {
      service,
      price: 'events',
      quantity: events * per.putEvents * chunks,
      what: via === 'bus' ? 'put: entries of producers, events, receipts' : 'put: events',
    },
    {
      service,
      price: 'events',
      quantity: events * per.forwarded * chunks,
      what: `forwarded to other Regions: ${regions - 1}`,
    },
    { service, price: 'archivedGb', quantity: archivedGb, what: 'GB archived' },
    {
      service,
      price: 'archiveGb',
      quantity: (archivedGb * archiveDays) / DAYS_A_MONTH,
      what: `GB kept there, days: ${archiveDays}`,
    },
  ];
}

/** The invocations that a month's events and reads cause. */
function invocationsOf(usage: Usage): number {
  const { events, reads } = volumeOf(usage);
  const per = requestsOf(usage);
  return events * (per.ingests + per.relays + per.projections) + reads;
}

function functions(usage: Usage): readonly Position[] {
  const invocations = invocationsOf(usage);
  const service = 'Lambda';
  return [
    {
      service,
      price: 'invocations',
      quantity: invocations,
      what: 'invocations: ingest or api, relay, projection, reads',
    },
    {
      service,
      price: 'gbSeconds',
      quantity: (invocations * usage.milliseconds) / 1000,
      what: `GB-seconds, ${usage.milliseconds} ms each at 1 GB`,
    },
  ];
}

function queues(usage: Usage): readonly Position[] {
  const { events, chunks } = volumeOf(usage);
  const per = requestsOf(usage);
  const service = 'SQS';
  return [
    {
      service,
      price: 'queueRequests',
      quantity: events * (per.sends * chunks + per.receives),
      what: 'requests: sent, received, deleted',
    },
    {
      service,
      price: 'queueRequests',
      quantity: fixedOf(usage.regions).polls * usage.regions,
      what: 'requests: Lambda polling empty queues',
      fixed: true,
    },
  ];
}

function transactions(usage: Usage): readonly Position[] {
  const { transactionsPerSecond, regions, milliseconds } = usage;
  const { writeUnits } = volumeOf(usage);
  const count = transactionsPerSecond * SECONDS_A_MONTH;
  const each = transactionOf(usage);
  const steps = count * (each.steps + each.relays + each.resolves);
  const seconds = Math.ceil((STEPS_IN_A_ROW * milliseconds) / 100) / 10;
  const service = 'Transactions';
  return [
    {
      service,
      price: 'writeUnits',
      quantity: count * (each.finalised * writeUnits + each.decisions) * regions,
      what: 'write units of decisions and of intents made final',
    },
    { service, price: 'executions', quantity: count, what: 'executions of the state machine' },
    {
      service,
      price: 'executionGbSeconds',
      quantity: count * seconds * EXECUTION_GB,
      what: `GB-seconds of executions, ${seconds} s each at 64 MB`,
    },
    { service, price: 'invocations', quantity: steps, what: 'invocations: coordinate, participant, relay, resolver' },
    {
      service,
      price: 'gbSeconds',
      quantity: (steps * milliseconds) / 1000,
      what: `GB-seconds, ${milliseconds} ms each at 1 GB`,
    },
    { service, price: 'queueRequests', quantity: count * each.queueRequests, what: 'requests of the resolver queue' },
    { service, price: 'events', quantity: count * each.announced, what: 'outcomes put on the buses' },
  ];
}

function watch(usage: Usage): readonly Position[] {
  const { regions, logRetentionDays } = usage;
  const { alarmMetrics, customMetrics, dashboards } = fixedOf(regions);
  const logGb = (invocationsOf(usage) * LOG_BYTES) / GB;
  const service = 'CloudWatch';
  return [
    { service, price: 'logGb', quantity: logGb, what: 'GB of logs ingested' },
    {
      service,
      price: 'logKeptGb',
      quantity: (logGb * logRetentionDays) / DAYS_A_MONTH,
      what: `GB of logs kept, days: ${logRetentionDays}`,
    },
    {
      service,
      price: 'alarmMetrics',
      quantity: alarmMetrics * regions,
      what: 'metrics that alarms look at',
      fixed: true,
    },
    { service, price: 'customMetrics', quantity: customMetrics * regions, what: 'metrics of our own', fixed: true },
    { service, price: 'dashboards', quantity: dashboards * regions, what: 'dashboards', fixed: true },
  ];
}

/** Metrics that the alarms of a Region with `liveUrl` watch in addition. */
export const LIVE_ALARM_METRICS = 5;
/** The checkers of Route 53, about. */
const CHECKERS = 16;
/** An invocation that mostly returns what is held; its function has half a GB. */
const LIVE_GB_SECONDS = 0.005 * (FUNCTIONS.live.memoryMb / 1024);
/** A shorter interval than this is charged. */
const CHECK_S = 30;

function ingress({ regions, healthChecks }: Usage): readonly Position[] {
  const asked = (regions * CHECKERS * SECONDS_A_MONTH) / healthChecks;
  const options = healthChecks < CHECK_S ? 2 : 1;
  const service = 'Ingress';
  return [
    { service, price: 'healthChecks', quantity: regions, what: `health checks: every ${healthChecks} s`, fixed: true },
    {
      ...{ service, price: 'healthCheckOptions', quantity: regions * options, fixed: true },
      what: options > 1 ? 'their options: HTTPS, a short interval' : 'their option: HTTPS',
    },
    { service, price: 'invocations', quantity: asked, what: 'invocations: live', fixed: true },
    { service, price: 'gbSeconds', quantity: asked * LIVE_GB_SECONDS, what: 'GB-seconds, 5 ms each', fixed: true },
    { service, price: 'readUnits', quantity: asked, what: 'read units, at most', fixed: true },
    {
      ...{ service, price: 'alarmMetrics', quantity: LIVE_ALARM_METRICS * regions, fixed: true },
      what: 'metrics that its alarms look at',
    },
  ];
}

function tracing(usage: Usage): readonly Position[] {
  const { regions, eventsPerSecond, readsPerSecond } = usage;
  const per = requestsOf(usage);
  const tracesPerSecond =
    regions *
    [per.ingests / regions, per.relays / regions, per.projections / regions]
      .map((share) => sampled(eventsPerSecond * share))
      .reduce((sum, each) => sum + each, sampled(readsPerSecond / regions));
  return [
    {
      service: 'X-Ray',
      price: 'traces',
      quantity: tracesPerSecond * SECONDS_A_MONTH,
      what: 'traces: one per second and function, and 5 % of the rest',
    },
  ];
}

function transfer(usage: Usage): readonly Position[] {
  const { events, item, entry } = volumeOf(usage);
  const sentGb = (events * (usage.regions - 1)) / GB;
  const service = 'Data transfer';
  return [
    { service, price: 'transferGb', quantity: sentGb * item, what: 'GB of replication between Regions' },
    { service, price: 'transferGb', quantity: sentGb * entry, what: 'GB of events forwarded between Regions' },
  ];
}
