import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import * as z from 'zod';
import { packageBin } from '../../project/package-bin.ts';
import { run } from '../run.ts';

/** LocalStack's own account. */
const ACCOUNT = '000000000000';

/** The packages of a project that deploy it to LocalStack. */
export const CDK_PACKAGES = ['aws-cdk', 'aws-cdk-local'] as const;

/** The environment in which AWS clients and the CDK talk to a LocalStack, and to nothing else. */
export function environmentOf(endpoint: string, region: string): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: region,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: endpoint,
  };
}

/** This process's environment without the settings of a real account. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(AWS|CDK)_/.test(name)));
}

/** A project, and the context that the CDK passes to its app. */
export interface AppSource {
  /** The project's folder, which contains cdk.json. */
  readonly folder: string;
  /** Overrides the context in cdk.json. */
  readonly context: Readonly<Record<string, string>>;
}

/**
 * Bundles the functions and synthesizes the app as for real Regions, but with ephemeral stacks.
 * @param assembly the folder to write
 */
export function synthesize({ folder, context }: AppSource, assembly: string, signal: AbortSignal): Promise<void> {
  const all = {
    ephemeral: 'true',
    // These rules take long to check, and are checked whenever the app is synthesized for AWS.
    '@aws-cdk/core:validateAgainstDefaultRules': 'false',
    ...context,
  };
  const options = Object.entries(all).flatMap(([key, value]) => ['--context', `${key}=${value}`]);
  return cdk(['synth', '--quiet', '--output', assembly, ...options], { folder, cwd: folder, signal });
}

/** A stack of one Region. */
interface DeployedStack {
  readonly name: string;
  readonly region: string;
}

const manifestSchema = z.object({
  artifacts: z.record(
    z.string(),
    z.looseObject({
      type: z.string(),
      environment: z.string().optional(),
      properties: z.looseObject({ stackName: z.string().optional() }).optional(),
    }),
  ),
});

/** The stacks that were synthesized. @throws Error when one names no Region */
export function stacksIn(assembly: string): readonly DeployedStack[] {
  const { artifacts } = manifestSchema.parse(JSON.parse(readFileSync(join(assembly, 'manifest.json'), 'utf8')));
  return Object.entries(artifacts)
    .filter(([, { type }]) => type === 'aws:cloudformation:stack')
    .map(([id, { environment = '', properties }]) => {
      const region = /^aws:\/\/[^/]+\/([a-z0-9-]+)$/.exec(environment)?.[1];
      if (region === undefined || region === 'unknown-region') throw new Error(`Stack ${id} names no Region.`);
      return { name: properties?.stackName ?? id, region };
    });
}

/** Bootstraps each Region: creates the bucket for the CDK's assets. */
export function bootstrap(
  endpoint: string,
  { folder, regions }: { readonly folder: string; readonly regions: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  return cdk(['bootstrap', ...regions.map((region) => `aws://${ACCOUNT}/${region}`)], {
    folder,
    // In a folder without cdk.json: with one, the CDK would run the app first.
    cwd: tmpdir(),
    endpoint,
    signal,
  });
}

/** A deployed Region. */
export interface RegionUrl {
  /** The prefix of the deployed names. */
  readonly name: string;
  readonly region: string;
  /** The address of its API. */
  readonly url: string;
}

const outputsFileSchema = z.record(z.string(), z.object({ ApiUrl: z.string().optional() }));

/** Deploys the synthesized stacks, the Regions in parallel. */
export async function deploy(
  endpoint: string,
  { folder, assembly }: { readonly folder: string; readonly assembly: string },
  signal: AbortSignal,
): Promise<readonly RegionUrl[]> {
  const stacks = stacksIn(assembly);
  const outputs = join(assembly, 'outputs.json');
  const atOnce = ['--concurrency', String(new Set(stacks.map(({ region }) => region)).size)];
  const app = ['--app', assembly, '--outputs-file', outputs];
  const args = ['deploy', '--all', ...app, '--require-approval', 'never', ...atOnce];
  await cdk(args, { folder, cwd: folder, endpoint, signal });
  const found = outputsFileSchema.parse(JSON.parse(readFileSync(outputs, 'utf8')));
  return stacks.flatMap(({ name, region }) => {
    const url = found[name]?.ApiUrl;
    return url === undefined ? [] : [{ name: name.slice(0, -`-${region}`.length), region, url }];
  });
}

interface CdkOptions {
  /** The project whose CDK is used. */
  readonly folder: string;
  readonly cwd: string;
  /** The endpoint of AWS's services. @default none: no service is called */
  readonly endpoint?: string;
  readonly signal: AbortSignal;
}

async function cdk(args: readonly string[], { folder, cwd, endpoint, signal }: CdkOptions): Promise<void> {
  const bins = [dirname(process.execPath), join(folder, 'node_modules/.bin')];
  await run(process.execPath, [packageBin(folder, 'aws-cdk-local', 'cdklocal'), ...args], {
    cwd,
    signal,
    env: {
      ...cleanEnvironment(),
      // Every command that needs Regions names them itself.
      ...(endpoint !== undefined && environmentOf(endpoint, 'us-east-1')),
      PATH: [...bins, process.env.PATH].join(delimiter),
      CI: 'true',
    },
  });
}
