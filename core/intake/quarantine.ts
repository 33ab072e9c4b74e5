import * as z from 'zod';
import { bytesAtMost, deliverInBatches } from '../delivery/deliver.ts';
import { parseJson } from '../facts/json.ts';
import { splitStream } from '../facts/stream-ref.ts';
import { SQS_BATCH_ENTRIES } from '../limits/aws.ts';
import {
  QUARANTINE_CHARACTERS,
  QUARANTINE_HOLD_MS,
  QUARANTINE_LOOK_MS,
  QUARANTINE_PASS_MS,
} from '../limits/budgets.ts';
import type { HeldMessage, Quarantine } from '../ports/quarantine.ts';
import type { BatchAnswer, Queue } from '../ports/queue.ts';
import type { Runtime } from '../ports/runtime.ts';
import { idOf } from '../wire/envelope.ts';
import type { ActionRequest, ActionResult, Driven, Quarantined } from '../wire/operate.ts';
import { encodeQuarantined, parseQuarantined } from '../wire/quarantine.ts';
import { streamNameSchema } from '../wire/schemas.ts';

export interface QuarantinePorts {
  readonly quarantine: Quarantine;
  /** Where `ingest` takes messages from: what is driven back goes there. */
  readonly ingest: Queue;
  readonly runtime: Pick<Runtime, 'now' | 'elapsed' | 'sleep' | 'random'>;
}

/** Why messages are here that came as they were: no one could say it then. */
const UNDECIDED = 'It could not be decided, however often it was tried, or it could not be delivered to ingest.';

const busEventSchema = z.object({ 'detail-type': z.string().optional().catch(undefined), detail: z.unknown() });

const namedSchema = z.object({ stream: streamNameSchema });

function quarantined({ id, sentAt, receives, body: kept }: HeldMessage): Quarantined {
  const { reason, body } = parseQuarantined(kept) ?? { reason: UNDECIDED, body: kept };
  const event = busEventSchema.safeParse(parseJson(body)).data;
  const detailType = event?.['detail-type'];
  const stream = namedSchema.safeParse(event?.detail).data?.stream;
  const envelopeId = idOf(event?.detail);
  return {
    id,
    sentAt: new Date(sentAt).toISOString(),
    receives,
    reason,
    ...(detailType !== undefined && { detailType }),
    ...(stream !== undefined && { stream }),
    ...(envelopeId !== undefined && { envelopeId }),
    body,
  };
}

type Choice = ActionRequest<'quarantine-list'>;

function matches({ reason, stream }: Quarantined, filter: Choice['filter']): boolean {
  return (
    (filter.reason === undefined || reason.toLowerCase().includes(filter.reason.toLowerCase())) &&
    (filter.stream === undefined ||
      stream === filter.stream ||
      (stream !== undefined && splitStream(stream).type === filter.stream))
  );
}

/**
 * Takes hold of messages and shows the chosen ones batch by batch.
 * @param take gets the chosen ones of one receive, no more than `limit` in all
 * @returns every message that was held, by its id; those that were chosen, but too many; and whether none was left that
 * nobody holds
 */
async function examine(
  { quarantine, runtime }: Pick<QuarantinePorts, 'quarantine' | 'runtime'>,
  hold: number,
  { ids, filter, limit }: Choice,
  before: number,
  take: (chosen: readonly { readonly held: HeldMessage; readonly message: Quarantined }[]) => Promise<void> | void,
): Promise<{
  readonly held: ReadonlyMap<string, HeldMessage>;
  readonly surplus: readonly HeldMessage[];
  readonly complete: boolean;
}> {
  const held = new Map<string, HeldMessage>();
  const wanted = ids && new Set(ids);
  const most = Math.min(limit, wanted?.size ?? limit);
  const begun = runtime.elapsed();
  let surplus: readonly HeldMessage[] = [];
  let taken = 0;
  let characters = 0;
  while (taken < most && characters < QUARANTINE_CHARACTERS && runtime.elapsed() - begun < QUARANTINE_LOOK_MS) {
    const received = await quarantine.receive(hold);
    const fresh = received.filter(({ id }) => !held.has(id));
    // Also when only what is held already comes, a second time: then all has come.
    if (fresh.length === 0) return { held, surplus, complete: true };
    for (const message of received) held.set(message.id, message);
    const chosen = fresh
      .filter(({ id, sentAt }) => sentAt <= before && (!wanted || wanted.has(id)))
      .map((message) => ({ held: message, message: quarantined(message) }))
      .filter(({ message }) => matches(message, filter));
    surplus = chosen.slice(most - taken).map(({ held }) => held);
    const taking = chosen.slice(0, most - taken);
    taken += taking.length;
    characters += taking.reduce((sum, { message }) => sum + message.body.length, 0);
    await take(taking);
  }
  // Whoever has all the messages that he named does not need the rest.
  return { held, surplus, complete: wanted !== undefined && taken === wanted.size };
}

/** Those that cannot be released come back by themselves when their time is up. */
async function release(quarantine: Quarantine, messages: readonly HeldMessage[]): Promise<void> {
  const batches = Array.from({ length: Math.ceil(messages.length / SQS_BATCH_ENTRIES) }, (_, i) =>
    messages.slice(i * SQS_BATCH_ENTRIES, (i + 1) * SQS_BATCH_ENTRIES),
  );
  await Promise.allSettled(batches.map((batch) => quarantine.release(batch)));
}

/**
 * What is in the quarantine, the oldest first; of very many a sample. What is looked at is hidden from others meanwhile, for
 * 30 s if this process dies.
 * @throws MeridianError `unavailable`
 */
export async function listQuarantine(ports: QuarantinePorts, choice: Choice): Promise<ActionResult<'quarantine-list'>> {
  const about = await ports.quarantine.count();
  const messages: Quarantined[] = [];
  const { held, complete } = await examine(ports, QUARANTINE_HOLD_MS, choice, Number.POSITIVE_INFINITY, (chosen) => {
    messages.push(...chosen.map(({ message }) => message));
  });
  await release(ports.quarantine, [...held.values()]);
  return { messages: messages.sort((a, b) => Date.parse(a.sentAt) - Date.parse(b.sentAt)), about, complete };
}

/** Keeps what cannot be read, with the reason, and tells what was not kept. */
export async function addToQuarantine(
  { quarantine, runtime }: QuarantinePorts,
  { messages }: ActionRequest<'quarantine-add'>,
): Promise<ActionResult<'quarantine-add'>> {
  const answers = await deliverInBatches(
    messages.map(encodeQuarantined),
    bytesAtMost,
    (batch) => quarantine.send(batch),
    runtime,
  );
  const failed = answers.flatMap((why, index) => (why === undefined ? [] : [{ index, why }]));
  return { added: messages.length - failed.length, failed };
}

/**
 * Sends messages of the quarantine to `ingest` once more, to the letter as they came in, and then removes them. If this
 * process dies in between they are sent twice, which is harmless, since their ids are the commitIds. What it passes over is
 * shown to others again at the end; when there is more to look at, what was not chosen stays hidden, for 2 minutes, so that the
 * next call goes on behind it.
 * @throws MeridianError `unavailable`
 */
export async function redriveQuarantine(
  ports: QuarantinePorts,
  { dryRun, before, ...choice }: ActionRequest<'quarantine-redrive'>,
): Promise<ActionResult<'quarantine-redrive'>> {
  const { quarantine, ingest, runtime } = ports;
  const about = await quarantine.count();
  const until = before ?? runtime.now();
  const redriven: Driven[] = [];
  const failed: { readonly id: string; readonly why: string }[] = [];
  const gone = new Set<string>();
  const { held, surplus, complete } = await examine(
    ports,
    dryRun ? QUARANTINE_HOLD_MS : QUARANTINE_PASS_MS,
    choice,
    until,
    async (chosen) => {
      const answers = dryRun
        ? []
        : await deliverInBatches(
            chosen,
            ({ message }) => bytesAtMost(message.body),
            (batch) => ingest.send(batch.map(({ message }) => message.body)),
            runtime,
          );
      const sent = chosen.filter((_, i) => answers[i] === undefined);
      const left = dryRun || sent.length === 0 ? [] : await removed(quarantine, sent);
      for (const [i, { message }] of chosen.entries())
        if (answers[i] !== undefined) failed.push({ id: message.id, why: answers[i] });
      for (const [i, { message }] of sent.entries()) {
        const { body: _body, ...driven } = message;
        const why = left[i];
        if (why !== undefined) failed.push({ id: message.id, why: `It was sent, but is still here: ${why}` });
        else {
          redriven.push(driven);
          if (!dryRun) gone.add(message.id);
        }
      }
    },
  );
  const here = [...held.values()].filter(({ id }) => !gone.has(id));
  await release(quarantine, dryRun || complete ? here : surplus);
  return {
    examined: held.size,
    redriven,
    kept: held.size - redriven.length - failed.length,
    failed,
    about,
    complete,
    before: until,
  };
}

async function removed(quarantine: Quarantine, sent: readonly { readonly held: HeldMessage }[]): Promise<BatchAnswer> {
  try {
    return await quarantine.remove(sent.map(({ held }) => held));
  } catch (error) {
    return sent.map(() => String(error));
  }
}
