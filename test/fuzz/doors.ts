// Every way into a deployment, and what must hold of any input there: it is taken as it is, or refused with a reason.

import { isDeepStrictEqual } from 'node:util';
import type { DynamoDBRecord, LambdaFunctionURLEvent } from 'aws-lambda';
import * as z from 'zod';
import { toImage } from '../../adapters/dynamodb/commit-item.ts';
import { decisionKey, toDecisionItem } from '../../adapters/dynamodb/decision-item.ts';
import { changeOf } from '../../adapters/dynamodb/table-change.ts';
import { memoryDecisions } from '../../adapters/memory/decisions.ts';
import { memoryEventStore } from '../../adapters/memory/event-store.ts';
import { memoryLedger } from '../../adapters/memory/ledger.ts';
import { memorySightings } from '../../adapters/memory/sightings.ts';
import { memoryViewStore } from '../../adapters/memory/view-store.ts';
import { readLines } from '../../bin/ingest/lines.ts';
import { type Commit, MeridianError, parseJson } from '../../core/index.ts';
import { entriesOf } from '../../core/wire/bus-event.ts';
import { encodeVersionToken, readVersionToken } from '../../core/wire/version-token.ts';
import { subscriber } from '../../lambdas/index.ts';
import * as projection from '../../lambdas/projection/handler.ts';
import * as relay from '../../lambdas/relay/handler.ts';
import * as resolver from '../../lambdas/resolver/handler.ts';
import { ConfigError, parseConfig } from '../../lib/config.ts';
import { silentTelemetry } from '../../world/error-log.ts';
import { functionUrlEvent } from '../../world/network/function-url-event.ts';
import { noCounts } from '../../world/region/counts.ts';
import { regionRuntime } from '../../world/region/ports.ts';
import { WorldClock } from '../../world/time/clock.ts';
import { seeded } from '../../world/time/randomness.ts';
import { VirtualScheduler } from '../../world/time/scheduler.ts';
import { World } from '../../world/world.ts';
import { context, sqsEvent } from '../lambdas/invocation.ts';
import { fuzzDomain } from './domain.ts';
import type { Odd } from './odd.ts';
import { appendSample, commandSample, REGIONS, REQUESTS, transactSample } from './requests.ts';

/** Something that does not hold of an input. */
export interface Finding {
  readonly door: string;
  readonly input: string;
  readonly what: string;
}

/** Puts one input through a door. @returns the input, and what is wrong with the result; undefined: nothing */
export type Door = (odd: Odd) => Promise<{ readonly input: string; readonly what?: string | undefined }>;

/** An accepted append, and the data of its events as they were sent. */
interface Acknowledged {
  readonly door: string;
  readonly input: string;
  readonly stream: string;
  readonly commitId: string;
  readonly data: readonly unknown[];
}

const operateSamples = [
  { action: 'rebuild-begin', view: 'kept', segments: 2 },
  { action: 'rebuild-step', view: 'kept', build: 1, segment: 0 },
  { action: 'rebuild-status', view: 'kept' },
  { action: 'rebuild-clean', view: 'kept' },
  { action: 'republish-step', since: '2026-01-01T00:00:00Z', segment: 0, segments: 1, dryRun: true },
  { action: 'verify-scan', until: '2026-01-01T00:00:00Z', types: ['note'] },
  { action: 'verify-streams', until: '2026-01-01T00:00:00Z', streams: ['note/1'] },
  { action: 'verify-commits', until: '2026-01-01T00:00:00Z', stream: 'note/1', log: 'us-east-1', after: 0 },
  { action: 'verify-decisions', until: '2026-01-01T00:00:00Z', transactions: ['us-east-1:t'] },
  { action: 'verify-view', view: 'kept', part: 'entries' },
  { action: 'verify-item', stream: 'note/1', log: 'us-east-1', position: 1 },
  { action: 'repair-row', view: 'kept', stream: 'note/1' },
  { action: 'repair-transaction', transaction: 'us-east-1:t' },
  { action: 'quarantine-list', limit: 10 },
  { action: 'quarantine-add', messages: [{ reason: 'It is odd.', body: '{}' }] },
  { action: 'quarantine-redrive', dryRun: true },
];
const contextSample = {
  name: 'meridian',
  regions: ['us-east-1', 'us-west-2'],
  logs: { 'us-east-1': 'east-2' },
  ephemeral: 'true',
  nonce: '2',
  alarmEmail: 'ops@example.com',
  logRetentionDays: '30',
  archiveDays: 3,
  decisions: 'eventual',
};

const problemSchema = z.object({ code: z.string(), retryable: z.boolean(), status: z.number() });
const takenSchema = z.object({ stream: z.string(), id: z.string(), version: z.string() });
const sentSchema = z.object({ events: z.array(z.object({ data: z.unknown().optional() })) });
const commitsSchema = z.object({
  commits: z.array(z.object({ commitId: z.string(), events: z.array(z.object({ data: z.unknown().optional() })) })),
  next: z.string().optional(),
});

/** A deployment of two Regions in virtual time, and what it has acknowledged. */
export class Scene {
  readonly doors: Readonly<Record<string, Door>>;
  readonly #scheduler = new VirtualScheduler();
  readonly #world: World;
  readonly #acknowledged: Acknowledged[] = [];
  readonly #failed: string[] = [];
  /** The number of appends that were accepted, and read again in every Region. */
  acknowledged = 0;

  constructor(seed: number) {
    const telemetry = {
      ...silentTelemetry,
      log: {
        ...silentTelemetry.log,
        error: (message: string, { error }: Readonly<Record<string, unknown>>) =>
          this.#failed.push(`${message}: ${error instanceof Error ? error.stack : error}`),
      },
    };
    this.#world = new World({
      domain: fuzzDomain,
      regions: [...REGIONS],
      scheduler: this.#scheduler,
      seed,
      telemetry,
      subscribers: {
        journal: {
          entry: '/not/loaded.ts',
          streamTypes: ['note', 'item'],
          handler: subscriber({ handle: () => undefined, outcome: () => undefined }),
        },
      },
    });
    this.doors = {
      ...Object.fromEntries(Object.entries(REQUESTS).map(([door, make]) => [door, this.#request(door, make)])),
      'an event that is no request': (odd) => this.#invoke(odd),
      'the bus': (odd) => this.#put(odd),
      operate: (odd) => this.#operate(odd),
      ...queueDoors(this.#scheduler, seed),
      'lines of a file': lines,
      'a version token': token,
      'the context': config,
    };
  }

  /**
   * Waits until the deployment is at rest, and reads everything that it has acknowledged since the last time in every Region.
   * @returns what was altered or lost, and what failed inside functions
   */
  async settle(): Promise<readonly Finding[]> {
    await this.#scheduler.runUntil(() => this.#world.idle);
    const findings: Finding[] = [];
    const acknowledged = this.#acknowledged.splice(0);
    this.acknowledged += acknowledged.length;
    for (const sent of acknowledged)
      for (const region of REGIONS) {
        const found = await this.#find(region, sent);
        const data = found?.events.map((event) => event.data);
        if (!isDeepStrictEqual(data, sent.data))
          findings.push({
            door: sent.door,
            input: sent.input,
            what: `${region} shows ${JSON.stringify(data)} of ${sent.commitId}, which was acknowledged`,
          });
      }
    for (const what of this.#failed.splice(0)) findings.push({ door: 'functions', input: '', what });
    return findings;
  }

  async #find(region: string, { stream, commitId }: Acknowledged) {
    for (let after: string | undefined; ; ) {
      const query = after === undefined ? '' : `after=${after}`;
      const path = `/streams/${stream.split('/').map(encodeURIComponent).join('/')}/events`;
      const { answer } = await this.#ask(region, functionUrlEvent({ method: 'GET', path, query }));
      const page = commitsSchema.safeParse(answer).data;
      const found = page?.commits.find((commit) => commit.commitId === commitId);
      if (found || page?.next === undefined) return found;
      after = page.next;
    }
  }

  async #ask(region: string, event: LambdaFunctionURLEvent) {
    const { statusCode, body } = await this.#scheduler.resolve(this.#world.region(region).request(event));
    return { status: statusCode, answer: parseJson(body) };
  }

  /** What is wrong with a response to an input: it has to say what is wrong with the input, and may not fail. */
  #faultOf({ status, answer }: { readonly status: number; readonly answer: unknown }): string | undefined {
    if (status < 400) return undefined;
    const problem = problemSchema.safeParse(answer).data;
    if (!problem) return `${status} without a problem document: ${JSON.stringify(answer)}`;
    return status < 500 ? undefined : `${status} ${problem.code}: ${JSON.stringify(answer)}`;
  }

  #request(door: string, make: (odd: Odd) => Parameters<typeof functionUrlEvent>[0]): Door {
    return async (odd) => {
      const region = odd.of(REGIONS);
      const made = functionUrlEvent(make(odd));
      const event =
        made.body !== undefined && odd.chance(0.1)
          ? { ...made, isBase64Encoded: true, body: odd.orOdd(Buffer.from(made.body).toString('base64'), 0.2) }
          : made;
      const input = JSON.stringify(event);
      try {
        const response = await this.#ask(region, event);
        if (response.status === 200) this.#note(door, input, event, response.answer);
        return { input, what: this.#faultOf(response) };
      } catch (error) {
        return { input, what: `It threw ${error instanceof Error ? error.stack : error}` };
      }
    };
  }

  /** Remembers the events that a response says are appended. */
  #note(door: string, input: string, { body, isBase64Encoded }: LambdaFunctionURLEvent, answer: unknown): void {
    const sent = parseJson(isBase64Encoded ? Buffer.from(body ?? '', 'base64').toString() : (body ?? ''));
    const [all, answers]: [readonly unknown[], readonly unknown[]] =
      Array.isArray(sent) && Array.isArray(answer) ? [sent, answer] : [[sent], [answer]];
    for (const [i, one] of all.entries()) {
      const taken = takenSchema.safeParse(answers[i]).data;
      const events = sentSchema.safeParse(one).data?.events;
      if (taken && events)
        this.#acknowledged.push({
          door,
          input,
          stream: taken.stream,
          commitId: taken.id,
          data: events.map(({ data }) => data),
        });
    }
  }

  async #invoke(odd: Odd): ReturnType<Door> {
    const input = odd.json(functionUrlEvent({ method: 'POST', path: '/events', body: '{}' }), 0.1);
    const event = parseJson(input);
    if (event === undefined) return { input };
    try {
      // A caller that may invoke the function directly may pass any JSON.
      const asked: LambdaFunctionURLEvent = Object(event) === event ? Object(event) : Object(null);
      return { input, what: this.#faultOf(await this.#ask('us-east-1', asked)) };
    } catch (error) {
      return { input, what: `It threw ${error instanceof Error ? error.stack : error}` };
    }
  }

  async #put(odd: Odd): ReturnType<Door> {
    const [type, sample] = odd.of([
      ['meridian.append', appendSample],
      ['meridian.command', commandSample],
      ['meridian.transact', transactSample],
    ] as const);
    const id = type === 'meridian.transact' ? `us-east-1:b-${odd.below(1_000_000)}` : `b-${odd.below(1_000_000)}`;
    const detail = odd.json({ ...sample, id });
    // EventBridge refuses what is not an object.
    const parsed = parseJson(detail);
    if (typeof parsed !== 'object' || parsed === null) return { input: detail };
    await this.#scheduler.resolve(
      this.#world.region(odd.of(REGIONS)).bus.put([{ source: 'fuzz', detailType: type, detail }]),
    );
    return { input: detail };
  }

  async #operate(odd: Odd): ReturnType<Door> {
    const input = odd.json(odd.of(operateSamples));
    const request = parseJson(input);
    // The callers of this function are command lines, which write JSON themselves: not of any depth.
    if (request === undefined || /(?:\[|\{"a":){1000}/.test(input)) return { input };
    try {
      const answer = await this.#scheduler.resolve(this.#world.region('us-east-1').invokeOperate(request));
      const isFailed = 'problem' in answer && answer.problem.status >= 500;
      return { input, what: isFailed ? JSON.stringify(answer) : undefined };
    } catch (error) {
      return { input, what: `It threw ${error instanceof Error ? error.stack : error}` };
    }
  }
}

const commit: Commit = {
  ...{ stream: 'note/1', log: 'us-east-1', position: 1, commitId: 'c', fingerprint: 'f', context: {}, previous: 0 },
  events: [{ type: 'Kept', schemaVersion: 1, data: { text: 'red' } }],
  ...{ hlc: '018f000000000001', region: 'us-east-1', meta: { actor: 'ann' } },
};
const intent: Commit = {
  ...commit,
  ...{ stream: 'item/0', commitId: 'us-east-1:t#1' },
  tx: { state: 'prepared', deadline: 4_000_000_000_000, began: 1, timeout: 5_000 },
};

/** The functions behind queues and streams, each with a good message next to the odd one: that must be processed. */
function queueDoors(scheduler: VirtualScheduler, seed: number): Readonly<Record<string, Door>> {
  const telemetry = silentTelemetry;
  const runtime = regionRuntime(
    { scheduler, random: seeded(seed), clock: new WorldClock(scheduler), telemetry },
    noCounts(),
  );
  const [events, decisions, views] = [memoryEventStore(), memoryDecisions({ strong: true }), memoryViewStore()];
  events.replicate(commit);
  const taken = async (batch: readonly unknown[]) => batch.map(() => undefined);
  const ledger = memoryLedger();
  const ports = { region: 'us-east-1', regions: [...REGIONS], events, decisions, ledger, runtime, telemetry };
  const project = projection.makeHandler({ ...ports, domain: fuzzDomain, views, logs: [...REGIONS] });
  const resolve = resolver.makeHandler(ports);
  const publish = relay.makeHandler({
    ...ports,
    domain: fuzzDomain,
    log: 'us-east-1',
    logs: [...REGIONS],
    projectedTypes: new Set(['note', 'item']),
    bus: { put: taken },
    projection: { send: taken },
    lookAgain: { send: taken },
    resolver: { send: taken },
    quarantine: { send: taken },
    sightings: memorySightings(),
    changeOf,
  });
  const keys = { keys: [{ stream: 'note/1', log: 'us-east-1', position: 1 }] };
  const [entry] = entriesOf(commit);
  const busEvent = { 'detail-type': 'Kept', source: 'meridian.note', detail: parseJson(entry?.detail ?? '') };
  const resolverSamples = [
    { kind: 'intent', stream: 'item/0', log: 'us-east-1', position: 1, attemptId: 'us-east-1:t#1' },
    { kind: 'attempt', transaction: 'us-east-1:t', attempt: 1, fingerprint: 'f' },
  ];
  const decision = {
    ...{ transaction: 'us-east-1:t', attempt: 1, fingerprint: 'f', state: 'aborted' as const, final: true },
    ...{ participants: [], remaining: 0, decidedAt: 1_700_000_000_000, region: 'us-east-1' },
    reason: {
      problem: { ...{ type: 'urn:x', title: 'x', status: 409, detail: 'x', code: 'stream-busy' }, retryable: true },
    },
  };
  /** A batch with the odd body between two good ones. */
  const queue =
    (handler: typeof project, good: string, samples: readonly unknown[]): Door =>
    async (odd) => {
      const input = odd.json(odd.of(samples));
      try {
        const answer = handler(sqsEvent([good, input, good]), context);
        const failed = (await scheduler.resolve(answer)).batchItemFailures.map((item) => item.itemIdentifier);
        return {
          input,
          what: failed.some((id) => id !== 'message-1') ? `It failed the messages ${failed}` : undefined,
        };
      } catch (error) {
        return { input, what: `It threw ${error instanceof Error ? error.stack : error}` };
      }
    };
  const { pk, sk, ...image } = toDecisionItem(decisionKey('us-east-1:t', 1), decision);
  const images = [toImage(commit), toImage(intent), { pk: { S: pk.S }, sk: { S: sk.S }, ...image }];
  return {
    'the projection queue': queue(project, JSON.stringify(keys), [keys, busEvent]),
    "the resolver's queue": queue(resolve, JSON.stringify(resolverSamples[0]), resolverSamples),
    'the stream of a table': async (odd) => {
      const sample = { NewImage: odd.of(images), ...(odd.chance(0.3) && { OldImage: odd.of(images) }) };
      const input = odd.json({ eventName: odd.of(['INSERT', 'MODIFY', 'REMOVE']), dynamodb: sample });
      const record: DynamoDBRecord = { ...Object(parseJson(input)) };
      const good = { eventName: 'INSERT' as const, dynamodb: { NewImage: imageOf(commit), SequenceNumber: 'good' } };
      const changed = { ...record, dynamodb: { ...Object(record.dynamodb), SequenceNumber: 'odd' } };
      try {
        const answer = await scheduler.resolve(publish({ Records: [good, changed] }, context));
        const failed = answer.batchItemFailures.map((item) => item.itemIdentifier);
        return { input, what: failed.includes('good') ? 'It failed the record before it' : undefined };
      } catch (error) {
        return { input, what: `It threw ${error instanceof Error ? error.stack : error}` };
      }
    },
  };
}

/** The SDK's types and those of Lambda's events differ. */
function imageOf(of: Commit): NonNullable<NonNullable<DynamoDBRecord['dynamodb']>['NewImage']> {
  return JSON.parse(JSON.stringify(toImage(of)));
}

const lines: Door = async (odd) => {
  const bad = odd.json({ ...appendSample, id: odd.text() }).replaceAll('\n', ' ');
  const good = JSON.stringify({ ...appendSample, id: 'good' });
  const bytes = Buffer.concat([
    Buffer.from(`${odd.chance(0.1) ? '\ufeff' : ''}${good}\n${bad}\n`),
    odd.chance(0.2) ? Buffer.from([0xff, 0xfe, 0x00, 10]) : Buffer.alloc(0),
    Buffer.from(`${good}\r\n`),
  ]);
  try {
    const read = await Array.fromAsync(readLines(one(bytes)));
    const kept = read.filter((line) => 'json' in line && line.json.includes('"id":"good"')).length;
    return { input: bad, what: kept < 2 ? `It has read ${kept} of the two good lines around it` : undefined };
  } catch (error) {
    return { input: bad, what: `It threw ${error instanceof Error ? error.stack : error}` };
  }
};

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

const token: Door = async (odd) => {
  const good = encodeVersionToken('note/1', { 'us-east-1': 1 + odd.below(9), 'us-west-2': 3 });
  const text = Buffer.from(good, 'base64url').toString();
  const input = odd.chance(0.5)
    ? odd.orOdd(good, 0.5)
    : Buffer.from(text.replace(/\d/, () => odd.of(['0', '-1', '1e3', '99999999999999999999', 'x']))).toString(
        'base64url',
      );
  try {
    const { stream, version } = readVersionToken(input, 'after');
    return { input, what: encodeVersionToken(stream, version) === input ? undefined : 'It is read as another token' };
  } catch (error) {
    return { input, what: isRefusal(error) ? undefined : `It threw ${error instanceof Error ? error.stack : error}` };
  }
};

function isRefusal(error: unknown): boolean {
  return error instanceof MeridianError && error.code === 'validation';
}

const config: Door = async (odd) => {
  const input = odd.json(contextSample, 0.1);
  const values = parseJson(input);
  if (typeof values !== 'object' || values === null) return { input };
  try {
    const { regions, logs } = parseConfig({ context: (key) => new Map(Object.entries(values)).get(key) });
    return { input, what: regions.every((region) => logs[region]) ? undefined : 'A Region has no log' };
  } catch (error) {
    return {
      input,
      what: error instanceof ConfigError ? undefined : `It threw ${error instanceof Error ? error.stack : error}`,
    };
  }
};
