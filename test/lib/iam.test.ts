import { globSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { MeridianFunction } from '../../lib/constructs/meridian-function.ts';
import { type Call, callsOf, operationOf } from './calls.ts';
import { aSubscriber, firstRegionOf, synthesize } from './synthesize.ts';
import type { Resource, TemplateReader } from './template.ts';

const account = '123456789012';
const here = 'us-east-1';
const others = ['us-east-2', 'us-west-2'];

/** Operations whose permissions have other names. */
const PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  // A transaction needs the permissions of each of its items.
  'dynamodb:TransactWriteItems': [],
  'dynamodb:TransactWriteItem.Put': ['dynamodb:PutItem'],
  'dynamodb:TransactWriteItem.Update': ['dynamodb:UpdateItem'],
  'dynamodb:TransactWriteItem.Delete': ['dynamodb:DeleteItem'],
  'dynamodb:TransactWriteItem.ConditionCheck': ['dynamodb:ConditionCheckItem'],
  'dynamodb:TransactGetItems': [],
  'dynamodb:TransactGetItem.Get': ['dynamodb:GetItem'],
  // SQS has no permissions for batches.
  'sqs:SendMessageBatch': ['sqs:SendMessage'],
  'sqs:DeleteMessageBatch': ['sqs:DeleteMessage'],
  'sqs:ChangeMessageVisibilityBatch': ['sqs:ChangeMessageVisibility'],
  'lambda:Invoke': ['lambda:InvokeFunction'],
};
/** What Lambda calls with the function's role, to read the source of its mapping. */
const MAPPING = {
  queue: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
  stream: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
};
/**
 * What the calls of a function's code would need, and a check in front of them rules out: a commit of a strong stream is never put by
 * `repair-item`, and none is made final by `lost-finish`.
 */
const RULED_OUT: Readonly<Record<string, ReadonlySet<string>>> = {
  operate: new Set(['dynamodb:PutItem on meridian-strong-events', 'dynamodb:UpdateItem on meridian-strong-events']),
  // A subscriber that is named to a Region reads the places of all Regions by a query instead.
  named: new Set(['dynamodb:GetItem on meridian-named']),
};
/** Variables that code uses only if they are there, and that a function does not get. */
const NOT_TOLD: Readonly<Record<string, ReadonlySet<string>>> = {
  // It is not named to a Region.
  subscriber: new Set(['PLACEMENT_TABLE']),
};
/** Values that code does not get from an environment variable. */
const TOLD_OTHERWISE: Readonly<Record<string, readonly string[]>> = {
  // The property TableName of the custom resources: lib/constructs/stream-lookup/stream-lookup.ts.
  'stream-lookup': ['meridian-events', 'meridian-strong-events', 'meridian-transactions', 'meridian-conflicts'],
};

const mappingSchema = z.object({
  EventSourceArn: z.unknown(),
  DestinationConfig: z.object({ OnFailure: z.object({ Destination: z.unknown() }) }).optional(),
});

let template: TemplateReader;
let functions: readonly MeridianFunction[];
let calls: ReadonlyMap<string, readonly Call[]>;
function entryOf({ entry }: MeridianFunction) {
  return relative('.', entry);
}
beforeAll(() => {
  const app = synthesize({
    context: { liveUrl: true },
    subscribers: { subscriber: aSubscriber, named: { ...aSubscriber, runsIn: 'us-west-2' } },
    strongTypes: ['till'],
  });
  template = firstRegionOf(app);
  functions = (app.regions[0]?.node.findAll() ?? []).filter((construct) => construct instanceof MeridianFunction);
  calls = callsOf(functions.map(entryOf));
});

/** The name in `Queue(meridian-ingest)` or in the ARN of a table, of one of its indexes, or of a log group; a value without one is unchanged. */
function named(text: string): string {
  return (
    /^(?:Queue|EventBus|GlobalTable|Function|LogGroup|StateMachine)\((.+)\)$/.exec(text)?.[1] ??
    new RegExp(`^arn:aws:dynamodb:${here}:${account}:table/([^/]+)(?:/index/[^/]+)?$`).exec(text)?.[1] ??
    new RegExp(`^arn:aws:logs:${here}:${account}:log-group:LogGroup\\((.+)\\)$`).exec(text)?.[1] ??
    text
  );
}

function nameOf({ functionId }: MeridianFunction) {
  return `meridian-${functionId}`;
}
function roleOf({ functionId }: MeridianFunction) {
  return `meridian-${here}-${functionId}`;
}

/** `action on resource`, without the condition that may narrow it further. */
function allowedTo(role: string): ReadonlySet<string> {
  return new Set(
    template.permissions(role).map((permission) => {
      const [action = '', resource = ''] = permission.split(/ if | on /);
      return `${action} on ${named(resource)}`;
    }),
  );
}

function variablesOf({ Properties }: Resource): Readonly<Record<string, unknown>> {
  return z.object({ Variables: z.record(z.string(), z.unknown()) }).parse(Properties.Environment).Variables;
}

/** The calls of a function's code, and those that Lambda makes for it. */
function neededBy(construct: MeridianFunction, made: readonly Call[]): ReadonlySet<string> {
  const name = nameOf(construct);
  const resource = template.named('AWS::Lambda::Function', name);
  const variables = variablesOf(resource);
  const targets = ({ service, on }: Call): readonly string[] => {
    if (on.length === 0)
      return TOLD_OTHERWISE[construct.functionId] ?? [expect.fail(`${name} calls ${service} on what?`)];
    return on.flatMap((variable) => {
      if (NOT_TOLD[construct.functionId]?.has(variable)) return [];
      const target = named(template.text(variables[variable] ?? expect.fail(`${name} is not told ${variable}`)));
      // Commands of this Region are not sent through Lambda.
      return service === 'lambda'
        ? others.map((other) => `arn:aws:lambda:${other}:${account}:function:${target}`)
        : [target];
    });
  };
  const called = made.flatMap((call) => {
    const operation = `${call.service}:${call.operation}`;
    return targets(call).flatMap((target) =>
      (PERMISSIONS[operation] ?? [operation]).map((action) => `${action} on ${target}`),
    );
  });
  const mapped = template
    .ofType('AWS::Lambda::EventSourceMapping')
    .filter(({ Properties }) => template.text(Properties.FunctionName) === `Function(${name})`)
    .flatMap(({ Properties }) => {
      const { EventSourceArn, DestinationConfig } = mappingSchema.parse(Properties);
      const source = template.text(EventSourceArn);
      const failures = DestinationConfig && template.text(DestinationConfig.OnFailure.Destination);
      return [
        ...(source.startsWith('Queue(') ? MAPPING.queue : MAPPING.stream).map(
          (action) => `${action} on ${named(source)}`,
        ),
        ...(failures ? [`s3:PutObject on ${failures}/aws/lambda/*`, `s3:ListBucket on ${failures}`] : []),
      ];
    });
  const logged = ['logs:CreateLogStream', 'logs:PutLogEvents'].map((action) => `${action} on /aws/lambda/${name}`);
  const isTraced = z.object({ Mode: z.string() }).safeParse(resource.Properties.TracingConfig).data?.Mode === 'Active';
  const traced = isTraced ? ['xray:PutTelemetryRecords on *', 'xray:PutTraceSegments on *'] : [];
  return new Set([...called, ...mapped, ...logged, ...traced]);
}

/** Where a role and the calls of its function differ. */
function faultsOf(construct: MeridianFunction, made: readonly Call[]): readonly string[] {
  const role = roleOf(construct);
  const entry = entryOf(construct);
  const allowed = allowedTo(role);
  const needed = neededBy(construct, made);
  return [
    ...[...allowed.difference(needed)].map((permission) => `${role} allows ${permission}, which ${entry} never calls`),
    ...[...needed.difference(allowed).difference(RULED_OUT[construct.functionId] ?? new Set())].map(
      (permission) => `${entry} calls ${permission}, which ${role} does not allow`,
    ),
  ];
}
function callsBy(construct: MeridianFunction): readonly Call[] {
  return calls.get(entryOf(construct)) ?? [];
}

describe('the role of every function', () => {
  it('allows exactly the calls of its code, on the resources that it uses', () => {
    expect(functions.flatMap((construct) => faultsOf(construct, callsBy(construct)))).toEqual([]);
  });

  it('is distinguished from one that allows too much or too little', () => {
    const relay = functions.find(({ functionId }) => functionId === 'relay') ?? expect.fail('there is no relay');
    const scan = { service: 'dynamodb', operation: 'Scan', on: ['VIEWS_TABLE'] };
    expect(faultsOf(relay, [...callsBy(relay), scan])).toEqual([
      'lambdas/relay/index.ts calls dynamodb:Scan on meridian-views, which meridian-us-east-1-relay does not allow',
    ]);
    const silent = callsBy(relay).filter(({ operation }) => operation !== 'PutEvents');
    expect(faultsOf(relay, silent)).toEqual([
      'meridian-us-east-1-relay allows events:PutEvents on meridian, which lambdas/relay/index.ts never calls',
    ]);
  });

  it('has no wildcard in an action, and a wildcard in a resource only for a stated reason', () => {
    const wildcards = functions
      .flatMap((construct) => template.permissions(roleOf(construct)))
      .filter((permission) => permission.includes('*'));
    expect(new Set(wildcards)).toEqual(
      new Set([
        // X-Ray does not support resources.
        'xray:PutTelemetryRecords on *',
        'xray:PutTraceSegments on *',
        // Lambda chooses the keys of the records that it discards.
        's3:PutObject on Bucket()/aws/lambda/*',
      ]),
    );
  });

  it('is covered: these tests include every function and every role of the stack', () => {
    const known = functions.map(nameOf);
    const stray = template.ofType('AWS::Lambda::Function').map(({ Properties }) => Properties.FunctionName);
    expect(stray.filter((name) => !known.includes(String(name)))).toEqual([]);
    expect(known).toEqual(
      expect.arrayContaining(globSync('lambdas/*/index.ts').map((file) => `meridian-${file.split('/')[1]}`)),
    );
    const roles = template.ofType('AWS::IAM::Role').map(({ Properties }) => String(Properties.RoleName));
    expect(roles.sort()).toEqual(
      [...functions.map(roleOf), `meridian-${here}-forward`, `meridian-${here}-transactions`].sort(),
    );
  });
});

describe('what code calls', () => {
  it('is found for every command of an adapter: some function uses each of them', () => {
    const reached = new Set([...calls.values()].flat().map(({ operation }) => operation));
    const unreached = globSync('adapters/**/*.ts')
      .filter((file) => !COMMAND_LINE.has(file))
      .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/new (\w+)Command\(|\bpaginate(\w+)\(/g)])
      .map(([, command, page]) => operationOf(command ?? page ?? ''))
      .filter((operation) => !reached.has(operation));
    expect(unreached).toEqual([]);
  });
});

/** Adapters that the command line uses, with the permissions of its caller. */
const COMMAND_LINE = new Set(['adapters/lambda/function-url.ts']);

describe('the role of the forwarding rules', () => {
  it('allows exactly what the rules do with it', () => {
    const targets = z.array(z.object({ Arn: z.unknown(), RoleArn: z.unknown().optional() }));
    const needed = template
      .ofType('AWS::Events::Rule')
      .flatMap(({ Properties }) => targets.parse(Properties.Targets))
      .filter(({ RoleArn }) => RoleArn !== undefined && template.text(RoleArn) === `Role(meridian-${here}-forward)`)
      .map(({ Arn }) => `events:PutEvents on ${template.text(Arn)}`);
    expect(template.permissions(`meridian-${here}-forward`)).toEqual(needed.sort());
    expect(needed).toHaveLength(others.length);
  });
});

describe('the role of the state machine', () => {
  const name = `meridian-${here}-transactions`;

  it('lets it invoke the functions of its tasks, in its Region, and deliver logs and traces', () => {
    const [machine] = template.ofType('AWS::StepFunctions::StateMachine');
    const definition = template.text(machine?.Properties.DefinitionString);
    const called = [...definition.matchAll(/"Resource":"(Function\([a-z-]+\))"/g)].map(([, target]) => target);
    const invoked = [...new Set(called)].map((target) => `lambda:InvokeFunction on ${target}`);
    expect(invoked).toHaveLength(3);
    const others = template.permissions(name).filter((permission) => !invoked.includes(permission));
    expect(template.permissions(name)).toEqual(expect.arrayContaining(invoked));
    for (const permission of others) expect(permission).toMatch(/^(logs|xray):[A-Za-z]+ on \*$/);
    expect(template.text(machine?.Properties.RoleArn)).toBe(`Role(${name})`);
  });
});
