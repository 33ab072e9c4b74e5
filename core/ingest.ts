import * as z from 'zod';
import { APPEND, type BusEntry, COMMAND, outcomeEntry } from './bus.ts';
import { bytesAtMost, deliver } from './deliver.ts';
import { idOf, parseCommandEnvelope, parseEventsEnvelope, streamName } from './envelope.ts';
import { MeridianError, type Problem, toProblem } from './errors.ts';
import { inOrderPerKey } from './in-order.ts';
import type { BatchAnswer, Bus, Queue } from './ports.ts';
import { quarantinedBody } from './quarantine.ts';
import { type SubmitPorts, submit } from './submit.ts';
import { encodeVersion } from './version.ts';

export interface IngestPorts extends SubmitPorts {
  readonly bus: Bus;
  readonly quarantine: Queue;
}

/** What to say of a message: to its sender over the bus, or, where there is no one to tell, to the quarantine. */
type Verdict =
  | { readonly kind: 'Accepted' | 'Rejected'; readonly entry: BusEntry }
  | { readonly kind: 'Quarantined'; readonly body: string }
  | { readonly kind: 'Retry'; readonly why: string };

/**
 * For so long messages of a batch are begun, in milliseconds: one that then waits for another Region leaves time enough
 * to tell what became of all the others.
 */
const BEGIN_MS = 10_000;
/** Bytes of a problem document in an outcome: an entry of the bus may hold 256 KiB. */
const MAX_PROBLEM_BYTES = 200_000;

const busEvent = z.object({
  'detail-type': z.enum([APPEND, COMMAND]),
  detail: z.looseObject({}),
});

/**
 * Takes in what producers put on the bus. Every message ends exactly once as `Accepted`, as `Rejected` with the problem,
 * or in the quarantine with the reason; one that cannot be decided now is left to be delivered again, which is harmless
 * since its `id` is the commitId.
 * @param bodies EventBridge events with `detail-type` `meridian.append` or `meridian.command`, as JSON
 * @returns per body: undefined when it is done with, else why it has to be delivered again
 */
export const ingest = async (ports: IngestPorts, bodies: readonly string[]): Promise<BatchAnswer> => {
  const begun = ports.runtime.elapsed();
  const verdicts = await inOrderPerKey<Message, Verdict>(
    bodies.map(read),
    ({ body, detail }) => (typeof detail?.stream === 'string' ? detail.stream : body),
    (message) => judge(ports, message),
    {
      // What has to come again holds up its own stream, and nothing holds up what is told of the others.
      when: (previous) => previous?.kind === 'Retry' || ports.runtime.elapsed() - begun > BEGIN_MS,
      instead: () => ({ kind: 'Retry', why: 'an earlier message of the batch took too long, or has to come again' }),
    },
  );
  const [told, quarantined] = await Promise.all([tell(ports, verdicts), quarantine(ports, verdicts)]);
  const answers = verdicts.map((verdict, i) =>
    verdict.kind === 'Retry' ? verdict.why : (told.get(i) ?? quarantined.get(i)),
  );
  for (const [i, { kind }] of verdicts.entries())
    if (kind !== 'Retry' && answers[i] === undefined) ports.runtime.metric(kind, 'Count', 1);
  return answers;
};

interface Message {
  readonly body: string;
  readonly detailType?: typeof APPEND | typeof COMMAND;
  readonly detail?: Readonly<Record<string, unknown>>;
  /** Why it cannot be read. */
  readonly fault?: string;
}

const read = (body: string): Message => {
  try {
    const event = busEvent.safeParse(JSON.parse(body));
    return event.success
      ? { body, detailType: event.data['detail-type'], detail: event.data.detail }
      : { body, fault: `This is not an EventBridge event of detail-type ${APPEND} or ${COMMAND}.` };
  } catch (error) {
    return { body, fault: `This is not JSON: ${error}` };
  }
};

const judge = async (ports: IngestPorts, { body, detailType, detail, fault }: Message): Promise<Verdict> => {
  const id = idOf(detail);
  if (fault !== undefined || id === undefined)
    return isolated(body, fault ?? 'It has no usable id: 1 to 200 visible ASCII characters.');
  try {
    const parse = detailType === APPEND ? parseEventsEnvelope : parseCommandEnvelope;
    const { stream, version, dot } = await submit(ports, parse(ports.domain, detail, ports.runtime.newId));
    return {
      kind: 'Accepted',
      entry: outcomeEntry('Accepted', { id, stream, version: encodeVersion(stream, version), ...dot }),
    };
  } catch (error) {
    const problem = toProblem(error);
    if (problem.retryable || problem.status >= 500)
      return { kind: 'Retry', why: error instanceof MeridianError ? problem.detail : String(error) };
    return {
      kind: 'Rejected',
      entry: outcomeEntry('Rejected', { id, stream: streamIn(detail), problem: cut(problem) }),
    };
  }
};

/** The stream that a refused message names, if that is a name. */
const streamIn = (detail: Message['detail']): string | undefined => streamName.safeParse(detail?.stream).data;

/** A domain may give a refusal more details than an entry of the bus can hold: then they are left out. */
const cut = (problem: Problem): Problem => {
  if (bytesAtMost(JSON.stringify(problem)) <= MAX_PROBLEM_BYTES) return problem;
  const { type, title, status, detail, code, retryable } = problem;
  return { type, title, status, detail: detail.slice(0, 1000), code, retryable };
};

const isolated = (body: string, reason: string): Verdict => ({
  kind: 'Quarantined',
  body: quarantinedBody(reason, body),
});

/** @returns why the outcome of a message could not be told, by the message's index */
const tell = async (
  { bus, runtime }: IngestPorts,
  verdicts: readonly Verdict[],
): Promise<ReadonlyMap<number, string>> => {
  const outcomes = verdicts.flatMap((verdict, i) => ('entry' in verdict ? [{ i, entry: verdict.entry }] : []));
  const answers = await deliver(
    outcomes,
    ({ entry }) => bytesAtMost(entry.detail),
    (batch) => bus.put(batch.map(({ entry }) => entry)),
    runtime,
  );
  return failures(outcomes, answers);
};

const quarantine = async (
  { quarantine, runtime }: IngestPorts,
  verdicts: readonly Verdict[],
): Promise<ReadonlyMap<number, string>> => {
  const unreadable = verdicts.flatMap((verdict, i) =>
    verdict.kind === 'Quarantined' ? [{ i, body: verdict.body }] : [],
  );
  const answers = await deliver(
    unreadable,
    ({ body }) => bytesAtMost(body),
    (batch) => quarantine.send(batch.map(({ body }) => body)),
    runtime,
  );
  return failures(unreadable, answers);
};

const failures = (sent: readonly { readonly i: number }[], answers: BatchAnswer): ReadonlyMap<number, string> =>
  new Map(sent.flatMap(({ i }, at) => (answers[at] === undefined ? [] : [[i, answers[at]]])));
