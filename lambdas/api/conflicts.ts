import type { LambdaFunctionURLEvent } from 'aws-lambda';
import {
  decodeConflictCursor,
  encodeConflictPage,
  encodeListedPage,
  invalid,
  type LedgerReadPorts,
  MeridianError,
  parseListedCursor,
  parseTime,
  type ReadPorts,
  readConflicts,
  readLedger,
  streamNameOf,
} from '../../core/index.ts';
import {
  type Answer,
  answerWaiting,
  etag,
  jsonAnswer,
  namedAs,
  type Parameters,
  pageOf,
  versionHeader,
} from './http.ts';

export interface LedgerPorts extends Omit<LedgerReadPorts, 'ledger'> {
  readonly region: string;
  /** The ledger of conflicts. Optional: while a stack is updated, new code may run with the old variables. */
  readonly ledger?: LedgerReadPorts['ledger'] | undefined;
}

/** `GET /streams/{type}/{id}/conflicts`, computed from the commits. */
export async function getConflicts(
  ports: ReadPorts,
  event: LambdaFunctionURLEvent,
  { type = '', id = '' }: Parameters,
): Promise<Answer> {
  const stream = streamNameOf(type, id);
  const { after, limit } = pageOf(event);
  const asked = {
    atLeast: versionHeader(event, 'If-At-Least', stream),
    after: after === undefined ? undefined : decodeConflictCursor(after),
    isOpen: isOpenIn(event),
    limit,
  };
  return answerWaiting(event, async (waitMs) => {
    const page = await namedAs('If-At-Least', 'atLeast', readConflicts(ports, stream, { ...asked, waitMs }));
    return jsonAnswer(encodeConflictPage(stream, page), etag({ stream, version: page.version }));
  });
}

/** `GET /conflicts`, of all streams. */
export async function getLedger({ ledger, ...ports }: LedgerPorts, event: LambdaFunctionURLEvent): Promise<Answer> {
  if (!ledger)
    throw new MeridianError('unavailable', 'This instance does not know the ledger yet. Retry.', { retryable: true });
  const query = new URLSearchParams(event.rawQueryString);
  const { after, limit } = pageOf(event);
  const page = await readLedger(
    { ...ports, ledger },
    {
      ...{ stream: streamIn(query), type: query.get('type') ?? undefined, isOpen: isOpenIn(event), limit },
      ...{ from: timeIn(query, 'from'), to: timeIn(query, 'to') },
      after: after === undefined ? undefined : parseListedCursor(after),
    },
  );
  return jsonAnswer(encodeListedPage(ports.region, page));
}

function streamIn(query: URLSearchParams): string | undefined {
  const text = query.get('stream');
  if (text === null) return undefined;
  const [type = '', ...id] = text.split('/');
  return streamNameOf(type, id.join('/'));
}

function timeIn(query: URLSearchParams, name: 'from' | 'to'): number | undefined {
  const text = query.get(name);
  const time = text === null ? undefined : parseTime(text);
  if (text !== null && time === undefined)
    throw invalid([{ path: name, message: 'is not a time with its offset, such as 2026-11-30T12:00:00Z' }]);
  return time;
}

/** Which conflicts are asked for: `open=true` or `open=false`; undefined: all. */
function isOpenIn({ rawQueryString }: LambdaFunctionURLEvent): boolean | undefined {
  const text = new URLSearchParams(rawQueryString).get('open');
  if (text === null || text === 'true' || text === 'false') return text === null ? undefined : text === 'true';
  throw invalid([{ path: 'open', message: `is ${JSON.stringify(text)}; it must be true or false` }]);
}
