import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { run } from './run.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = join(root, 'node_modules/.bin');

/** LocalStack's own account. */
const ACCOUNT = '000000000000';
export const REGIONS = ['us-east-1', 'us-east-2', 'us-west-2'] as const;

/** The environment in which AWS clients and the CDK talk to a LocalStack, and to nothing else. */
export function environmentOf(endpoint: string): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: REGIONS[0],
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: endpoint,
  };
}

/** This process's environment without what it knows of a real account. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(AWS|CDK)_/.test(name)));
}

/**
 * Bundles the functions and makes the templates of the app as it is deployed to real Regions, but to be thrown away.
 * @param assembly the folder to write
 */
export function synthesize(assembly: string, signal: AbortSignal): Promise<void> {
  const context = {
    ephemeral: true,
    regions: REGIONS.join(),
    // `npm test` and `npm run synth` check the templates with them; they take their time.
    '@aws-cdk/core:validateAgainstDefaultRules': false,
  };
  const options = Object.entries(context).flatMap(([key, value]) => ['--context', `${key}=${value}`]);
  const app = ['--app', `"${process.execPath}" examples/flights/app.ts`];
  return cdk(['synth', '--quiet', ...app, '--output', assembly, ...options], { cwd: root, signal });
}

/** Makes in each Region what the CDK keeps its files in. */
export function bootstrap(endpoint: string, signal: AbortSignal): Promise<void> {
  return cdk(['bootstrap', ...REGIONS.map((region) => `aws://${ACCOUNT}/${region}`)], {
    // Away from cdk.json: beside it the CDK would run the app first.
    cwd: tmpdir(),
    endpoint,
    signal,
  });
}

/** The address of a Region's API. */
export interface RegionUrl {
  readonly region: string;
  readonly url: string;
}

const outputsFileSchema = z.record(z.string(), z.object({ ApiUrl: z.string() }));

/** Deploys what was synthesized, the Regions at the same time. */
export async function deploy(endpoint: string, assembly: string, signal: AbortSignal): Promise<readonly RegionUrl[]> {
  const outputs = join(assembly, 'outputs.json');
  const atOnce = ['--concurrency', String(REGIONS.length)];
  const app = ['--app', assembly, '--outputs-file', outputs];
  await cdk(['deploy', '--all', ...app, '--require-approval', 'never', ...atOnce], { cwd: root, endpoint, signal });
  const found = outputsFileSchema.parse(JSON.parse(readFileSync(outputs, 'utf8')));
  return REGIONS.flatMap((region) =>
    Object.entries(found)
      .filter(([stack]) => stack.endsWith(region))
      .map(([, { ApiUrl }]) => ({ region, url: ApiUrl })),
  );
}

interface CdkOptions {
  readonly cwd: string;
  /** @default no AWS at all */
  readonly endpoint?: string;
  readonly signal: AbortSignal;
}

function cdk(args: readonly string[], { cwd, endpoint, signal }: CdkOptions): Promise<void> {
  return run(join(bin, 'cdklocal'), args, {
    cwd,
    signal,
    env: {
      ...cleanEnvironment(),
      ...(endpoint !== undefined && environmentOf(endpoint)),
      PATH: `${bin}${delimiter}${process.env.PATH}`,
      CI: 'true',
    },
  });
}
