import type { LambdaFunctionURLEvent } from 'aws-lambda';
import { cutProblem } from '../../core/facts/errors.ts';
import {
  type Appended,
  type Consistency,
  decodeVersionToken,
  encodeAccepted,
  encodeCommitPage,
  encodeRow,
  encodeRowPage,
  encodeStreamState,
  inOrderPerKey,
  invalid,
  MeridianError,
  type Problem,
  parseCommandEnvelope,
  parseEventsEnvelope,
  parsePoint,
  type ReadPorts,
  readCommits,
  readHealth,
  readLive,
  readRow,
  readRows,
  readStream,
  reportedProblem,
  type Submitted,
  streamModeOf,
  streamNameOf,
  submitAppend,
  type TransactPorts,
  toProblem,
} from '../../core/index.ts';
import { BEGIN_MS, MAX_ENVELOPES, MAX_PROBLEM_OF_MANY_BYTES } from '../../core/limits/budgets.ts';
import { isFailure } from '../failure.ts';
import { getConflicts, getLedger, type LedgerPorts } from './conflicts.ts';
import {
  type Answer,
  answerWaiting,
  etag,
  fitsAnswer,
  header,
  inHeader,
  jsonAnswer,
  jsonBody,
  namedAs,
  type Parameters,
  pageOf,
  problemAnswer,
  tokenHeader,
  traced,
  versionHeader,
  versionsHeader,
} from './http.ts';
import { ignoredParameters } from './ignored.ts';
import { getTransaction, postTransaction } from './transactions.ts';

export type ApiPorts = TransactPorts & ReadPorts & LedgerPorts;

type Handle = (ports: ApiPorts, event: LambdaFunctionURLEvent, parameters: Parameters) => Promise<Answer>;

const postEvents: Handle = async (ports, event) => {
  const body = jsonBody(event);
  const submitOne = async (envelope: unknown) => {
    const parse = isCommand(envelope) ? parseCommandEnvelope : parseEventsEnvelope;
    return submitAppend(ports, traced(parse(ports.domain, envelope, ports.runtime.newId), event));
  };
  if (body === undefined)
    throw invalid([{ path: '', message: 'The body is empty: send an envelope, or an array of envelopes' }]);
  if (!Array.isArray(body)) return acceptance(await submitOne(body));
  if (body.length > MAX_ENVELOPES)
    throw new MeridianError(
      'too-large',
      `A request holds at most ${MAX_ENVELOPES} envelopes; this one has ${body.length}.`,
      {
        details: { limit: MAX_ENVELOPES },
      },
    );
  // If a request has several envelopes, an error affects its own envelope only.
  const submitOneOfMany = async (envelope: unknown): Promise<Submitted> => {
    try {
      return encodeAccepted(await submitOne(envelope));
    } catch (error) {
      const problem = reportedProblem(ports.runtime, error);
      if (isFailure(problem)) ports.runtime.metric('ApiFailed', 'Count', 1);
      return refused(envelope, problem);
    }
  };
  const begun = ports.runtime.elapsed();
  const results = await inOrderPerKey(body, (envelope) => textOf(envelope, 'stream') ?? '', submitOneOfMany, {
    // An envelope that must be retried blocks later envelopes of its stream, which would otherwise overtake it.
    when: (previous) =>
      (previous !== undefined && 'problem' in previous && previous.problem.retryable) ||
      ports.runtime.elapsed() - begun > BEGIN_MS,
    instead: (envelope) =>
      refused(
        envelope,
        toProblem(
          new MeridianError(
            'unavailable',
            'Not started: the request ran out of time, or an earlier envelope of the stream must be retried. Send it again.',
            { retryable: true, details: { started: false } },
          ),
        ),
      ),
  });
  // Envelopes may have been accepted, so the response may not be refused.
  return jsonAnswer(fitsAnswer(results) ? results : results.map(shortened));
};

/** A result whose problem, with the details that the domain chose, is shortened. */
function shortened(result: Submitted): Submitted {
  return 'problem' in result ? { ...result, problem: cutProblem(result.problem, MAX_PROBLEM_OF_MANY_BYTES) } : result;
}

function isCommand(envelope: unknown): boolean {
  return envelope !== null && typeof envelope === 'object' && Object.hasOwn(envelope, 'command');
}

function refused(envelope: unknown, problem: Problem): Submitted {
  return {
    id: textOf(envelope, 'id'),
    stream: textOf(envelope, 'stream'),
    problem,
  };
}

/** The text of a member that identifies an envelope, cut after 300 characters; undefined if there is none. */
function textOf(value: unknown, name: string): string | undefined {
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) return undefined;
  const text: unknown = Reflect.get(value, name);
  return typeof text === 'string' ? text.slice(0, 300) : undefined;
}

const postCommand: Handle = async (ports, event, { type = '', id = '', name }) => {
  const stream = streamNameOf(type, id);
  const named = streamModeOf(ports.domain, stream) === 'merge' ? 'basedOn' : 'expected';
  // The token is also parsed here, so that its faults carry the header's name.
  versionHeader(event, 'If-Match', stream);
  const token = tokenHeader(event, 'If-Match');
  const envelope = {
    id: header(event, 'Idempotency-Key'),
    stream,
    command: name,
    input: jsonBody(event),
    ...(token !== undefined && { [named]: token }),
  };
  const append = inHeader('Idempotency-Key', 'id', () =>
    parseCommandEnvelope(ports.domain, envelope, ports.runtime.newId),
  );
  const appended = await namedAs('If-Match', named, submitAppend(ports, traced(append, event)));
  return acceptance(appended);
};

const getStream: Handle = async (ports, event, { type = '', id = '' }) => {
  const stream = streamNameOf(type, id);
  const atLeast = versionHeader(event, 'If-At-Least', stream);
  const point = new URLSearchParams(event.rawQueryString).get('at');
  const at = point === null ? undefined : parsePoint(stream, point);
  const consistency = consistencyIn(event);
  return answerWaiting(event, async (waitMs) => {
    const options = { atLeast, at, consistency, waitMs };
    const read = await namedAs('If-At-Least', 'atLeast', readStream(ports, stream, options));
    return jsonAnswer(
      encodeStreamState(ports.region, stream, { ...read, at }),
      etag({ stream, version: read.version }),
    );
  });
};

/** How a strong stream is read: `consistency=local` or `consistency=strong`. */
function consistencyIn({ rawQueryString }: LambdaFunctionURLEvent): Consistency | undefined {
  const text = new URLSearchParams(rawQueryString).get('consistency');
  if (text === null || text === 'local' || text === 'strong') return text ?? undefined;
  throw invalid([{ path: 'consistency', message: `is ${JSON.stringify(text)}; it must be local or strong` }]);
}

const getCommits: Handle = async (ports, event, { type = '', id = '' }) => {
  const stream = streamNameOf(type, id);
  const { after: token, limit } = pageOf(event);
  const after = token === undefined ? undefined : decodeVersionToken(stream, token, 'after');
  return answerWaiting(event, async (waitMs) =>
    jsonAnswer(encodeCommitPage(stream, await readCommits(ports, stream, { after, limit, waitMs }))),
  );
};

const getRows: Handle = async (ports, event, { view = '' }) => {
  const page = pageOf(event);
  const atLeast = versionsHeader(event, 'If-At-Least');
  return answerWaiting(event, async (waitMs) => {
    const rows = await namedAs('If-At-Least', 'atLeast', readRows(ports, view, { ...page, atLeast, waitMs }));
    return jsonAnswer(encodeRowPage(ports.region, view, rows));
  });
};

const getRow: Handle = async (ports, event, { view = '', key = '' }) => {
  const atLeast = versionsHeader(event, 'If-At-Least');
  return answerWaiting(event, async (waitMs) => {
    const row = await namedAs('If-At-Least', 'atLeast', readRow(ports, view, key, { atLeast, waitMs }));
    return jsonAnswer(encodeRow(ports.region, view, row));
  });
};

const getHealth: Handle = async (ports) => jsonAnswer(await readHealth(ports));

const getLive: Handle = async (ports) => jsonAnswer(await readLive(ports));

function acceptance(appended: Appended): Answer {
  return jsonAnswer(encodeAccepted(appended), etag(appended));
}

interface Route {
  readonly method: 'GET' | 'POST';
  /** A segment with a colon stands for any text, and is its name. */
  readonly path: string;
  readonly handle: Handle;
  /** The parameters that it reads of the query. @default none */
  readonly query?: readonly string[];
}

/** What `pageOf` reads. */
const PAGE = ['after', 'limit'];

const ROUTES: readonly Route[] = [
  { method: 'POST', path: '/events', handle: postEvents },
  { method: 'POST', path: '/streams/:type/:id/commands/:name', handle: postCommand },
  { method: 'POST', path: '/transactions', handle: postTransaction },
  { method: 'GET', path: '/transactions/:id', handle: getTransaction },
  { method: 'GET', path: '/streams/:type/:id', handle: getStream, query: ['at', 'consistency'] },
  { method: 'GET', path: '/streams/:type/:id/events', handle: getCommits, query: PAGE },
  { method: 'GET', path: '/streams/:type/:id/conflicts', handle: getConflicts, query: [...PAGE, 'open'] },
  { method: 'GET', path: '/conflicts', handle: getLedger, query: [...PAGE, 'stream', 'type', 'open', 'from', 'to'] },
  { method: 'GET', path: '/views/:view', handle: getRows, query: PAGE },
  { method: 'GET', path: '/views/:view/:key', handle: getRow },
  { method: 'GET', path: '/health', handle: getHealth },
  { method: 'GET', path: '/health/live', handle: getLive },
];

const routes = ROUTES.map((route) => ({ ...route, segments: route.path.split('/') }));

/**
 * A path that a proxy, a client or a parser of URLs may rewrite: one with a segment `.` or `..`, percent-encoded or
 * not, or with a character that ends a path or is read as a slash. It would mean something else on the way.
 */
const AMBIGUOUS = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)|[\\?#\t\r\n]/i;

function isHead({ requestContext }: LambdaFunctionURLEvent): boolean {
  return requestContext.http.method === 'HEAD';
}

/** The texts in a path, by their names, as sent. */
type Texts = Readonly<Record<string, string>>;

/** A route, and the texts in the path that it matches. */
interface Match {
  readonly route: Route;
  readonly texts: Texts;
}

/** The routes that match a path, whatever their method. */
function matchesOf({ rawPath }: LambdaFunctionURLEvent): readonly Match[] {
  if (AMBIGUOUS.test(rawPath)) return [];
  const sent = rawPath.split('/');
  return routes.flatMap(({ segments, ...route }) => {
    const texts = textsIn(sent, segments);
    return texts ? [{ route, texts }] : [];
  });
}

function textsIn(sent: readonly string[], segments: readonly string[]): Texts | undefined {
  if (sent.length !== segments.length) return undefined;
  const texts: Record<string, string> = {};
  for (const [i, segment] of segments.entries()) {
    const text = sent[i] ?? '';
    if (!segment.startsWith(':') ? text !== segment : text === '') return undefined;
    if (segment.startsWith(':')) texts[segment.slice(1)] = text;
  }
  return texts;
}

function matchOf(event: LambdaFunctionURLEvent): Match | undefined {
  const method = isHead(event) ? 'GET' : event.requestContext.http.method;
  return matchesOf(event).find(({ route }) => route.method === method);
}

/** Adds the header `Warning` to an answer, of success or not, if its route ignores something of the query. */
export function withWarning(event: LambdaFunctionURLEvent, answer: Answer): Answer {
  const found = event.rawQueryString === '' ? undefined : matchOf(event);
  const warning = found && ignoredParameters(event, found.route.query ?? []);
  return warning === undefined ? answer : { ...answer, headers: { ...answer.headers, warning } };
}

/**
 * Handles a request to a Region's API.
 * @throws MeridianError `not-found`, and what the route's function throws
 */
export async function routeRequest(ports: ApiPorts, event: LambdaFunctionURLEvent): Promise<Answer> {
  const found = matchOf(event);
  if (found) {
    const answer = await found.route.handle(ports, event, parametersOf(found.texts, event));
    return isHead(event) ? { ...answer, body: '' } : answer;
  }
  const matching = matchesOf(event);
  if (matching.length === 0)
    throw new MeridianError('not-found', `No route matches ${event.rawPath}.`, {
      details: { routes: routes.map(({ method, path }) => `${method} ${path}`) },
    });
  const allowed = matching.flatMap(({ route: { method } }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  const text = allowed.join(', ');
  return problemAnswer(
    new MeridianError('method-not-allowed', `${event.rawPath} allows ${text}.`, { details: { allowed } }),
    {
      allow: text,
    },
  );
}

function parametersOf(texts: Texts, { rawPath }: LambdaFunctionURLEvent): Parameters {
  try {
    return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, decodeURIComponent(text)]));
  } catch {
    throw invalid([{ path: '', message: `The path ${rawPath} is not percent-encoded UTF-8` }]);
  }
}
