import { z } from 'zod';

/** What a deployment is made of: the validated context of `cdk.json` and of `cdk -c key=value`. */
export interface Config {
  /** Prefix of every name in AWS, 1 to 24 characters. */
  readonly name: string;
  /** Two to five AWS Regions; the first is the primary and holds the global tables' stack. */
  readonly regions: readonly string[];
  /** AWS account; undefined makes stacks that fit any account. */
  readonly account: string | undefined;
  /** The name of the log that each Region writes. */
  readonly logs: Readonly<Record<string, string>>;
  /** Whether the stacks are there to be thrown away: no deletion protection, nothing retained. */
  readonly ephemeral: boolean;
  /** Anything; a new value makes every Region look up the ARN of its table stream again. */
  readonly nonce: string;
}

/** The context holds something that cannot be deployed; the message names each key and what to write instead. */
export class ConfigError extends Error {
  readonly code = 'invalid-config';
  readonly retryable = false;

  constructor(faults: readonly string[], options?: ErrorOptions) {
    super(
      `The context of cdk.json (or of -c) cannot be used:\n${faults.map((fault) => `- ${fault}`).join('\n')}`,
      options,
    );
    this.name = 'ConfigError';
  }
}

const WHAT_TO_WRITE = {
  // IAM role names end at 64 characters and also carry the Region and the function.
  name: '1 to 24 lower-case letters, digits and single hyphens, a letter first and no hyphen last, for example "meridian"',
  regions:
    'two to five different AWS Regions, the primary first, for example ["us-east-1", "us-east-2", "us-west-2"] (-c regions=us-east-1,us-east-2)',
  account: 'the 12 digits of the AWS account as a string, or leave it out to deploy to the account of your credentials',
  logs: 'a Region of `regions` to its log name (lower-case letters, digits, hyphens; not "global"; no two Regions alike), for example {"us-east-2": "us-east-2-b"}',
  ephemeral: 'true for stacks to throw away, false otherwise',
  nonce: 'any string; a new one makes the stream lookup run again',
} as const satisfies Record<keyof Config, string>;

const keys = ['name', 'regions', 'account', 'logs', 'ephemeral', 'nonce'] as const satisfies readonly (keyof Config)[];

const region = z.string().regex(/^[a-z]{2,4}(-[a-z]+){1,2}-\d{1,2}$/, 'not the name of an AWS Region');
const logName = z.string().regex(/^(?!global$)[a-z0-9][a-z0-9-]{0,62}$/, 'not a log name');
const unique = (values: readonly string[]): boolean => new Set(values).size === values.length;
/** `-c key=value` only carries strings. */
const listFromCommandLine = (value: unknown): unknown => (typeof value === 'string' ? value.split(',') : value);

const context = z
  .object({
    name: z
      .string()
      .max(24)
      .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'not a name prefix')
      .default('meridian'),
    regions: z.preprocess(
      listFromCommandLine,
      z.array(region).min(2).max(5).refine(unique, 'a Region is there more than once'),
    ),
    account: z
      .string()
      .regex(/^\d{12}$/, 'not an AWS account')
      .optional(),
    logs: z.record(z.string(), logName).default({}),
    ephemeral: z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]).default(false),
    nonce: z.string().default('1'),
  })
  .check(({ value, issues }) => {
    for (const key of Object.keys(value.logs).filter((key) => !value.regions.includes(key)))
      issues.push({ code: 'custom', path: ['logs', key], message: 'not one of `regions`', input: key });
    // Only one Region may ever write a log: the whole design rests on it.
    if (!unique(Object.values(logsOf(value.regions, value.logs))))
      issues.push({
        code: 'custom',
        path: ['logs'],
        message: 'two Regions would write the same log',
        input: value.logs,
      });
  });

const logsOf = (regions: readonly string[], overrides: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(regions.map((name) => [name, overrides[name] ?? name]));

/**
 * Reads the configuration from the CDK context.
 * @param get reads one context key, as `app.node.tryGetContext` does; undefined where the key is absent
 * @param defaultAccount the account of the caller's credentials, if any
 * @throws {ConfigError} naming every key that is wrong, what was found and what to write
 */
export function parseConfig(get: (key: string) => unknown, defaultAccount?: string): Config {
  const found = Object.fromEntries(keys.map((key) => [key, get(key)]));
  const parsed = context.safeParse(found);
  if (!parsed.success) {
    const faults = keys.flatMap((key) => {
      const messages = parsed.error.issues.filter(({ path }) => path[0] === key).map(({ message }) => message);
      if (messages.length === 0) return [];
      return `"${key}": found ${JSON.stringify(found[key]) ?? 'nothing'} (${[...new Set(messages)].join('; ')}); write ${WHAT_TO_WRITE[key]}`;
    });
    throw new ConfigError(faults, { cause: parsed.error });
  }
  const { account = defaultAccount, logs, ...rest } = parsed.data;
  return { ...rest, account, logs: logsOf(rest.regions, logs) };
}
