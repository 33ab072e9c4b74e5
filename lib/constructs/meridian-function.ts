import { dirname, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Duration, Stack, Validations } from 'aws-cdk-lib';
import { Grant, type IGrantable, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  RecursiveLoop,
  Runtime,
  SystemLogLevel,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { FUNCTIONS, type FunctionId, type FunctionLimits, OWN_FUNCTION } from '../../core/limits/functions.ts';
import type { Environment, OwnName } from '../../core/names.ts';
import { namesOf } from '../../core/names.ts';
import { bundleFunction } from '../bundle.ts';
import type { Config } from '../config.ts';
import { Encryption } from './encryption.ts';
import { removalPolicyOf } from './removal-policy.ts';

/** Properties of MeridianFunction. */
export interface MeridianFunctionProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** The function's short name, from which its full name and its role's name are derived. */
  readonly functionId: FunctionId | OwnName;
  /**
   * The function's timeout and memory.
   * @default the limits of Meridian's function of that name; 60 s and 1024 MB for a team's own function
   */
  readonly limits?: FunctionLimits;
  /**
   * The file that exports `handler`.
   * @default that of Meridian's function of that name
   */
  readonly entry?: string;
  /** The function's description in the console. */
  readonly description: string;
  /** Concurrent executions that are kept for the function, and are its most. @default 0: as many as the account has free */
  readonly reservedConcurrency?: number;
  /**
   * Whether it is called all the time and has nothing to report: then it is not traced, and Lambda writes no lines of its own into its
   * log. @default false
   */
  readonly isQuiet?: boolean;
  /** Whether it sends messages to its own queue, which Lambda stops by default. @default false */
  readonly sendsToItself?: boolean;
  /** Environment variables set by Meridian, in addition to MERIDIAN_NAME. */
  readonly environment: Environment;
  /** Environment variables set by the team. @default none */
  readonly ownEnvironment?: Readonly<Record<string, string>>;
}

/** The limits of Meridian's own functions, to be looked up by any name. */
const LIMITS: Readonly<Record<string, FunctionLimits>> = FUNCTIONS;

/** A Lambda function of a deployment: bundled with its SDK, traced, with its own named role and log group. */
export class MeridianFunction extends Construct {
  readonly function: LambdaFunction;
  readonly functionId: FunctionId | OwnName;
  /** The file that exports `handler`. */
  readonly entry: string;
  /** The timeout of an invocation. */
  readonly timeout: Duration;
  /** Its execution role, which initially may only write its log and its traces. */
  readonly role: Role;
  readonly #config: Config;
  readonly #region: string;

  constructor(scope: Construct, id: string, props: MeridianFunctionProps) {
    super(scope, id);
    const { config, region, functionId, description } = props;
    const { timeoutS, memoryMb } = props.limits ?? LIMITS[functionId] ?? OWN_FUNCTION;
    const names = namesOf(config.name);
    this.#config = config;
    this.#region = region;
    this.functionId = functionId;
    this.timeout = Duration.seconds(timeoutS);
    this.entry =
      props.entry ??
      fileURLToPath(new URL(`../../lambdas/${functionId}/index${extname(import.meta.url)}`, import.meta.url));
    this.role = new Role(this, 'Role', {
      roleName: names.role(region, functionId),
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    const { key } = Encryption.of(this);
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/aws/lambda/${names.function(functionId)}`,
      retention: config.logRetentionDays,
      ...(key && { encryptionKey: key }),
      removalPolicy: removalPolicyOf(config.ephemeral),
    });
    logGroup.grant(this.role, 'logs:CreateLogStream', 'logs:PutLogEvents');

    this.function = new LambdaFunction(this, 'Function', {
      functionName: names.function(functionId),
      description,
      code: Code.fromAsset(this.#codeFolder()),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: memoryMb,
      timeout: this.timeout,
      ...(props.reservedConcurrency && { reservedConcurrentExecutions: props.reservedConcurrency }),
      ...(props.sendsToItself && { recursiveLoop: RecursiveLoop.ALLOW }),
      role: this.role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      ...(props.isQuiet && { systemLogLevelV2: SystemLogLevel.WARN }),
      // Lambda creates the segments, and the SDK's clients pass the trace on: no tracing library is needed.
      tracing: props.isQuiet ? Tracing.DISABLED : Tracing.ACTIVE,
      environment: {
        ...props.ownEnvironment,
        MERIDIAN_NAME: config.name,
        NODE_OPTIONS: '--enable-source-maps',
        ...props.environment,
      },
    });
    if (props.isQuiet) return;
    Validations.of(this.role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason:
        'xray:PutTraceSegments and xray:PutTelemetryRecords do not support resources; no other statement has a wildcard.',
    });
  }

  /** The folder of the bundle; the source folder if the stack is not deployed, and so needs no bundle. */
  #codeFolder(): string {
    if (!Stack.of(this).bundlingRequired) return dirname(this.entry);
    return bundleFunction({ entry: this.entry, domain: this.#config.domain }).folder;
  }

  /** The ARNs of the functions of this name in some Regions. */
  arnsIn(regions: readonly string[]): string[] {
    const resource = `function:${namesOf(this.#config.name).function(this.functionId)}`;
    return regions.map((region) => Stack.of(this).formatArn({ service: 'lambda', region, resource }));
  }

  /** Lets a role invoke the function of this name in every other Region, but not in this one. */
  grantInvokeElsewhere(grantee: IGrantable): void {
    const resourceArns = this.arnsIn(this.#config.regions.filter((region) => region !== this.#region));
    Grant.addToPrincipal({ grantee, actions: ['lambda:InvokeFunction'], resourceArns });
  }
}
