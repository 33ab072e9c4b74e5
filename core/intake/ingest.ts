import * as z from 'zod';
import { bytesAtMost, deliverInBatches } from '../delivery/deliver.ts';
import { inOrderPerKey } from '../delivery/in-order.ts';
import { cutProblem, MeridianError, messageOf, reportedProblem } from '../facts/errors.ts';
import { BEGIN_MS, INGEST_TRANSACT_MS, MAX_PROBLEM_BYTES } from '../limits/budgets.ts';
import type { Bus } from '../ports/bus.ts';
import type { BatchAnswer, Queue } from '../ports/queue.ts';
import { runTransaction, type TransactPorts } from '../transaction/transact.ts';
import { APPEND, type BusEntry, COMMAND, TRANSACT } from '../wire/bus.ts';
import { idOf, parseCommandEnvelope, parseEventsEnvelope } from '../wire/envelope.ts';
import { encodeQuarantined } from '../wire/quarantine.ts';
import { acceptedEntry, encodeAccepted, rejectedEntry } from '../wire/receipt.ts';
import { streamNameSchema } from '../wire/schemas.ts';
import { parseTransaction } from '../wire/transaction-envelope.ts';
import { submitAppend } from '../write/submit.ts';

export interface IngestPorts extends TransactPorts {
  readonly bus: Bus;
  readonly quarantine: Queue;
  /** The queue that the messages came from. */
  readonly ingest: Queue;
}

/**
 * The result of a message: what to report to its sender over the bus, or to the quarantine if the sender is unknown.
 */
type Verdict =
  | { readonly kind: 'Accepted' | 'Rejected'; readonly entry: BusEntry; readonly body: string }
  | { readonly kind: 'Quarantined'; readonly body: string }
  /** A decided transaction, announced through the record of its outcome. */
  | { readonly kind: 'Decided' }
  | { readonly kind: 'Retry'; readonly why: string }
  /** Not tried: held up by slow messages of its stream until the batch ran out of time. */
  | { readonly kind: 'HeldUp'; readonly body: string };

const busEventSchema = z.object({
  'detail-type': z.enum([APPEND, COMMAND, TRANSACT]),
  detail: z.looseObject({}),
});

/**
 * Processes messages that producers put on the bus. Every message ends exactly once: as `Accepted`, as `Rejected` with
 * the problem, or in the quarantine with the reason. A transaction ends with its outcome, which is announced through
 * its record. A message that cannot be decided now is redelivered, which is harmless because its `id` is the commitId,
 * or the transaction's id. The messages of its stream behind it are tried nevertheless: the bus has no order to keep. A
 * message for which no time was left is sent to the queue again, since each redelivery would count as a failed attempt.
 * @param bodies EventBridge events with `detail-type` `meridian.append`, `meridian.command` or `meridian.transact`, as
 *   JSON
 * @returns per body: undefined if it is done, otherwise why it must be redelivered
 */
export async function ingestMessages(ports: IngestPorts, bodies: readonly string[]): Promise<BatchAnswer> {
  const begun = ports.runtime.elapsed();
  const verdicts = await inOrderPerKey<Message, Verdict>(
    bodies.map(read),
    ({ body, detail }) => (typeof detail?.stream === 'string' ? detail.stream : body),
    (message) => judge(ports, message),
    {
      // A slow message holds up its own stream only, and never the receipts of other messages.
      when: () => ports.runtime.elapsed() - begun > BEGIN_MS,
      instead: ({ body }) => ({ kind: 'HeldUp', body }),
    },
  );
  const [untold, quarantined, held] = await Promise.all([
    tell(ports, verdicts),
    sendBodies(ports, ports.quarantine, verdicts, 'Quarantined'),
    sendBodies(ports, ports.ingest, verdicts, 'HeldUp'),
  ]);
  const answers = verdicts.map((verdict, i) =>
    verdict.kind === 'Retry' ? verdict.why : (untold.get(i) ?? quarantined.get(i) ?? held.get(i)),
  );
  for (const [i, { kind }] of verdicts.entries())
    if (kind !== 'Retry' && kind !== 'Decided' && answers[i] === undefined) ports.runtime.metric(kind, 'Count', 1);
  return answers;
}

interface Message {
  readonly body: string;
  readonly detailType?: typeof APPEND | typeof COMMAND | typeof TRANSACT;
  readonly detail?: Readonly<Record<string, unknown>>;
  /** Why the message cannot be read. */
  readonly fault?: string;
}

function read(body: string): Message {
  try {
    const event = busEventSchema.safeParse(JSON.parse(body));
    return event.success
      ? { body, detailType: event.data['detail-type'], detail: event.data.detail }
      : { body, fault: `This is not an EventBridge event of detail-type ${APPEND}, ${COMMAND} or ${TRANSACT}.` };
  } catch (error) {
    return { body, fault: `This is not JSON: ${messageOf(error)}` };
  }
}

async function judge(ports: IngestPorts, { body, detailType, detail, fault }: Message): Promise<Verdict> {
  const id = idOf(detail);
  if (fault !== undefined || id === undefined)
    return isolated(body, fault ?? 'It has no usable id: 1 to 200 visible ASCII characters.');
  try {
    if (detailType === TRANSACT) return await judgeTransaction(ports, detail);
    const parse = detailType === APPEND ? parseEventsEnvelope : parseCommandEnvelope;
    const appended = await submitAppend(ports, parse(ports.domain, detail, ports.runtime.newId));
    return { kind: 'Accepted', body, entry: acceptedEntry(encodeAccepted(appended)) };
  } catch (error) {
    const problem = reportedProblem(ports.runtime, error);
    if (problem.retryable || problem.status >= 500)
      return { kind: 'Retry', why: error instanceof MeridianError ? problem.detail : String(error) };
    return {
      kind: 'Rejected',
      body,
      entry: rejectedEntry({
        id,
        stream: streamIn(detail),
        problem: cutProblem(problem, MAX_PROBLEM_BYTES),
      }),
    };
  }
}

/**
 * The message of a transaction that is not decided in time is redelivered until the transaction is decided: no other
 * component tracks it.
 */
async function judgeTransaction(ports: IngestPorts, detail: Message['detail']): Promise<Verdict> {
  const { id, state } = await runTransaction(ports, parseTransaction(ports, detail), INGEST_TRANSACT_MS);
  return state === 'committed' || state === 'aborted'
    ? { kind: 'Decided' }
    : { kind: 'Retry', why: `${id} is not decided yet` };
}

/** The stream named by a refused message, if the name is valid. */
function streamIn(detail: Message['detail']): string | undefined {
  return streamNameSchema.safeParse(detail?.stream).data;
}

function isolated(body: string, reason: string): Verdict {
  return {
    kind: 'Quarantined',
    body: encodeQuarantined({ reason, body }),
  };
}

/**
 * Publishes the receipts. A message whose receipt the bus refuses permanently goes to the quarantine with the reason.
 * @returns by the message's index, why its receipt could not be published
 */
async function tell(ports: IngestPorts, verdicts: readonly Verdict[]): Promise<ReadonlyMap<number, string>> {
  const { bus, runtime } = ports;
  const receipts = verdicts.flatMap((verdict, i) => ('entry' in verdict ? [{ i, ...verdict }] : []));
  const answers = await deliverInBatches(
    receipts,
    ({ entry }) => bytesAtMost(entry.detail),
    (batch) => bus.put(batch.map(({ entry }) => entry)),
    runtime,
  );
  const refused = receipts.flatMap(({ i, body }, at) => {
    const answer = answers[at];
    const reason = typeof answer === 'object' ? `The bus refused its receipt: ${answer.permanent}` : undefined;
    return reason === undefined ? [] : [{ i, body: encodeQuarantined({ reason, body }) }];
  });
  const texts = answers.map((answer) => (typeof answer === 'string' ? answer : undefined));
  return new Map([...failures(receipts, texts), ...(await sendAll(ports, ports.quarantine, refused))]);
}

/** Sends the bodies of one kind of verdict to a queue. @returns by the message's index, why it was not accepted */
function sendBodies(
  ports: IngestPorts,
  queue: Queue,
  verdicts: readonly Verdict[],
  kind: 'Quarantined' | 'HeldUp',
): Promise<ReadonlyMap<number, string>> {
  const sent = verdicts.flatMap((verdict, i) => (verdict.kind === kind ? [{ i, body: verdict.body }] : []));
  return sendAll(ports, queue, sent);
}

/** @returns by the message's index, why its body was not accepted */
async function sendAll(
  { runtime }: IngestPorts,
  queue: Queue,
  sent: readonly { readonly i: number; readonly body: string }[],
): Promise<ReadonlyMap<number, string>> {
  const answers = await deliverInBatches(
    sent,
    ({ body }) => bytesAtMost(body),
    (batch) => queue.send(batch.map(({ body }) => body)),
    runtime,
  );
  return failures(sent, answers);
}

function failures(sent: readonly { readonly i: number }[], answers: BatchAnswer): ReadonlyMap<number, string> {
  return new Map(sent.flatMap(({ i }, at) => (answers[at] === undefined ? [] : [[i, answers[at]]])));
}
