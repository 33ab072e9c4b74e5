import { z } from 'zod';
import type { FunctionId, QueueConsumerId } from '../../../core/limits/functions.ts';
import { namesOf } from '../../../core/names.ts';
import type { TemplateReader } from '../../lib/template.ts';

const names = namesOf('meridian');

// All schemas here are strict: a filter or a delay that is not compared with the world is a fault as soon as a template
// has it.

/** Settings that the world lacks, and does not depend on. */
const beside = z.unknown();

const functionSchema = z.strictObject({
  Timeout: z.number(),
  MemorySize: z.number(),
  Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }),
  Architectures: beside,
  Code: beside,
  Description: beside,
  FunctionName: beside,
  Handler: beside,
  LoggingConfig: beside,
  // How many instances a function of a world has is declared in DIFFERENCES.
  ReservedConcurrentExecutions: beside.optional(),
  // Allows a function to send to its own queue: a world has nothing that stops it.
  RecursiveLoop: beside.optional(),
  Role: beside,
  Runtime: beside,
  Tags: beside,
  TracingConfig: beside,
});

const queueSchema = z.strictObject({
  QueueName: z.string(),
  MessageRetentionPeriod: z.number(),
  VisibilityTimeout: z.number().optional(),
  RedrivePolicy: z.strictObject({ maxReceiveCount: z.number(), deadLetterTargetArn: z.unknown() }).optional(),
  SqsManagedSseEnabled: beside,
  Tags: beside,
});

const fromAnySource = {
  BatchSize: z.number(),
  EventSourceArn: z.unknown(),
  FunctionName: z.unknown(),
  FunctionResponseTypes: z.array(z.string()).default([]),
  MaximumBatchingWindowInSeconds: z.number().default(0),
  Tags: beside,
};
const fromQueueSchema = z.strictObject({
  ...fromAnySource,
  ScalingConfig: z.strictObject({ MaximumConcurrency: z.number() }),
});
const fromStreamSchema = z.strictObject({
  ...fromAnySource,
  StartingPosition: z.string(),
  ParallelizationFactor: z.number(),
  MaximumRetryAttempts: z.number(),
  MaximumRecordAgeInSeconds: z.number(),
  BisectBatchOnFunctionError: z.boolean(),
  DestinationConfig: z.strictObject({ OnFailure: z.strictObject({ Destination: z.unknown() }) }),
  MetricsConfig: beside,
  // Leaves out records that relay ignores, which it also gets in the world.
  FilterCriteria: beside.optional(),
});

const ruleSchema = z.strictObject({
  EventBusName: z.unknown(),
  EventPattern: z.unknown(),
  State: z.string(),
  Targets: z
    .array(
      z.strictObject({
        Arn: z.unknown(),
        Id: beside,
        RoleArn: beside.optional(),
        // The queue for undeliverable events, which the world does not have.
        DeadLetterConfig: beside.optional(),
      }),
    )
    .length(1),
  Description: beside,
  Name: beside,
  Tags: beside,
});

const tableSchema = z.looseObject({
  TableName: z.string(),
  StreamSpecification: z.strictObject({ StreamViewType: z.string() }).optional(),
  TimeToLiveSpecification: z.strictObject({ AttributeName: z.string(), Enabled: z.literal(true) }).optional(),
});

const taskSchema = z.looseObject({
  Type: z.literal('Task'),
  Resource: z.string(),
  TimeoutSeconds: z.number(),
  Retry: z
    .array(z.looseObject({ ErrorEquals: beside }))
    .max(1)
    .default([]),
});
const statesSchema = z.record(
  z.string(),
  z.looseObject({
    Type: z.string(),
    get ItemProcessor() {
      return z.looseObject({ States: statesSchema }).optional();
    },
    get Branches() {
      return z.array(z.looseObject({ States: statesSchema })).optional();
    },
  }),
);
const machineSchema = z.looseObject({ TimeoutSeconds: z.number(), States: statesSchema });

/** The settings of a deployed function. */
export function deployedFunction(stack: TemplateReader, id: FunctionId) {
  const { Timeout, MemorySize, Environment } = functionSchema.parse(
    stack.named('AWS::Lambda::Function', names.function(id)).Properties,
  );
  return { timeout: Timeout * 1000, memoryMb: MemorySize, variables: Environment.Variables };
}

/** Every function that is deployed, by the last part of its name. */
export function deployedFunctions(stack: TemplateReader): readonly string[] {
  return stack
    .ofType('AWS::Lambda::Function')
    .map(({ Properties }) => String(Properties.FunctionName).replace(/^meridian-/, ''))
    .sort();
}

/** Every queue of a stack. */
export function deployedQueues(stack: TemplateReader) {
  return stack
    .ofType('AWS::SQS::Queue')
    .map(({ Properties }) => queueSchema.parse(Properties))
    .map(({ QueueName, MessageRetentionPeriod, VisibilityTimeout, RedrivePolicy }) => ({
      name: QueueName,
      retentionS: MessageRetentionPeriod,
      visibilityS: VisibilityTimeout,
      redrive: RedrivePolicy && {
        maxReceives: RedrivePolicy.maxReceiveCount,
        deadLetters: stack.text(RedrivePolicy.deadLetterTargetArn),
      },
    }));
}

function mappingsOf(stack: TemplateReader, id: FunctionId) {
  return stack
    .ofType('AWS::Lambda::EventSourceMapping')
    .map(({ Properties }) => Properties)
    .filter(({ FunctionName }) => stack.text(FunctionName) === `Function(${names.function(id)})`);
}

/** How a queue feeds a function in the stacks. */
export function deployedFeed(stack: TemplateReader, id: QueueConsumerId) {
  const queue = deployedQueues(stack).find(({ name }) => name === names.queue(id));
  const [properties, ...more] = mappingsOf(stack, id);
  if (!queue?.redrive || !properties || more.length > 0) throw new Error(`${id} has not one queue.`);
  const mapping = fromQueueSchema.parse(properties);
  return {
    from: stack.text(mapping.EventSourceArn),
    batchSize: mapping.BatchSize,
    windowS: mapping.MaximumBatchingWindowInSeconds,
    maxConcurrency: mapping.ScalingConfig.MaximumConcurrency,
    answers: mapping.FunctionResponseTypes,
    visibilityS: queue.visibilityS,
    ...queue.redrive,
  };
}

/** How the streams of tables feed `relay` in the stacks. */
export function deployedStreams(stack: TemplateReader) {
  return mappingsOf(stack, 'relay')
    .map((properties) => fromStreamSchema.parse(properties))
    .map((mapping) => ({
      from: stack.text(mapping.EventSourceArn),
      batchSize: mapping.BatchSize,
      windowS: mapping.MaximumBatchingWindowInSeconds,
      answers: mapping.FunctionResponseTypes,
      begins: mapping.StartingPosition,
      parallelization: mapping.ParallelizationFactor,
      retries: mapping.MaximumRetryAttempts,
      maxAgeS: mapping.MaximumRecordAgeInSeconds,
      bisect: mapping.BisectBatchOnFunctionError,
      failures: stack.text(mapping.DestinationConfig.OnFailure.Destination),
    }));
}

/** How many sources feed functions in a stack. */
export function countOfMappings(stack: TemplateReader): number {
  return stack.ofType('AWS::Lambda::EventSourceMapping').length;
}

/** A rule refers to a bus of its own stack, or names that of another. */
function nameOfBus(text: string): string {
  return /^EventBus\((.+)\)$/.exec(text)?.[1] ?? text;
}

/** The rules of a Region's bus. */
export function deployedRules(stack: TemplateReader) {
  return (
    stack
      .ofType('AWS::Events::Rule')
      // Schedules belong to no bus. The world has none.
      .filter(({ Properties }) => !('ScheduleExpression' in Properties))
      .map(({ Properties }) => ruleSchema.parse(Properties))
      .map(({ EventBusName, EventPattern, State, Targets }) => ({
        bus: nameOfBus(stack.text(EventBusName)),
        state: State,
        pattern: EventPattern,
        target: stack.text(Targets[0]?.Arn),
      }))
  );
}

/** The settings of the state machine: its type, its timeout and each task's. Its behavior is compared by running it. */
export function deployedMachine(stack: TemplateReader) {
  const { StateMachineType, DefinitionString } = stack.named(
    'AWS::StepFunctions::StateMachine',
    names.transactionMachine,
  ).Properties;
  const { TimeoutSeconds, States } = machineSchema.parse(JSON.parse(stack.text(DefinitionString)));
  return { type: StateMachineType, timeoutS: TimeoutSeconds, tasks: tasksIn(States) };
}

function tasksIn(states: z.infer<typeof statesSchema>): object[] {
  return Object.values(states).flatMap((state) => {
    if (state.Branches) return state.Branches.flatMap(({ States }) => tasksIn(States));
    if (state.ItemProcessor) return tasksIn(state.ItemProcessor.States);
    if (state.Type !== 'Task') return [];
    const { Resource, TimeoutSeconds, Retry } = taskSchema.parse(state);
    const { ErrorEquals: _any, ...retry } = Retry[0] ?? {};
    return [{ calls: Resource, timeoutS: TimeoutSeconds, retry }];
  });
}

/** For every table, the view type of its stream and its time to live. */
export function deployedTables(stack: TemplateReader) {
  return Object.fromEntries(
    stack
      .ofType('AWS::DynamoDB::GlobalTable')
      .map(({ Properties }) => tableSchema.parse(Properties))
      .map(({ TableName, StreamSpecification, TimeToLiveSpecification }) => [
        TableName,
        { shows: StreamSpecification?.StreamViewType, expires: TimeToLiveSpecification?.AttributeName },
      ]),
  );
}
