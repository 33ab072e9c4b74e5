import * as z from 'zod';
import { MeridianError, parseJson, type Remote } from '../../core/index.ts';
import { HTTP_CLIENT_MS } from '../../core/limits/budgets.ts';
import { namesOf } from '../../core/names.ts';
import { CliError } from './cli-error.ts';
import { httpSender } from './http.ts';
import { Region } from './region.ts';
import type { Transport } from './transport.ts';

/** The SDK takes longer to load than most commands take: only what talks to AWS waits for it. */
function functionUrls() {
  return import('../../adapters/lambda/function-url.ts');
}

/** The Region in the host name of a Function URL, on AWS and on LocalStack; undefined for any other host. */
function functionUrlRegion(host: string): string | undefined {
  return /\.lambda-url\.([a-z0-9-]+)\./.exec(host)?.[1];
}

/** Where the world of `npm start` is served. */
export const WORLD = 'http://127.0.0.1:4700';

export interface Whereabouts {
  /** The base address of a Region's API. */
  readonly url?: string | undefined;
  /** A Region that is deployed. */
  readonly region?: string | undefined;
  /** The prefix of the deployed names. */
  readonly name: string;
}

/** @throws CliError, MeridianError when the Region cannot be found */
export async function openRegion({ url, region, name }: Whereabouts): Promise<Region> {
  if (url === undefined && region !== undefined) return new Region(deployed(region, name));
  const base = new URL(url ?? WORLD);
  if (functionUrlRegion(base.hostname)) return new Region(await plainFunctionUrl(base));
  const hint =
    url === undefined ? ' Run `npm start` in another terminal, or name a Region with --url or --region.' : '';
  return new Region(served(base.pathname === '/' ? await firstRegion(base, hint) : base, hint));
}

const listedSchema = z.object({ regions: z.array(z.string().regex(/^\/regions\/[^/]+\/health$/)).min(1) });

/** The first Region of a world, by the world's own address. Whatever else answers there is taken for a Region itself. */
async function firstRegion(base: URL, hint: string): Promise<URL> {
  const { body } = await reached(httpSender({ base })({ method: 'GET', path: '/' }), hint);
  const [first] = listedSchema.safeParse(parseJson(body)).data?.regions ?? [];
  return first === undefined ? base : new URL(first.replace(/\/health$/, ''), base);
}

/** A Region of a world. */
function served(base: URL, hint: string): Transport {
  const send = httpSender({ base });
  const siblings = /^(.*\/regions\/)([^/]+)\/?$/.exec(base.pathname);
  return {
    name: siblings?.[2] ?? base.href,
    send: (request) => reached(send(request), hint),
    operate: async (request) => {
      const { status, body } = await reached(
        send({ method: 'POST', path: '/operate', body: JSON.stringify(request) }),
        hint,
      );
      return status === 200 ? parseJson(body) : { problem: parseJson(body) };
    },
    sibling: (region) => {
      if (!siblings) throw unknownSibling(base, region);
      return served(new URL(`${siblings[1]}${encodeURIComponent(region)}`, base), hint);
    },
  };
}

/** @param hint what to do when nothing listens there */
async function reached<T>(answer: Promise<T>, hint: string): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof CliError && error.code === 'unreachable')
      throw new CliError('unreachable', `${error.message}${hint}`, { cause: error });
    throw error;
  }
}

/** A Region by the address of its API alone. */
async function plainFunctionUrl(base: URL): Promise<Transport> {
  return {
    name: base.hostname,
    send: await signedSender(base),
    operate: async () => {
      throw new CliError(
        'no-operate',
        'This is done by a function that has no URL: give --region (and --name) instead of --url.',
      );
    },
    sibling: (region) => {
      throw unknownSibling(base, region);
    },
  };
}

/** A Region by its deployed names. */
function deployed(region: string, name: string): Transport {
  let sender: ReturnType<typeof httpSender> | undefined;
  let operator: Remote | undefined;
  return {
    name: region,
    send: async (request) => {
      // Looked up once; a try that failed counts for nothing.
      sender ??= await signedSender(new URL(await functionUrlOf(region, name)));
      return sender(request);
    },
    operate: async (request) => {
      const { lambdaRemote } = await import('../../adapters/lambda/remote.ts');
      operator ??= lambdaRemote({ functionName: namesOf(name).function('operate'), timeout: HTTP_CLIENT_MS });
      return operator.invoke(region, request);
    },
    sibling: (other) => deployed(other, name),
  };
}

async function functionUrlOf(region: string, name: string): Promise<string> {
  const { findFunctionUrl } = await functionUrls();
  try {
    return await findFunctionUrl(region, namesOf(name).function('api'));
  } catch (error) {
    if (error instanceof MeridianError && error.code === 'not-found')
      throw new MeridianError(
        'not-found',
        `${error.message} Check --region, --name, and the account of your credentials (aws sts get-caller-identity).`,
        { cause: error },
      );
    throw error;
  }
}

/** Where an emulator stands in for AWS, its hosts need not resolve: it is connected to, and told the host. */
async function signedSender(base: URL) {
  const { signerFor } = await functionUrls();
  return httpSender({
    base,
    connectTo: process.env.AWS_ENDPOINT_URL ? new URL(process.env.AWS_ENDPOINT_URL) : undefined,
    sign: signerFor(functionUrlRegion(base.hostname) ?? ''),
  });
}

function unknownSibling(base: URL, region: string): CliError {
  return new CliError('unknown-address', `${base.href} is one Region: where ${region} is, only --region can tell.`);
}
