import { Duration, Stack, Validations } from 'aws-cdk-lib';
import { Grant, type IGrantable, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import {
  Choice,
  Condition,
  CustomerManagedEncryptionConfiguration,
  DefinitionBody,
  Errors,
  type IChainable,
  JitterType,
  JsonPath,
  LogLevel,
  Map as MapState,
  Parallel,
  Pass,
  QueryLanguage,
  StateMachine,
  StateMachineType,
  Succeed,
  TaskInput,
  Timeout,
  Wait,
  WaitTime,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke, type LambdaInvokeJsonPathProps } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import { EXPRESS_MACHINE_MS } from '../../core/limits/aws.ts';
import { MACHINE_FIRST_PAUSE_S, MACHINE_GRACE_S, MACHINE_TRIES } from '../../core/limits/budgets.ts';
import { namesOf } from '../../core/names.ts';
import type { Config } from '../config.ts';
import { Encryption } from './encryption.ts';
import type { MeridianFunction } from './meridian-function.ts';
import { removalPolicyOf } from './removal-policy.ts';

/** The error of a call that Lambda throttles. */
const THROTTLED = 'Lambda.TooManyRequestsException';
/**
 * All errors of a function are retried: it returns the result of its work, and throws only errors that should be
 * retried.
 */
const INFRASTRUCTURE = [
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  THROTTLED,
  'Lambda.Unknown',
  Errors.TIMEOUT,
  Errors.TASKS_FAILED,
];

/** Properties of TransactionMachine. */
export interface TransactionMachineProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** Plans and decides. */
  readonly coordinate: MeridianFunction;
  /** Prepares and finalises. */
  readonly participant: MeridianFunction;
  /** Waits for busy streams. */
  readonly turn: MeridianFunction;
}

/**
 * Drives the transactions of a Region through their steps, but decides nothing: it may stop anywhere, or run twice. Its input is
 * a `MachineInput` of core/wire/coordinator.ts; every state carries the input once, plus small results.
 */
export class TransactionMachine extends Construct {
  readonly #props: TransactionMachineProps;
  readonly #machine: StateMachine;

  constructor(scope: Construct, id: string, props: TransactionMachineProps) {
    super(scope, id);
    const { config, region, coordinate, participant, turn } = props;
    const names = namesOf(config.name);
    this.#props = props;
    const role = new Role(this, 'Role', {
      roleName: names.role(region, 'transactions'),
      assumedBy: new ServicePrincipal('states.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': Stack.of(this).account },
          ArnEquals: { 'aws:SourceArn': this.#arnOf(names.transactionMachine) },
        },
      }),
    });
    const encryption = Encryption.of(this);
    const { key } = encryption;
    const logs = new LogGroup(this, 'Log', {
      // With this prefix, the log group needs no entry in a resource policy: such a policy would grow with each machine
      // of the account.
      logGroupName: `/aws/vendedlogs/states/${names.transactionMachine}`,
      retention: config.logRetentionDays,
      ...(key && { encryptionKey: key }),
      removalPolicy: removalPolicyOf(config.ephemeral),
    });
    this.#machine = new StateMachine(this, 'Machine', {
      stateMachineName: names.transactionMachine,
      stateMachineType: StateMachineType.EXPRESS,
      queryLanguage: QueryLanguage.JSON_PATH,
      comment: 'Drives the transactions of this Region, and decides nothing',
      definitionBody: DefinitionBody.fromChainable(this.#definition()),
      timeout: Duration.millis(EXPRESS_MACHINE_MS),
      logs: { destination: logs, level: LogLevel.ERROR, includeExecutionData: false },
      tracingEnabled: true,
      ...(key && { encryptionConfiguration: new CustomerManagedEncryptionConfiguration(key) }),
      // CDK would also let it invoke every version of the functions.
      role: role.withoutPolicyUpdates(),
    });
    Validations.of(this.#machine).acknowledge({
      id: 'AwsSolutions-SF1',
      reason:
        'Two tables and the trace show what an execution did; logging every step of every successful one would cost ten times as much as the steps.',
    });
    Grant.addToPrincipal({
      grantee: role,
      actions: ['lambda:InvokeFunction'],
      resourceArns: [coordinate, participant, turn].map((called) => called.function.functionArn),
    });
    grantLogsAndTraces(role);
    encryption.grantExecutions(role, this.#arnOf(names.transactionMachine));
    encryption.grantDeliveredLogs(role);
    // The machine can be created only once its role may deliver logs.
    this.#machine.node.addDependency(role);
  }

  /** ARN of the machine. */
  get arn(): string {
    return this.#machine.stateMachineArn;
  }

  /** Lets a role start executions. */
  grantStart(grantee: IGrantable): void {
    Grant.addToPrincipal({ grantee, actions: ['states:StartExecution'], resourceArns: [this.arn] });
    Encryption.of(this).grantExecutions(grantee, this.arn);
  }

  #arnOf(name: string): string {
    return Stack.of(this).formatArn({ service: 'states', resource: `stateMachine:${name}` });
  }

  /**
   * Plan → Prepare all → Decide → Commit all or Abort all. After a busy attempt its intents are released while the machine
   * waits for the busy streams; then Prepare all follows again.
   */
  #definition(): IChainable {
    const done = Succeed.jsonPath(this, 'Done');
    const plan = this.#coordinate(
      'Plan',
      {
        step: 'plan',
        transaction: JsonPath.stringAt('$.id'),
        fingerprint: JsonPath.stringAt('$.fingerprint'),
        deadline: JsonPath.numberAt('$.deadline'),
      },
      '$.plan',
    );
    const prepareAll = this.#prepareAll();
    const decide = this.#coordinate(
      'Decide',
      {
        step: 'decide',
        transaction: JsonPath.stringAt('$.id'),
        attempt: JsonPath.numberAt('$.plan.attempt'),
        fingerprint: JsonPath.stringAt('$.fingerprint'),
        deadline: JsonPath.numberAt('$.deadline'),
        timeout: JsonPath.numberAt('$.timeout'),
        answers: JsonPath.objectAt('$.answers'),
      },
      '$.decision',
    );
    plan.next(
      Choice.jsonPath(this, 'Is it decided?')
        .when(
          Condition.stringEquals('$.plan.kind', 'decided'),
          this.#finaliseAll('Finalise', '$.plan.intents').next(done),
        )
        .otherwise(prepareAll),
    );
    prepareAll
      .next(decide)
      .next(
        Choice.jsonPath(this, 'How is it decided?')
          .when(
            Condition.stringEquals('$.decision.state', 'committed'),
            this.#finaliseAll('Commit', '$.decision.intents').next(done),
          )
          .when(
            Condition.booleanEquals('$.decision.final', true),
            this.#finaliseAll('Abort', '$.decision.intents').next(done),
          )
          .otherwise(this.#releaseAndWait().next(this.#nextAttempt()).next(prepareAll)),
      );
    return plan;
  }

  /**
   * Prepares every participant, in parallel. A participant whose Region cannot be reached gets the result `unreachable`,
   * which ends the transaction. One whose function is throttled gets `busy`: another attempt may follow.
   */
  #prepareAll(): MapState {
    const prepare = this.#task('Prepare', this.#props.participant);
    const failed = (name: string, kind: 'busy' | 'unreachable', error: string) =>
      prepare.addCatch(
        Pass.jsonPath(this, name, { parameters: { kind, stream: JsonPath.stringAt('$.participant.stream') } }),
        { errors: [error], resultPath: JsonPath.DISCARD },
      );
    failed('Throttled', 'busy', THROTTLED);
    failed('Unreachable', 'unreachable', Errors.ALL);
    return MapState.jsonPath(this, 'Prepare all', {
      itemsPath: '$.participants',
      itemSelector: {
        step: 'prepare',
        transaction: JsonPath.stringAt('$.id'),
        attempt: JsonPath.numberAt('$.plan.attempt'),
        fingerprint: JsonPath.stringAt('$.fingerprint'),
        deadline: JsonPath.numberAt('$.deadline'),
        timeout: JsonPath.numberAt('$.timeout'),
        meta: JsonPath.objectAt('$.meta'),
        participant: JsonPath.objectAt('$$.Map.Item.Value'),
      },
      resultPath: '$.answers',
    }).itemProcessor(prepare);
  }

  /** Releases what a busy attempt holds, and meanwhile waits for the streams that were busy. */
  #releaseAndWait(): Parallel {
    // Otherwise each branch would return the whole state, and the two together may exceed the size of a state.
    const nothing = { resultPath: JsonPath.DISCARD, outputPath: JsonPath.DISCARD };
    // It is not retried, even if it is throttled: the next attempt finds out whether the stream is free.
    const turn = this.#invoke('Turn', this.#props.turn);
    turn.addCatch(Wait.jsonPath(this, 'No turn', { time: WaitTime.duration(Duration.seconds(1)) }), {
      errors: [Errors.ALL],
      resultPath: JsonPath.DISCARD,
    });
    const turns = MapState.jsonPath(this, 'Wait for turns', {
      itemsPath: '$.decision.turns',
      itemSelector: {
        step: 'turn',
        transaction: JsonPath.stringAt('$.id'),
        attempt: JsonPath.numberAt('$.plan.attempt'),
        stream: JsonPath.stringAt('$$.Map.Item.Value'),
        deadline: JsonPath.numberAt('$.deadline'),
        timeout: JsonPath.numberAt('$.timeout'),
      },
      ...nothing,
    }).itemProcessor(turn);
    return Parallel.jsonPath(this, 'Release and wait', { resultPath: JsonPath.DISCARD }).branch(
      this.#finaliseAll('Release', '$.decision.intents', nothing),
      turns,
    );
  }

  /** Numbers the next attempt, as a plan does. */
  #nextAttempt(): Pass {
    return Pass.jsonPath(this, 'Next attempt', {
      parameters: { kind: 'prepare', attempt: JsonPath.numberAt('$.decision.next') },
      resultPath: '$.plan',
    });
  }

  /** Finalises all intents, in parallel. */
  #finaliseAll(name: string, intents: string, returns: { readonly outputPath?: string } = {}): MapState {
    const finalise = this.#task(name, this.#props.participant);
    finalise.addCatch(
      Pass.jsonPath(this, `${name} later`, { comment: 'Intents that cannot be reached are left to recovery' }),
      { errors: [Errors.ALL], resultPath: JsonPath.DISCARD },
    );
    return MapState.jsonPath(this, `${name} all`, {
      itemsPath: intents,
      itemSelector: { step: 'finalise', intent: JsonPath.objectAt('$$.Map.Item.Value') },
      resultPath: JsonPath.DISCARD,
      ...returns,
    }).itemProcessor(finalise);
  }

  #coordinate(name: string, payload: Record<string, unknown>, resultPath: string): LambdaInvoke {
    return this.#task(name, this.#props.coordinate, { payload: TaskInput.fromObject(payload), resultPath });
  }

  /** A call of a function, by default with the state's input. */
  #invoke(
    name: string,
    { function: lambdaFunction, timeout }: MeridianFunction,
    more: Pick<LambdaInvokeJsonPathProps, 'payload' | 'resultPath'> = {},
  ): LambdaInvoke {
    return LambdaInvoke.jsonPath(this, name, {
      ...more,
      lambdaFunction,
      payloadResponseOnly: true,
      taskTimeout: Timeout.duration(timeout.plus(Duration.seconds(MACHINE_GRACE_S))),
      // The CDK's default retries have no jitter.
      retryOnServiceExceptions: false,
    });
  }

  /** The same, retried if it fails. */
  #task(
    name: string,
    of: MeridianFunction,
    more?: Pick<LambdaInvokeJsonPathProps, 'payload' | 'resultPath'>,
  ): LambdaInvoke {
    const task = this.#invoke(name, of, more);
    task.addRetry({
      errors: INFRASTRUCTURE,
      interval: Duration.seconds(MACHINE_FIRST_PAUSE_S),
      backoffRate: 2,
      maxAttempts: MACHINE_TRIES - 1,
      jitterStrategy: JitterType.FULL,
    });
    return task;
  }
}

/** The permissions that Step Functions requires to create a machine with logging and tracing. */
function grantLogsAndTraces(role: Role): void {
  Grant.addToPrincipal({
    grantee: role,
    actions: [
      'logs:CreateLogDelivery',
      'logs:GetLogDelivery',
      'logs:UpdateLogDelivery',
      'logs:DeleteLogDelivery',
      'logs:ListLogDeliveries',
      'logs:PutResourcePolicy',
      'logs:DescribeResourcePolicies',
      'logs:DescribeLogGroups',
      'xray:PutTraceSegments',
      'xray:PutTelemetryRecords',
      'xray:GetSamplingRules',
      'xray:GetSamplingTargets',
    ],
    resourceArns: ['*'],
  });
  Validations.of(role).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason: 'Deliveries of logs and X-Ray do not support resources; no other statement has a wildcard.',
  });
}
