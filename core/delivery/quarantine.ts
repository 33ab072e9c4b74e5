import * as z from 'zod';
import { splitStream } from '../log/commit.ts';
import type { BatchAnswer, HeldMessage, Quarantine, Queue, Runtime } from '../ports.ts';
import { idOf, streamName } from '../request/envelope.ts';
import { bytesAtMost, deliver } from './deliver.ts';

export interface QuarantinePorts {
  readonly quarantine: Quarantine;
  /** Where `ingest` takes messages from: what is driven back goes there. */
  readonly ingress: Queue;
  readonly runtime: Pick<Runtime, 'now' | 'elapsed' | 'sleep' | 'random'>;
}

const choice = {
  /** Only these messages. */
  ids: z.array(z.string().min(1).max(200)).min(1).max(1000).optional(),
  filter: z
    .strictObject({
      /** A part of the reason, whatever its case. */
      reason: z.string().optional(),
      /** A stream, or a type of streams. */
      stream: z.string().optional(),
    })
    .default({}),
};
export const quarantineListRequest = z.strictObject({
  ...choice,
  /** So many at most. */
  limit: z.int().min(1).max(1000).default(100),
});
export const quarantineAddRequest = z.strictObject({
  messages: z
    .array(z.strictObject({ reason: z.string().max(10_000), body: z.string() }))
    .min(1)
    .max(100),
});
export const redriveRequest = z.strictObject({
  ...choice,
  limit: z.int().min(1).max(1000).default(1000),
  /** Sends and removes nothing. */
  dryRun: z.boolean().default(false),
  /** Only what came in until then, in milliseconds since 1970; now by default. */
  before: z.number().optional(),
});

const drivenSchema = z.object({
  id: z.string(),
  sentAt: z.iso.datetime(),
  receives: z.number(),
  reason: z.string(),
  detailType: z.string().optional(),
  stream: z.string().optional(),
  /** The `id` of the envelope in it. */
  envelopeId: z.string().optional(),
});
/** What came in, to the letter: what a redrive sends. */
const quarantinedSchema = drivenSchema.extend({ body: z.string() });
/** A message of the quarantine, as far as it can be read. */
export type Quarantined = z.output<typeof quarantinedSchema>;

export const quarantineListSchema = z.object({
  messages: z.array(quarantinedSchema),
  /** About how many there are in all. */
  about: z.number(),
  /** Whether these are all that were chosen and that nobody else held. */
  complete: z.boolean(),
});

export const quarantineAddSchema = z.object({
  added: z.number(),
  failed: z.array(z.object({ index: z.number(), why: z.string() })),
});

export const redriveSchema = z.object({
  /** How many messages were looked at. */
  examined: z.number(),
  /** Sent to `ingest` and removed from here; in a dry run those that would be. */
  redriven: z.array(drivenSchema),
  /** Looked at and left here. */
  kept: z.number(),
  /** Left here because they could not be sent, or sent but still here: once more does no harm. */
  failed: z.array(z.object({ id: z.string(), why: z.string() })),
  /** About how many there were before. */
  about: z.number(),
  /** Whether none was left to look at that nobody else held. */
  complete: z.boolean(),
  /** To be given to the next call: what came in later is left alone, or what comes back would be sent for ever. */
  before: z.number(),
});

/** For so long a call looks for further messages, in milliseconds. */
const LOOK_MS = 10_000;
/** For so long a message is hidden from others while a call works on it: longer than the call takes, in milliseconds. */
const HOLD_MS = 30_000;
/** For so long what a redrive passed over stays hidden, so that its next call goes on behind it, in milliseconds. */
const PASS_MS = 120_000;
/** Characters of all bodies in an answer, and of what a call keeps in memory: a function answers 6 MB at most. */
const MAX_CHARACTERS = 1_500_000;
/** One request releases so many. */
const BATCH = 10;

/** Why messages are here that came as they were: no one could say it then. */
const UNDECIDED = 'It could not be decided, however often it was tried, or it could not be delivered to ingest.';

const wrapped = z.strictObject({ reason: z.string(), body: z.string() });

/** How what cannot be read is kept: with the reason. */
export function quarantinedBody(reason: string, body: string): string {
  return JSON.stringify({ reason, body });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const busEvent = z.object({ 'detail-type': z.string().optional().catch(undefined), detail: z.unknown() });
const named = z.object({ stream: streamName });

function quarantined({ id, sentAt, receives, body: kept }: HeldMessage): Quarantined {
  const { reason, body } = wrapped.safeParse(parsed(kept)).data ?? { reason: UNDECIDED, body: kept };
  const event = busEvent.safeParse(parsed(body)).data;
  const detailType = event?.['detail-type'];
  const stream = named.safeParse(event?.detail).data?.stream;
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

type Choice = z.output<typeof quarantineListRequest>;

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
  while (taken < most && characters < MAX_CHARACTERS && runtime.elapsed() - begun < LOOK_MS) {
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
  const batches = Array.from({ length: Math.ceil(messages.length / BATCH) }, (_, i) =>
    messages.slice(i * BATCH, (i + 1) * BATCH),
  );
  await Promise.allSettled(batches.map((batch) => quarantine.release(batch)));
}

/**
 * What is in the quarantine, the oldest first; of very many a sample. What is looked at is hidden from others meanwhile, for
 * 30 s if this process dies.
 * @throws MeridianError `unavailable`
 */
export async function listQuarantine(
  ports: QuarantinePorts,
  choice: Choice,
): Promise<z.output<typeof quarantineListSchema>> {
  const about = await ports.quarantine.count();
  const messages: Quarantined[] = [];
  const { held, complete } = await examine(ports, HOLD_MS, choice, Number.POSITIVE_INFINITY, (chosen) => {
    messages.push(...chosen.map(({ message }) => message));
  });
  await release(ports.quarantine, [...held.values()]);
  return { messages: messages.sort((a, b) => Date.parse(a.sentAt) - Date.parse(b.sentAt)), about, complete };
}

/** Keeps what cannot be read, with the reason, and tells what was not kept. */
export async function addToQuarantine(
  { quarantine, runtime }: QuarantinePorts,
  { messages }: z.output<typeof quarantineAddRequest>,
): Promise<z.output<typeof quarantineAddSchema>> {
  const answers = await deliver(
    messages.map(({ reason, body }) => quarantinedBody(reason, body)),
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
export async function redrive(
  ports: QuarantinePorts,
  { dryRun, before, ...choice }: z.output<typeof redriveRequest>,
): Promise<z.output<typeof redriveSchema>> {
  const { quarantine, ingress, runtime } = ports;
  const about = await quarantine.count();
  const until = before ?? runtime.now();
  const redriven: z.output<typeof drivenSchema>[] = [];
  const failed: { readonly id: string; readonly why: string }[] = [];
  const gone = new Set<string>();
  const { held, surplus, complete } = await examine(
    ports,
    dryRun ? HOLD_MS : PASS_MS,
    choice,
    until,
    async (chosen) => {
      const answers = dryRun
        ? []
        : await deliver(
            chosen,
            ({ message }) => bytesAtMost(message.body),
            (batch) => ingress.send(batch.map(({ message }) => message.body)),
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
