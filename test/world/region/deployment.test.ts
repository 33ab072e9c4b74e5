import { beforeAll, describe, expect, it, type MockInstance, vi } from 'vitest';
import { EXPRESS_MACHINE_MS, LAMBDA_PAYLOAD_BYTES } from '../../../core/limits/aws.ts';
import {
  MACHINE_FIRST_PAUSE_S,
  MACHINE_GRACE_S,
  MACHINE_TRIES,
  MAX_PARTICIPANTS,
  QUEUE_RETENTION_S,
  RESOLVER_SLACK_MS,
} from '../../../core/limits/budgets.ts';
import { FUNCTIONS, type QueueConsumerId } from '../../../core/limits/functions.ts';
import { namesOf } from '../../../core/names.ts';
import { subscriber } from '../../../lambdas/index.ts';
import { parseConfig } from '../../../lib/config.ts';
import { toyDomain } from '../../../testing/toy.ts';
import { DIFFERENCES, type UnqueuedId, type WorldFunctionId } from '../../../world/region/deployment.ts';
import { WorldBus } from '../../../world/services/bus.ts';
import type { FunctionOptions } from '../../../world/services/function-pool.ts';
import type { QueueEnds, QueueOptions } from '../../../world/services/queue.ts';
import type { TableStreamOptions } from '../../../world/services/table-stream.ts';
import { World } from '../../../world/world.ts';
import { aSubscriber, regionsOf, synthesize } from '../../lib/synthesize.ts';
import { TemplateReader } from '../../lib/template.ts';
import {
  countOfMappings,
  deployedFeed,
  deployedFunction,
  deployedFunctions,
  deployedMachine,
  deployedQueues,
  deployedRules,
  deployedStreams,
  deployedTables,
} from './deployed.ts';

// The first synth of a process loads the CDK and its validation engine, which takes seconds on a slow machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** Every service of a world, and its settings. */
const made = vi.hoisted(() => ({
  functions: [] as { readonly pool: unknown; readonly options: FunctionOptions }[],
  queues: [] as { readonly queue: unknown; readonly options: QueueOptions; readonly ends: QueueEnds }[],
  streams: [] as { readonly stream: unknown; readonly options: TableStreamOptions; readonly consumer: unknown }[],
}));
vi.mock(import('../../../world/services/function-pool.ts'), async (load) => {
  const services = await load();
  return {
    ...services,
    FunctionPool: class<Event, Result> extends services.FunctionPool<Event, Result> {
      constructor(...args: ConstructorParameters<typeof services.FunctionPool<Event, Result>>) {
        super(...args);
        made.functions.push({ pool: this, options: args[0] });
      }
    },
  };
});
vi.mock(import('../../../world/services/queue.ts'), async (load) => {
  const services = await load();
  return {
    ...services,
    WorldQueue: class extends services.WorldQueue {
      constructor(...args: ConstructorParameters<typeof services.WorldQueue>) {
        super(...args);
        made.queues.push({ queue: this, options: args[0], ends: args[2] });
      }
    },
  };
});
vi.mock(import('../../../world/services/table-stream.ts'), async (load) => {
  const services = await load();
  return {
    ...services,
    TableStream: class extends services.TableStream {
      constructor(...args: ConstructorParameters<typeof services.TableStream>) {
        super(...args);
        made.streams.push({ stream: this, options: args[0], consumer: args[2] });
      }
    },
  };
});

/** A subscriber of everything. */
const listening = {
  ...aSubscriber,
  streamTypes: ['note', 'stock'],
  outcomes: true,
};

const regions = ['us-east-1', 'us-east-2', 'us-west-2'];
const names = namesOf('meridian');
const consumers = ['ingest', 'projection', 'resolver', 'subscriber'] as const satisfies readonly QueueConsumerId[];
const called = ['api', 'command', 'participant', 'turn', 'coordinate'] as const satisfies readonly UnqueuedId[];
const unqueued = [...called, 'operate', 'relay'] as const satisfies readonly UnqueuedId[];
const functions: readonly WorldFunctionId[] = [...consumers, ...unqueued];

let templates: readonly TemplateReader[];
let globalStack: TemplateReader;
let world: World;
let rules: ReadonlyMap<unknown, readonly Parameters<WorldBus['addRule']>[]>;
beforeAll(() => {
  const app = synthesize({ context: { regions }, subscribers: { subscriber: listening }, strongTypes: ['till'] });
  templates = regionsOf(app);
  globalStack = new TemplateReader(app.globalTemplate);
  const addRule = vi.spyOn(WorldBus.prototype, 'addRule');
  world = new World({
    domain: toyDomain,
    regions,
    subscribers: { subscriber: { ...listening, handler: subscriber({}) } },
  });
  rules = callsByContext(addRule);
  addRule.mockRestore();
});

function callsByContext({ mock }: MockInstance<WorldBus['addRule']>) {
  const calls = mock.calls.map((call, i) => ({ call, context: mock.contexts[i] }));
  const grouped = [...Map.groupBy(calls, ({ context }) => context)];
  return new Map(grouped.map(([context, of]) => [context, of.map(({ call }) => call)]));
}

function stackOf(region: string): TemplateReader {
  return templates[regions.indexOf(region)] ?? expect.fail(`there is no stack of ${region}`);
}

/** The only resource of a Region that the world has created with this name. */
function madeIn<Made extends { readonly options: { readonly region: string; readonly name: string } }>(
  all: readonly Made[],
  region: string,
  name: string,
): Made {
  const made = all.filter(({ options }) => options.region === region && options.name === name);
  const [found] = made;
  if (!found || made.length > 1) throw new Error(`Expected one ${name} in ${region}, but found ${made.length}.`);
  return found;
}

/** A queue without a consumer, as named in templates. */
function deadLettersIn(region: string, queue: unknown): string {
  const { quarantine, projectionDeadLetters, resolverDeadLetters } = world.region(region);
  const named = new Map<unknown, string>([
    [quarantine, names.queue('quarantine')],
    [projectionDeadLetters, names.queue('projection-dead-letter')],
    [resolverDeadLetters, names.queue('resolver-dead-letter')],
    [world.region(region).deadLettersOf('subscriber'), 'meridian-subscriber-dead-letter'],
  ]);
  return `Queue(${named.get(queue)})`;
}

/** The target of a rule in the world, as named in templates. */
function targetIn(region: string, target: Parameters<WorldBus['addRule']>[1]): string {
  if (target.kind === 'queue') {
    const of = made.queues.find(({ queue, options }) => queue === target.queue && options.region === region);
    return `Queue(meridian-${of?.options.name})`;
  }
  if (target.kind === 'listener') return expect.fail('nobody listens');
  const [to] = regions.filter((name) => world.region(name).bus === target.bus);
  expect(target.link).toBe(world.region(region).linksTo(to ?? '').bus);
  return `arn:aws:events:${to}:123456789012:event-bus/meridian`;
}

describe.each(regions)('the world and the stacks, in %s,', (region) => {
  it('have the same functions', () => {
    const inWorld = made.functions
      .filter(({ options }) => options.region === region)
      .map(({ options }) => options.name);
    expect(inWorld.sort()).toEqual([...functions].sort());
    // `stream-lookup` runs only during a deployment.
    expect(deployedFunctions(stackOf(region))).toEqual([...functions, 'stream-lookup'].sort());
    // `live` is deployed only if it is asked for; in a world the API answers for it.
    expect(Object.keys(FUNCTIONS).sort()).toEqual([...functions, 'live', 'stream-lookup'].sort());
  });

  it.each(functions)('give %s the same time and memory', (id) => {
    const { timeout, memoryMb } = madeIn(made.functions, region, id).options;
    const { variables, ...deployed } = deployedFunction(stackOf(region), id);
    expect({ timeout, memoryMb }).toEqual(deployed);
  });

  it.each(functions)('give %s the same ports', (id) => {
    const { variables } = deployedFunction(stackOf(region), id);
    const inWorld = { MERIDIAN_REGIONS: regions.join(), MERIDIAN_LOG: region, DECISIONS: world.decisions };
    for (const [name, value] of Object.entries(inWorld)) expect([value, undefined]).toContain(variables[name]);
  });

  it.each(unqueued)('differ in the number of instances of %s, as declared', (id) => {
    expect(madeIn(made.functions, region, id).options.concurrency).toBe(DIFFERENCES[id].instances);
  });

  it.each(consumers)('feed %s from its queue alike, except for declared differences', (id) => {
    const { options, ends } = madeIn(made.queues, region, id);
    const { pool, options: of } = madeIn(made.functions, region, id);
    expect(ends.consumer).toBe(pool);
    expect({
      from: `Queue(meridian-${options.name})`,
      batchSize: options.batchSize,
      maxReceives: options.maxReceives,
      visibilityS: options.visibilityTimeout / 1000,
      deadLetters: deadLettersIn(region, ends.deadLetters),
      maxConcurrency: of.concurrency,
      // The world does not wait for a full batch, and relies on the result that a function reports for each message.
      windowS: 0,
      answers: ['ReportBatchItemFailures'],
    }).toEqual({ ...deployedFeed(stackOf(region), id), ...DIFFERENCES[id].queue });
  });

  it.each(consumers)('differ in every setting of %s that is declared to differ', (id) => {
    const deployed = Object.entries(deployedFeed(stackOf(region), id));
    for (const setting of Object.entries(DIFFERENCES[id].queue)) expect(deployed).not.toContainEqual(setting);
  });

  it('have no other queue that feeds a function', () => {
    const inWorld = made.queues.filter(({ options }) => options.region === region).map(({ options }) => options.name);
    expect(inWorld.sort()).toEqual([...consumers]);
    const deployed = deployedQueues(stackOf(region)).filter(({ redrive }) => redrive !== undefined);
    expect(deployed.map(({ name }) => name).sort()).toEqual(consumers.map((id) => names.queue(id)));
    expect(countOfMappings(stackOf(region))).toBe(consumers.length + deployedStreams(stackOf(region)).length);
  });

  it('keep messages as long as those of the world', () => {
    for (const { retentionS } of deployedQueues(stackOf(region))) expect(retentionS).toBe(QUEUE_RETENTION_S);
  });

  it('feed relay from the four table streams alike', () => {
    const { tableStream, strongStream, decisionStream, conflictStream } = world.region(region);
    const { pool } = madeIn(made.functions, region, 'relay');
    const tables = new Map<unknown, string>([
      [tableStream, names.eventsTable],
      [strongStream, names.strongEventsTable],
      [decisionStream, names.transactionsTable],
      [conflictStream, names.conflictsTable],
    ]);
    const inWorld = made.streams.filter(({ options }) => options.region === region);
    for (const { consumer, options } of inWorld) {
      expect(consumer).toBe(pool);
      expect(options.retryAfter).toBe(DIFFERENCES.relay.stream.pauseMs);
    }
    expect(
      inWorld.map(({ stream, options: { batchSize, retries, maxAge } }) => ({
        from: `CustomResource(${tables.get(stream)})`,
        batchSize,
        retries,
        maxAgeS: maxAge / 1000,
        // The world relies on these settings: every record from the first on is delivered, and a shard is processed batch by
        // batch. Records are redelivered from the first reported one on, a batch that fails as a whole is split, and
        // discarded records are kept.
        windowS: 0,
        begins: 'TRIM_HORIZON',
        parallelization: 1,
        answers: ['ReportBatchItemFailures'],
        bisect: true,
        failures: 'Bucket()',
      })),
    ).toEqual(deployedStreams(stackOf(region)));
    expect(DIFFERENCES.relay.instances).toBe(inWorld.length);
  });

  it('route the events on the bus by the same patterns to the same targets', () => {
    const inWorld = rules.get(world.region(region).bus) ?? expect.fail();
    const deployed = deployedRules(stackOf(region));
    expect(deployed).toHaveLength(inWorld.length);
    expect(deployed).toEqual(
      expect.arrayContaining(
        inWorld.map(([pattern, target]) => ({
          bus: names.bus,
          state: 'ENABLED',
          pattern,
          target: targetIn(region, target),
        })),
      ),
    );
  });

  it('drive transactions with the same timeouts and retries', () => {
    const retry = {
      IntervalSeconds: MACHINE_FIRST_PAUSE_S,
      MaxAttempts: MACHINE_TRIES - 1,
      // In the world, each pause is random from 0 to a maximum that doubles.
      BackoffRate: 2,
      JitterStrategy: 'FULL',
    };
    const taskOf = (id: 'coordinate' | 'participant' | 'turn') => ({
      calls: `Function(${names.function(id)})`,
      timeoutS: FUNCTIONS[id].timeoutS + MACHINE_GRACE_S,
      retry,
    });
    const { tasks, ...machine } = deployedMachine(stackOf(region));
    expect(machine).toEqual({ type: 'EXPRESS', timeoutS: EXPRESS_MACHINE_MS / 1000 });
    // Plan, Prepare, Decide, Commit, Abort, Finalise, Release and Turn.
    expect(tasks).toHaveLength(8);
    // A turn is not retried.
    const turn = { ...taskOf('turn'), retry: {} };
    expect(tasks).toEqual(expect.arrayContaining([taskOf('coordinate'), taskOf('participant'), turn]));
    expect([taskOf('coordinate'), taskOf('participant'), turn]).toEqual(expect.arrayContaining([...new Set(tasks)]));
  });

  it('expire nothing except parked events of a subscriber', () => {
    expect(deployedTables(stackOf(region))).toEqual({
      [names.viewsTable]: {},
      [names.snapshotsTable]: {},
      'meridian-subscriber': { expires: 'expires' },
    });
  });
});

describe('the world', () => {
  it('gives reasons for its differences', () => {
    for (const { because } of Object.values(DIFFERENCES)) expect(because).not.toBe('');
    expect(Object.keys(DIFFERENCES).sort()).toEqual([...functions].sort());
  });

  it.each(called)('can call %s for all participants of the largest transaction at once', (id) => {
    expect(DIFFERENCES[id].instances).toBeGreaterThanOrEqual(MAX_PARTICIPANTS);
  });

  it('retries a record before the resolver is due, because only then do transactions finish in time', () => {
    expect(DIFFERENCES.relay.stream.pauseMs).toBeLessThanOrEqual(RESOLVER_SLACK_MS);
  });

  it("invokes operate with no more than Lambda's limit", async () => {
    const request = 'x'.repeat(LAMBDA_PAYLOAD_BYTES);
    await expect(world.region('us-east-1').invokeOperate(request)).rejects.toMatchObject({ code: 'too-large' });
  });

  it('shows whole items in its table streams, before and after a change, like the deployed tables', () => {
    expect(deployedTables(globalStack)).toEqual({
      [names.eventsTable]: { shows: 'NEW_AND_OLD_IMAGES' },
      [names.transactionsTable]: { shows: 'NEW_AND_OLD_IMAGES' },
      [names.strongEventsTable]: { shows: 'NEW_AND_OLD_IMAGES' },
      [names.conflictsTable]: { shows: 'NEW_AND_OLD_IMAGES' },
      [names.placementTable]: { shows: 'NEW_AND_OLD_IMAGES' },
    });
  });
});

describe('the world and the stacks', () => {
  it.each([
    [regions],
    [['us-east-1', 'us-west-2']],
    [['us-east-1', 'us-east-2', 'eu-west-1']],
    [['eu-west-1', 'eu-west-2', 'eu-central-1']],
    [['us-east-1', 'us-east-2', 'us-west-2', 'eu-west-1', 'ap-northeast-1']],
  ])('decide alike, strong or eventual, in %j', (among) => {
    const { decisions } = parseConfig({ context: (key) => (key === 'regions' ? among : undefined) });
    expect(new World({ domain: toyDomain, regions: among }).decisions).toBe(decisions);
  });

  it('refuse strong decisions in the same Regions', () => {
    const among = ['us-east-1', 'us-east-2', 'eu-west-1'];
    expect(() => new World({ domain: toyDomain, regions: among, decisions: 'strong' })).toThrow('strong');
    const context: Readonly<Record<string, unknown>> = { regions: among, decisions: 'strong' };
    expect(() => parseConfig({ context: (key) => context[key] })).toThrow(
      expect.objectContaining({ code: 'invalid-config' }),
    );
  });
});
