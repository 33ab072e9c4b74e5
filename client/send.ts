import { messageOf, problemSchema } from '../core/facts/errors.ts';
import { parseJson } from '../core/facts/json.ts';
import { LAMBDA_PAYLOAD_BYTES } from '../core/limits/aws.ts';
import { MAX_BODY_BYTES } from '../core/limits/budgets.ts';
import type { ApiRequest, Call } from './call.ts';
import { type ClientError, clientError, problemError } from './error.ts';
import type { ClientRuntime, Fetch } from './options.ts';
import type { Sign } from './sign.ts';

/** A Region, and how to reach it. */
export interface Target {
  readonly region: string;
  /** The API's base address. */
  readonly base: URL;
  /** @default requests are not signed */
  readonly sign?: Sign | undefined;
}

export interface SendOptions {
  readonly fetch: Fetch;
  readonly runtime: Pick<ClientRuntime, 'sleep'>;
  /** Milliseconds after which a request without a response counts as lost. */
  readonly requestMs: number;
}

/** Sends a call once. @returns the body of the response @throws ClientError */
export async function send<T>(
  target: Target,
  { request, answer }: Call<T>,
  options: SendOptions,
  signal: AbortSignal | undefined,
): Promise<T> {
  const { status, body } = await exchange(target, request, options, signal);
  const json = parseJson(body);
  const read = answer.safeParse(json);
  if ((status === 200 || status === 202) && read.success) return read.data;
  const problem = problemSchema.safeParse(json);
  throw problem.success ? problemError(problem.data, target.region) : unexpectedAnswer(target, status, body);
}

async function exchange(
  { region, base, sign }: Target,
  { method, path, query = {}, headers = {}, body }: ApiRequest,
  { fetch, runtime, requestMs }: SendOptions,
  signal: AbortSignal | undefined,
): Promise<{ readonly status: number; readonly body: string }> {
  const url = new URL(base.href.replace(/\/$/, '') + path);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  // Encodes a query as signatures require: they treat `+` as a literal plus sign.
  url.search = url.search.replaceAll('+', '%20');
  const given = {
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined)),
  };
  const signed = sign ? await signedWith(sign, { method, url, headers: given, body }) : given;
  // `fetch` sets the `host` header itself, to the same value.
  const { host: _host, ...sent }: Record<string, string> = signed;
  const over = new AbortController();
  let isLate = false;
  try {
    return await Promise.race([
      fetch(url.href, { method, headers: sent, ...(body !== undefined && { body }), signal: over.signal }).then(
        async (response) => ({ status: response.status, body: await response.text() }),
      ),
      cancelled(signal, over.signal),
      runtime.sleep(requestMs, over.signal).then(() => {
        isLate = true;
        throw new Error(`there was no response for ${requestMs / 1000} s`);
      }),
    ]);
  } catch (error) {
    throw signal?.aborted && !isLate ? cancelledError(region) : connectionError(region, url, error);
  } finally {
    over.abort();
  }
}

async function signedWith(sign: Sign, request: Parameters<Sign>[0]): Promise<Record<string, string>> {
  try {
    return await sign(request);
  } catch (cause) {
    throw clientError('no-credentials', `The request could not be signed: ${messageOf(cause)}`, { cause });
  }
}

/** Rejects when the caller's signal is aborted, unless the request ends first. */
function cancelled(signal: AbortSignal | undefined, over: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const cancel = () => reject(new Error('cancelled'));
    if (signal?.aborted) cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    over.addEventListener('abort', () => signal?.removeEventListener('abort', cancel), { once: true });
  });
}

export function cancelledError(region?: string): ClientError {
  return clientError('cancelled', 'The caller aborted the call.', { region });
}

/** Error codes which mean that nothing was sent. */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Error codes of Node for a refused server certificate: nothing was sent. */
const CERTIFICATE =
  /^(CERT_|ERR_TLS_CERT_|DEPTH_ZERO_SELF_SIGNED_CERT$|SELF_SIGNED_CERT_|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)_)/;

/** `fetch` reports only "fetch failed"; the reason is in its cause. */
function connectionError(region: string, { origin }: URL, error: unknown): ClientError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (CERTIFICATE.test(code))
    return clientError(
      'unreachable',
      `The certificate of ${origin} is not accepted (${code}): ${messageOf(cause)}. Check the address, and the certificate of the server.`,
      { region, cause: error },
    );
  return UNREACHABLE.has(code)
    ? clientError('unreachable', `Nothing listens at ${origin} (${code}).`, { region, cause: error })
    : clientError('broken', `The connection to ${origin} broke: ${messageOf(cause)}.`, {
        retryable: true,
        region,
        cause: error,
      });
}

/** The error for a response that does not come from a Region of Meridian. */
function unexpectedAnswer({ region }: Target, status: number, body: string): ClientError {
  if (status === 403)
    return clientError(
      'forbidden',
      `${region} refused the signature: your credentials need lambda:InvokeFunctionUrl and lambda:InvokeFunction on the api function.`,
      { region },
    );
  if (status === 413)
    return clientError(
      'too-large',
      `${region} refused the size of the request: a Function URL accepts ${LAMBDA_PAYLOAD_BYTES} bytes, the API accepts ${MAX_BODY_BYTES}.`,
      { region, details: { limit: MAX_BODY_BYTES } },
    );
  if (status === 429 || status >= 500)
    return clientError('broken', `${region} responded with status ${status}: ${body.slice(0, 200)}. Try again.`, {
      retryable: true,
      region,
      details: { status },
    });
  return clientError(
    'unexpected-answer',
    `${region} responded with status ${status}, but not as a Meridian Region does: check the address.`,
    { region },
  );
}
