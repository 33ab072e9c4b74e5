import * as z from 'zod';
import { type ClientError, clientError, isClientError, problemError } from '../../client/error.ts';
import type { ClientOptions } from '../../client/options.ts';
import { Regions } from '../../client/regions.ts';
import { MeridianError, messageOf, toProblem } from '../../core/facts/errors.ts';
import { HTTP_CLIENT_MS } from '../../core/limits/budgets.ts';
import { namesOf } from '../../core/names.ts';
import type { Remote } from '../../core/ports/remote.ts';
import { unknownRegions } from '../../project/aws-regions.ts';
import { sentence } from '../../project/place.ts';
import { CliError } from './cli-error.ts';
import { connectTo } from './connect-to.ts';
import { hinted, Region } from './region.ts';
import type { Transport } from './transport.ts';

/** The SDK takes longer to load than most commands take to run, so it is loaded only when AWS is called. */
function functionUrls() {
  return import('../../adapters/lambda/function-url.ts');
}

/** The Region in the host name of a Function URL, on AWS and on LocalStack; undefined for any other host. */
function functionUrlRegion(host: string): string | undefined {
  return /\.lambda-url\.([a-z0-9-]+)\./.exec(host)?.[1];
}

/** The address at which `npm start` serves its world. */
export const WORLD = 'http://127.0.0.1:4700';

export interface Whereabouts {
  /** The base address of a Region's API. */
  readonly url?: string | undefined;
  /** A deployed Region. */
  readonly region?: string | undefined;
  /** The prefix of the names in AWS. */
  readonly name: string;
}

/** @throws ClientError when the Region cannot be found */
export async function openRegion({ url, region, name }: Whereabouts): Promise<Region> {
  if (url === undefined && region !== undefined) return new Region(await deployed(region, name));
  const base = new URL(url ?? WORLD);
  if (functionUrlRegion(base.hostname)) return new Region(await plainFunctionUrl(base));
  const hint =
    url === undefined ? ' Run `npm start` in another terminal, or name a Region with --url or --region.' : '';
  return new Region(served(base.pathname === '/' ? await firstRegion(base, hint) : base, hint));
}

/**
 * Finds the credentials with which requests to this address are signed. @returns true if requests are signed; requests
 * to a local world are not
 * @throws ClientError `no-credentials`
 */
export async function findCredentials({ url, region }: Whereabouts): Promise<boolean> {
  const isSigned = url === undefined ? region !== undefined : functionUrlRegion(new URL(url).hostname) !== undefined;
  if (!isSigned) return false;
  const { defaultCredentials } = await functionUrls();
  try {
    await defaultCredentials()();
    return true;
  } catch (cause) {
    throw clientError(
      'no-credentials',
      `${sentence(messageOf(cause))}${region === undefined ? '' : localHint(region)}`,
      {
        cause,
      },
    );
  }
}

const listedSchema = z.object({ regions: z.array(z.string().regex(/^\/regions\/[^/]+\/health$/)).min(1) });

/**
 * The first Region of a world, given the world's own address. A server that is not a world is assumed to be a Region.
 */
async function firstRegion(base: URL, hint: string): Promise<URL> {
  try {
    const call = { request: { method: 'GET', path: '/' }, answer: listedSchema } as const;
    const { answer } = await new Regions(at(base.href, base)).ask(call);
    return new URL((answer.regions[0] ?? '').replace(/\/health$/, ''), base);
  } catch (error) {
    if (isClientError(error, 'unreachable')) throw hinted(error, hint);
    if (isClientError(error) && error.retryable) throw error;
    return base;
  }
}

/** The only Region that the client knows. */
function at(region: string, base: URL): ClientOptions {
  return { region, endpoints: { [region]: base } };
}

/** A Region of a world. */
function served(base: URL, hint: string): Transport {
  const siblings = /^(.*\/regions\/)([^/]+)\/?$/.exec(base.pathname);
  const client = at(siblings?.[2] ?? base.href, base);
  // Calls are sent once: the caller decides which of them to retry.
  const once = new Regions({ ...client, retry: { tries: 1 } });
  return {
    client,
    hint,
    operate: async (action) => {
      const request = { method: 'POST', path: '/operate', body: JSON.stringify(action) } as const;
      return (await once.ask({ request, answer: z.unknown() })).answer;
    },
    sibling: (region) => {
      if (!siblings) throw unknownSibling(base, region);
      return served(new URL(`${siblings[1]}${encodeURIComponent(region)}`, base), hint);
    },
  };
}

/** A Region of which only the API's address is known. */
async function plainFunctionUrl(base: URL): Promise<Transport> {
  return {
    client: { ...at(functionUrlRegion(base.hostname) ?? '', base), ...(await signing()) },
    hint: '',
    operate: async () => {
      throw new CliError(
        'no-operate',
        'This command needs a function that has no URL: give --region (and --name) instead of --url.',
      );
    },
    sibling: (region) => {
      throw unknownSibling(base, region);
    },
  };
}

/** A deployed Region, found by its names in AWS. */
async function deployed(region: string, name: string): Promise<Transport> {
  const signed = await signing();
  const transportTo = (region: string): Transport => {
    let operator: Remote | undefined;
    return {
      client: { region, endpoints: () => functionUrlOf(region, name), ...signed },
      hint: '',
      operate: async (request) => {
        const { lambdaRemote } = await import('../../adapters/lambda/remote.ts');
        operator ??= lambdaRemote({ functionName: namesOf(name).function('operate'), timeout: HTTP_CLIENT_MS });
        return operator.invoke(region, request);
      },
      sibling: transportTo,
    };
  };
  return transportTo(region);
}

/** `--region` may be misspelt, or have been meant for a world. */
function localHint(region: string): string {
  const misspelt = unknownRegions([region]).map((warning) => ` ${warning}`);
  return `${misspelt.join('')} To reach ${region} of \`npm start\`, give --url ${WORLD}/regions/${region} instead of --region.`;
}

/** @throws ClientError */
async function functionUrlOf(region: string, name: string): Promise<string> {
  const { findFunctionUrl } = await functionUrls();
  try {
    return await findFunctionUrl(region, namesOf(name).function('api'));
  } catch (error) {
    if (error instanceof MeridianError) throw lookUpError(error, region);
    const message = `The address of ${region} is not known: ${sentence(messageOf(error))}${localHint(region)}`;
    throw clientError('no-endpoint', message, { region, cause: error });
  }
}

function lookUpError(error: MeridianError, region: string): ClientError {
  const problem = toProblem(error);
  const todo =
    problem.code === 'not-found'
      ? ' Check --region, --name, and the account of your credentials (aws sts get-caller-identity).'
      : '';
  return problemError({ ...problem, detail: `${problem.detail}${todo}${localHint(region)}` }, region);
}

/** An emulator's host names need not resolve, so requests go to the emulator's address, with the host in a header. */
async function signing(): Promise<Pick<ClientOptions, 'credentials' | 'fetch'>> {
  const { defaultCredentials } = await functionUrls();
  const { AWS_ENDPOINT_URL } = process.env;
  return {
    credentials: defaultCredentials(),
    ...(AWS_ENDPOINT_URL && { fetch: connectTo(new URL(AWS_ENDPOINT_URL)) }),
  };
}

function unknownSibling(base: URL, region: string): CliError {
  return new CliError(
    'unknown-address',
    `${base.href} is the address of one Region only. To reach ${region}, use --region instead of --url.`,
  );
}
