import { beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type EventPattern, projectedTypes, subscriptionPattern } from '../../../core/index.ts';
import { FUNCTIONS, type QueueConsumerId, type QueueLimits } from '../../../core/limits/functions.ts';
import { namesOf } from '../../../core/names.ts';
import { domain } from '../../../domain/index.ts';
import { parseConfig } from '../../../lib/config.ts';
import { DIFFERENCES } from '../../../world/region/deployment.ts';
import { WorldBus } from '../../../world/services/bus.ts';
import type { FunctionOptions } from '../../../world/services/function-pool.ts';
import type { QueueOptions } from '../../../world/services/queue.ts';
import type { TableStreamOptions } from '../../../world/services/table-stream.ts';
import { World } from '../../../world/world.ts';
import { synthesize } from '../../lib/synthesize.ts';
import { TemplateReader } from '../../lib/template.ts';

// The first synth of a process loads the CDK and its validation engine, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** What a world makes its services with. */
const made = vi.hoisted(() => ({
  functions: new Map<string, FunctionOptions>(),
  queues: new Map<string, QueueOptions>(),
  streams: new Set<TableStreamOptions>(),
}));
vi.mock(import('../../../world/services/function-pool.ts'), async (load) => {
  const services = await load();
  return {
    ...services,
    FunctionPool: class<Event, Result> extends services.FunctionPool<Event, Result> {
      constructor(...args: ConstructorParameters<typeof services.FunctionPool<Event, Result>>) {
        super(...args);
        made.functions.set(args[0].name, args[0]);
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
        made.queues.set(args[0].name, args[0]);
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
        made.streams.add(args[0]);
      }
    },
  };
});

const regions = ['us-east-1', 'us-east-2', 'us-west-2'];
const names = namesOf('meridian');
const consumers = ['ingest', 'projection', 'resolver', 'subscriber'] as const satisfies readonly QueueConsumerId[];

const mappingSchema = z.object({
  FunctionName: z.unknown(),
  EventSourceArn: z.unknown(),
  BatchSize: z.number(),
  MaximumBatchingWindowInSeconds: z.number().default(0),
  ScalingConfig: z.object({ MaximumConcurrency: z.number() }).optional(),
  ParallelizationFactor: z.number().optional(),
  MaximumRetryAttempts: z.number().optional(),
  MaximumRecordAgeInSeconds: z.number().optional(),
  BisectBatchOnFunctionError: z.boolean().optional(),
});
const queueSchema = z.object({
  VisibilityTimeout: z.number(),
  RedrivePolicy: z.object({ maxReceiveCount: z.number() }),
});

let templates: readonly TemplateReader[];
let stack: TemplateReader;
let world: World;
/** The patterns of the rules of every Region's bus in the world. */
let patterns: ReadonlyMap<unknown, readonly EventPattern[]>;
beforeAll(() => {
  const { regionTemplates } = synthesize({
    context: { regions, subscriber: 'true' },
    projectedTypes: [...projectedTypes(domain)],
  });
  templates = regionTemplates.map((template) => new TemplateReader(template));
  stack = templates[0] ?? expect.fail('there is no Region');
  const rules = vi.spyOn(WorldBus.prototype, 'addRule');
  const listening = { name: 'subscriber', pattern: subscriptionPattern(['flight']), make: () => expect.fail() };
  world = new World({ domain, regions, subscriptions: [listening] });
  const all = new Map<unknown, EventPattern[]>();
  for (const [i, [pattern]] of rules.mock.calls.entries()) {
    const bus: unknown = rules.mock.contexts[i];
    all.set(bus, [...(all.get(bus) ?? []), pattern]);
  }
  patterns = all;
  rules.mockRestore();
});

function mappingsOf(id: string) {
  return stack
    .ofType('AWS::Lambda::EventSourceMapping')
    .map(({ Properties }) => mappingSchema.parse(Properties))
    .filter(({ FunctionName }) => stack.text(FunctionName) === `Function(meridian-${id})`);
}

/** How a queue feeds a function in the stacks. */
function deployedQueue(id: QueueConsumerId): QueueLimits {
  const { VisibilityTimeout, RedrivePolicy } = queueSchema.parse(
    stack.named('AWS::SQS::Queue', names.queue(id)).Properties,
  );
  const [mapping, ...more] = mappingsOf(id);
  if (!mapping?.ScalingConfig || more.length > 0) throw new Error(`${id} has not one queue.`);
  expect(stack.text(mapping.EventSourceArn)).toBe(`Queue(${names.queue(id)})`);
  return {
    batchSize: mapping.BatchSize,
    windowS: mapping.MaximumBatchingWindowInSeconds,
    maxConcurrency: mapping.ScalingConfig.MaximumConcurrency,
    maxReceives: RedrivePolicy.maxReceiveCount,
    visibilityS: VisibilityTimeout,
  };
}

describe('the world and the stacks', () => {
  it.each(Object.keys(FUNCTIONS).filter((id) => id !== 'stream-lookup'))('give %s the same time', (id) => {
    const { Timeout } = stack.named('AWS::Lambda::Function', `meridian-${id}`).Properties;
    expect(made.functions.get(id)?.timeout).toBe(Number(Timeout) * 1000);
  });

  it.each(consumers)('feed %s from its queue alike, but for what the world says that it does otherwise', (id) => {
    const { batchSize, maxReceives, visibilityTimeout } = made.queues.get(id) ?? expect.fail();
    expect({
      batchSize,
      maxReceives,
      visibilityS: visibilityTimeout / 1000,
      maxConcurrency: made.functions.get(id)?.concurrency,
      // It waits for no batch to fill up.
      windowS: 0,
    }).toEqual({ ...deployedQueue(id), ...DIFFERENCES[id].queue });
  });

  it.each(consumers)('differ in what the world says that it does otherwise with %s, and it says why', (id) => {
    const { queue, because } = DIFFERENCES[id];
    for (const setting of Object.entries(queue)) expect(Object.entries(deployedQueue(id))).not.toContainEqual(setting);
    expect(because).not.toBe('');
  });

  it('have no other queue that feeds a function', () => {
    expect([...made.queues.keys()].sort()).toEqual([...consumers]);
    expect(
      stack
        .ofType('AWS::SQS::Queue')
        .filter(({ Properties }) => Properties.RedrivePolicy !== undefined)
        .map(({ Properties }) => Properties.QueueName)
        .sort(),
    ).toEqual(consumers.map((id) => names.queue(id)));
  });

  it('feed relay from the two table streams alike', () => {
    expect(mappingsOf('relay')).toHaveLength(2);
    const inWorld = [...made.streams].map(({ batchSize, retries, maxAge }) => ({
      batchSize,
      retries,
      maxAgeS: maxAge / 1000,
      // It knows nothing else: a shard is worked on batch by batch, and a batch that fails whole is halved.
      windowS: 0,
      parallelization: 1,
      bisect: true,
    }));
    for (const mapping of mappingsOf('relay'))
      for (const stream of inWorld)
        expect(stream).toEqual({
          batchSize: mapping.BatchSize,
          retries: mapping.MaximumRetryAttempts,
          maxAgeS: mapping.MaximumRecordAgeInSeconds,
          windowS: mapping.MaximumBatchingWindowInSeconds,
          parallelization: mapping.ParallelizationFactor,
          bisect: mapping.BisectBatchOnFunctionError,
        });
  });

  it.each(regions)('route the events on the bus of %s by the same patterns', (region) => {
    const template = templates[regions.indexOf(region)] ?? expect.fail();
    const inWorld = patterns.get(world.region(region).bus) ?? expect.fail();
    const inStack = template.ofType('AWS::Events::Rule').map(({ Properties }) => Properties.EventPattern);
    expect(inStack).toHaveLength(inWorld.length);
    expect(inStack).toEqual(expect.arrayContaining([...inWorld]));
  });

  it.each([
    [regions],
    [['us-east-1', 'us-west-2']],
    [['us-east-1', 'us-east-2', 'eu-west-1']],
    [['eu-west-1', 'eu-west-2', 'eu-central-1']],
    [['us-east-1', 'us-east-2', 'us-west-2', 'eu-west-1', 'ap-northeast-1']],
  ])('decide alike, strong or eventual, in %j', (among) => {
    const { decisions } = parseConfig((key) => (key === 'regions' ? among : undefined));
    expect(new World({ domain, regions: among }).decisions).toBe(decisions);
  });

  it('refuse strong decisions in the same Regions', () => {
    const among = ['us-east-1', 'us-east-2', 'eu-west-1'];
    expect(() => new World({ domain, regions: among, decisions: 'strong' })).toThrow('strong');
    const context: Readonly<Record<string, unknown>> = { regions: among, decisions: 'strong' };
    expect(() => parseConfig((key) => context[key])).toThrow(expect.objectContaining({ code: 'invalid-config' }));
  });
});
