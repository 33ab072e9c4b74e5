import { z } from 'zod';
import { allowStrong, STRONG_REGION_SETS } from '../core/limits/aws.ts';
import {
  DECISIONS,
  DEFAULT_PREFIX,
  type DecisionsKind,
  NAME_FORM,
  NAME_LENGTH,
  REGION_COUNT,
  REGION_FORM,
} from '../core/names.ts';
import { ownPage } from '../project/own-package.ts';

/**
 * The configuration of a deployment: validated properties of Meridian, and the context of `cdk.json` and of `cdk -c key=value`.
 */
export interface Config {
  /** Prefix of every name in AWS, 1 to 24 characters. */
  readonly name: string;
  /** Two to five AWS Regions; the first is the primary and holds the global tables' stack. */
  readonly regions: readonly string[];
  /** AWS account; undefined makes stacks for any account. */
  readonly account: string | undefined;
  /** The name of the log that each Region writes. */
  readonly logs: Readonly<Record<string, string>>;
  /** The stream types in mode `strong`; if there are any, their table is deployed. */
  readonly strongTypes: readonly string[];
  /** Whether the stacks are ephemeral: no deletion protection, nothing retained. */
  readonly ephemeral: boolean;
  /** Whether every Region gets an EventBridge schema registry with the domain's events. LocalStack does not support it. */
  readonly schemaRegistry: boolean;
  /** Any value; a new one makes every Region look up the ARNs of its table streams again. */
  readonly nonce: string;
  /** The mail address that gets the alarms; undefined: none, until something subscribes to the topic. */
  readonly alarmEmail: string | undefined;
  /** Days for which the functions' logs are kept: a value that CloudWatch Logs accepts. */
  readonly logRetentionDays: number;
  /** Days for which each bus keeps the domain's events, to replay them to a subscriber; 0: no archive. */
  readonly archiveDays: number;
  /**
   * Concurrent executions that each Region reserves for transactions that wait for a busy stream. They are also the most that may wait
   * there, so that what waits cannot use up the account's; 0: no limit, and none reserved.
   */
  readonly turnConcurrency: number;
  /**
   * The most concurrent executions of `api`, which answers callers, in each Region, so that callers cannot use up what appends,
   * transactions and queues need. They are reserved, too; 0: no limit, and none reserved.
   */
  readonly apiConcurrency: number;
  /** Whether each Region has a URL without a signature for `GET /health/live`, and nothing else. */
  readonly liveUrl: boolean;
  /** The most read request units a second of each table in each Region, so that a mistake costs no more; undefined: no maximum. */
  readonly maxReadUnits: number | undefined;
  /** The most write request units a second of each table in each Region; undefined: no maximum. */
  readonly maxWriteUnits: number | undefined;
  /**
   * The ARN of an existing KMS key for each Region, which encrypts what Meridian stores and carries there; empty if keys of AWS do.
   */
  readonly encryptionKeys: Readonly<Record<string, string>>;
  /** IAM roles that may move dead letters back to the queues that functions process: names, with their paths; `*` matches any text. */
  readonly redriveRoles: readonly string[];
  /**
   * How the table of the transactions' decisions is replicated: every Region sees a decision at once (multi-Region strong
   * consistency), or replicas catch up. By default `strong` if the Regions allow it.
   */
  readonly decisions: DecisionsKind;
  /** The location of the runbooks that alarms link to: a URL or a path, without a trailing slash. */
  readonly runbookUrl: string;
  /**
   * The absolute path of the file that exports the domain of the functions.
   * @default the file that the package itself maps `#domain` to
   */
  readonly domain?: string;
}

/** The properties that the context can set. */
export type ConfigKey = Exclude<keyof Config, 'domain' | 'strongTypes'>;

/** The default location of the runbooks: in the package, as installed in the project that was deployed. */
const RUNBOOKS = ownPage('runbooks');

/**
 * The error for a configuration that cannot be deployed. The message names each wrong key, where its value came from,
 * and what to write instead.
 */
export class ConfigError extends Error {
  readonly code = 'invalid-config';
  readonly retryable = false;

  constructor(faults: readonly string[]) {
    super(
      `The configuration cannot be used (properties of Meridian, or the context of cdk.json and -c):\n${faults.map((fault) => `- ${fault}`).join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}

/** The retention periods that CloudWatch Logs accepts, in days. */
const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

const WHAT_TO_WRITE = {
  name: `1 to ${NAME_LENGTH} lower-case letters, digits and single hyphens, starting with a letter and not ending with a hyphen, such as "meridian"`,
  regions:
    'two to five different AWS Regions, the primary first, for example ["us-east-1", "us-east-2", "us-west-2"] (-c regions=us-east-1,us-east-2)',
  account: 'the 12 digits of the AWS account as a string, or leave it out to deploy to the account of your credentials',
  logs: 'a log name for a Region of `regions` (lower-case letters, digits, hyphens; not "global"; unique), for example {"us-east-2": "us-east-2-b"}',
  ephemeral: 'true for ephemeral stacks, false otherwise',
  schemaRegistry: 'true for a schema registry in every Region, false otherwise',
  nonce: 'any string; a new one makes the stream lookup run again',
  alarmEmail: "the mail address that gets every Region's alarms, or leave it out and subscribe to the topics yourself",
  logRetentionDays: `one of ${LOG_RETENTION_DAYS.join(', ')}`,
  archiveDays: 'whole days from 1 to 3650, or 0 for no archive',
  turnConcurrency:
    'a whole number from 1 to 1000 (the account keeps 100 for functions without a reservation), or 0 for no limit',
  apiConcurrency:
    'a whole number from 1 to 1000 (the account keeps 100 for functions without a reservation), or 0 for no limit',
  liveUrl: 'true for a URL of each Region that needs no signature, for health checks; false otherwise',
  maxReadUnits: 'read request units a second, a whole number of at least 1, or leave it out for no maximum',
  maxWriteUnits: 'write request units a second, a whole number of at least 1, or leave it out for no maximum',
  encryptionKeys:
    'the ARN of an existing, symmetric KMS key in each Region of `regions`, of the same account, for example {"us-east-1": "arn:aws:kms:us-east-1:123456789012:key/…", …}, or leave it out',
  redriveRoles:
    'names of IAM roles of the account, with their paths; * matches any text: ["operator", "aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Operator_*"] (-c redriveRoles=operator)',
  runbookUrl: 'the location of the runbooks, without a trailing slash, for example "https://wiki.example.com/meridian"',
  decisions: `"eventual"; or "strong" with exactly three Regions of one set: ${STRONG_REGION_SETS.map((set) => set.join(', ')).join('; ')}`,
} as const satisfies Record<ConfigKey, string>;

const keys = [
  'name',
  'regions',
  'account',
  'logs',
  'ephemeral',
  'schemaRegistry',
  'nonce',
  'alarmEmail',
  'logRetentionDays',
  'archiveDays',
  'turnConcurrency',
  'apiConcurrency',
  'liveUrl',
  'maxReadUnits',
  'maxWriteUnits',
  'encryptionKeys',
  'redriveRoles',
  'decisions',
  'runbookUrl',
] as const satisfies readonly ConfigKey[];

const regionSchema = z.string().regex(REGION_FORM, 'not the name of an AWS Region');
const logNameSchema = z.string().regex(/^(?!global$)[a-z0-9][a-z0-9-]{0,62}$/, 'not a log name');
/** A name and its path, as they follow `role/` in an ARN. Wildcards alone would match every role. */
const roleSchema = z.string().regex(/^(?![*/]*$)[\w+=,.@*/-]{1,200}$/, 'not the name of a role');
const KEY_FORM = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):(\d{12}):key\/[\w-]{1,256}$/;
/** An alias may refer to another key later, and most services accept only the key itself. */
const keySchema = z.string().regex(KEY_FORM, 'not the ARN of a KMS key');
function unique(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
/** `-c key=value` passes strings only. */
function listFromCommandLine(value: unknown): unknown {
  return typeof value === 'string' ? value.split(',') : value;
}
function numberFromCommandLine(value: unknown): unknown {
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
}

const flagSchema = z
  .union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')])
  .default(false);

const concurrencySchema = z.preprocess(numberFromCommandLine, z.int().min(0).max(1000));

const unitsSchema = z.preprocess(numberFromCommandLine, z.int().min(1).optional());

/** Half of the executions that an account has in a Region by default. */
const API_CONCURRENCY = 500;

const contextSchema = z
  .object({
    name: z.string().max(NAME_LENGTH).regex(NAME_FORM, 'not a name prefix').default(DEFAULT_PREFIX),
    regions: z.preprocess(
      listFromCommandLine,
      z
        .array(regionSchema)
        .min(REGION_COUNT.least)
        .max(REGION_COUNT.most)
        .refine(unique, 'a Region is named more than once'),
    ),
    account: z
      .string()
      .regex(/^\d{12}$/, 'not an AWS account')
      .optional(),
    logs: z.record(z.string(), logNameSchema).default({}),
    ephemeral: flagSchema,
    schemaRegistry: flagSchema.default(true),
    nonce: z.string().default('1'),
    alarmEmail: z.email('not a mail address').optional(),
    logRetentionDays: z.preprocess(numberFromCommandLine, z.literal(LOG_RETENTION_DAYS)).default(30),
    archiveDays: z.preprocess(numberFromCommandLine, z.int().min(0).max(3650)).default(30),
    turnConcurrency: concurrencySchema.default(0),
    apiConcurrency: concurrencySchema.optional(),
    liveUrl: flagSchema,
    maxReadUnits: unitsSchema,
    maxWriteUnits: unitsSchema,
    encryptionKeys: z.record(z.string(), keySchema).default({}),
    redriveRoles: z.preprocess(listFromCommandLine, z.array(roleSchema)).default([]),
    decisions: z.enum(DECISIONS).optional(),
    runbookUrl: z.string().max(500).regex(/[^/]$/, 'not a URL or a path').default(RUNBOOKS),
  })
  .check(({ value, issues }) => {
    for (const key of Object.keys(value.logs).filter((key) => !value.regions.includes(key)))
      issues.push({ code: 'custom', path: ['logs', key], message: 'not one of `regions`', input: key });
    // Only one Region may ever write a log: the whole design depends on it.
    if (!unique(Object.values(logsOf(value.regions, value.logs))))
      issues.push({
        code: 'custom',
        path: ['logs'],
        message: 'two Regions would write the same log',
        input: value.logs,
      });
    if (value.decisions === 'strong' && !allowStrong(value.regions))
      issues.push({
        code: 'custom',
        path: ['decisions'],
        message: `${value.regions.join(', ')} do not allow it`,
        input: value.decisions,
      });
  });

/** A value in an error, which may be anything that a property or the context has. */
function shown(value: unknown): string {
  try {
    const text = JSON.stringify(value) ?? 'nothing';
    return text.length > 500 ? `${text.slice(0, 500)}…` : text;
  } catch {
    return 'a value that JSON cannot express';
  }
}

/** Why keys cannot encrypt what is in these Regions of this account. */
function keyFaults(
  keys: Readonly<Record<string, string>>,
  regions: readonly string[],
  account: string | undefined,
): readonly string[] {
  const named = Object.keys(keys);
  if (named.length === 0) return [];
  const accounts = new Set<string | undefined>(account === undefined ? [] : [account]);
  const faults = Object.entries(keys).flatMap(([region, arn]) => {
    const [, of, owner] = KEY_FORM.exec(arn) ?? [];
    accounts.add(owner);
    return [
      ...(regions.includes(region) ? [] : [`${region} is not one of \`regions\``]),
      ...(of === region ? [] : [`the key of ${region} is in ${of}`]),
    ];
  });
  return [
    ...regions.filter((region) => !named.includes(region)).map((region) => `${region} has no key`),
    ...faults,
    ...(accounts.size > 1 ? [`more than one account: ${[...accounts].join(', ')}`] : []),
  ];
}

/** Why a domain with a strong stream type cannot be deployed. */
function strongFault(type: string, decisions: DecisionsKind | undefined): string {
  const needs =
    decisions === 'eventual'
      ? 'and so are the decisions on its transactions'
      : `whose table spans three Regions of one set: ${STRONG_REGION_SETS.map((set) => set.join(', ')).join('; ')}`;
  return `stream type ${type} is strong, ${needs}`;
}

function logsOf(regions: readonly string[], overrides: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(regions.map((name) => [name, overrides[name] ?? name]));
}

/** The sources of a configuration. */
export interface ConfigSources {
  /** Reads one context key, as `app.node.tryGetContext` does; undefined where the key is absent. */
  readonly context: (key: string) => unknown;
  /** The properties, which take precedence over the context. @default none */
  readonly props?: Readonly<{ [Key in ConfigKey]?: unknown }>;
  /** The account of the caller's credentials. @default unknown */
  readonly account?: string | undefined;
  /** The stream types of the domain in mode `strong`. @default none */
  readonly strongTypes?: readonly string[];
}

/**
 * Reads the configuration from properties and the CDK context.
 * @throws {ConfigError} with every wrong key, its value and source, and what to write
 */
export function parseConfig({ context, props = {}, account: defaultAccount, strongTypes = [] }: ConfigSources): Config {
  const found = Object.fromEntries(keys.map((key) => [key, props[key] ?? context(key)]));
  const parsed = contextSchema.safeParse(found);
  const faultOf = (key: ConfigKey, messages: readonly string[]) => {
    if (messages.length === 0) return [];
    const where = found[key] === undefined ? '' : props[key] === undefined ? ' of the context' : ' of the properties';
    return `"${key}"${where}: found ${shown(found[key])} (${[...new Set(messages)].join('; ')}); write ${WHAT_TO_WRITE[key]}`;
  };
  if (!parsed.success) {
    const { issues } = parsed.error;
    const messagesOf = (key: ConfigKey) => issues.filter(({ path }) => path[0] === key).map(({ message }) => message);
    throw new ConfigError(keys.flatMap((key) => faultOf(key, messagesOf(key))));
  }
  const {
    account = defaultAccount,
    alarmEmail,
    logs,
    decisions,
    apiConcurrency,
    maxReadUnits,
    maxWriteUnits,
    ...rest
  } = parsed.data;
  const faults = keyFaults(rest.encryptionKeys, rest.regions, account);
  if (faults.length > 0) throw new ConfigError([faultOf('encryptionKeys', faults)].flat());
  const replication = decisions ?? (allowStrong(rest.regions) ? 'strong' : 'eventual');
  const [strong] = strongTypes;
  if (strong !== undefined && replication !== 'strong')
    throw new ConfigError(
      [faultOf(decisions === 'eventual' ? 'decisions' : 'regions', [strongFault(strong, decisions)])].flat(),
    );
  return {
    ...rest,
    strongTypes,
    // Accounts for trying things out often have a quota that is too small to reserve anything.
    apiConcurrency: apiConcurrency ?? (rest.ephemeral ? 0 : API_CONCURRENCY),
    maxReadUnits,
    maxWriteUnits,
    account,
    alarmEmail,
    logs: logsOf(rest.regions, logs),
    decisions: replication,
  };
}
