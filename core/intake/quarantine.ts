import { bytesAtMost, deliverInBatches, entryBytes } from '../delivery/deliver.ts';
import { type StoredEntryPorts, storedEntry } from '../delivery/stored-entry.ts';
import { QUARANTINE_HOLD_MS, QUARANTINE_PASS_MS } from '../limits/budgets.ts';
import type { Bus } from '../ports/bus.ts';
import type { HeldMessage, Quarantine } from '../ports/quarantine.ts';
import type { BatchAnswer, Queue } from '../ports/queue.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { BusEntry } from '../wire/bus.ts';
import type { ActionRequest, ActionResult, Driven, Quarantined } from '../wire/operate.ts';
import { encodeQuarantined } from '../wire/quarantine.ts';
import { type Choice, type Chosen, examineQuarantine, releaseMessages } from './examine-quarantine.ts';
import { refusedEntryOf } from './quarantined.ts';

/** The tables are read for entries that the bus refused: what is published again is what they have. */
export interface QuarantinePorts extends StoredEntryPorts {
  readonly quarantine: Quarantine;
  /** The queue of `ingest`, where redriven messages go. */
  readonly ingest: Queue;
  /** Where redriven entries go. */
  readonly bus: Bus;
  readonly runtime: Pick<Runtime, 'now' | 'elapsed' | 'sleep' | 'random'>;
}

/**
 * Lists quarantined messages, oldest first; a sample if there are many. Meanwhile they are hidden from other consumers;
 * if this process dies, they stay hidden for {@link QUARANTINE_HOLD_MS}.
 * @throws MeridianError `unavailable`
 */
export async function listQuarantine(ports: QuarantinePorts, choice: Choice): Promise<ActionResult<'quarantine-list'>> {
  const about = await ports.quarantine.count();
  const messages: Quarantined[] = [];
  const { held, complete } = await examineQuarantine(ports, {
    choice,
    hold: QUARANTINE_HOLD_MS,
    take: (chosen) => {
      messages.push(...chosen.map(({ message }) => message));
    },
  });
  await releaseMessages(ports.quarantine, [...held.values()]);
  return { messages: messages.sort((a, b) => Date.parse(a.sentAt) - Date.parse(b.sentAt)), about, complete };
}

/** Stores unreadable messages with the reason, and returns those that could not be stored. */
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
 * Sends quarantined messages to `ingest` again, unchanged, and puts entries on the bus that refused them, as the tables
 * have them, then removes them. If this process dies before it removes them, they are sent twice, which is harmless
 * because of their ids. Messages that were not chosen are
 * released at the end; but if more messages remain to be examined, they stay hidden for {@link QUARANTINE_PASS_MS}, so
 * that the next call continues after them.
 * @throws MeridianError `unavailable`
 */
export async function redriveQuarantine(
  ports: QuarantinePorts,
  { dryRun, before, ...choice }: ActionRequest<'quarantine-redrive'>,
): Promise<ActionResult<'quarantine-redrive'>> {
  const { quarantine, runtime } = ports;
  const about = await quarantine.count();
  const until = before ?? runtime.now();
  const redriven: Driven[] = [];
  const failed: Failure[] = [];
  const gone = new Set<string>();
  const { held, surplus, complete } = await examineQuarantine(ports, {
    choice,
    hold: dryRun ? QUARANTINE_HOLD_MS : QUARANTINE_PASS_MS,
    before: until,
    take: async (chosen) => {
      const failures = dryRun ? [] : await sendAgain(ports, chosen);
      failed.push(...failures);
      const left = new Set(failures.map(({ id }) => id));
      for (const { message } of chosen.filter(({ message }) => !left.has(message.id))) {
        const { body: _body, ...driven } = message;
        redriven.push(driven);
        if (!dryRun) gone.add(message.id);
      }
    },
  });
  const here = [...held.values()].filter(({ id }) => !gone.has(id));
  await releaseMessages(quarantine, dryRun || complete ? here : surplus);
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

/** A message that remains in the quarantine. */
interface Failure {
  readonly id: string;
  readonly why: string;
}

/** @returns the messages that remain: first those that could not be sent, then those that could not be removed */
async function sendAgain(ports: QuarantinePorts, chosen: readonly Chosen[]): Promise<readonly Failure[]> {
  const { messages, entries, unknown } = await sorted(ports, chosen);
  const { quarantine, ingest, bus, runtime } = ports;
  const published = await deliverInBatches(
    entries,
    ({ entry }) => entryBytes(entry),
    (batch) => bus.put(batch.map(({ entry }) => entry)),
    runtime,
  );
  const handed = await deliverInBatches(
    messages,
    ({ message }) => bytesAtMost(message.body),
    (batch) => ingest.send(batch.map(({ message }) => message.body)),
    runtime,
  );
  const all = [...entries, ...messages];
  const answers = [
    ...published.map((answer) => (typeof answer === 'object' ? `The bus refuses it: ${answer.permanent}` : answer)),
    ...handed,
  ];
  const sent = all.filter((_, i) => answers[i] === undefined);
  const removals = sent.length > 0 ? await removed(quarantine, sent) : [];
  return [
    ...unknown,
    ...failuresIn(all, answers, (why) => why),
    ...failuresIn(sent, removals, (why) => `The message was sent, but could not be removed: ${why}`),
  ];
}

/** Messages for `ingest`, entries for the bus, and entries that the tables do not give. */
interface Sorted {
  readonly messages: readonly Chosen[];
  readonly entries: readonly (Chosen & { readonly entry: BusEntry })[];
  readonly unknown: readonly Failure[];
}

async function sorted(ports: QuarantinePorts, chosen: readonly Chosen[]): Promise<Sorted> {
  const messages: Chosen[] = [];
  const entries: (Chosen & { entry: BusEntry })[] = [];
  const unknown: Failure[] = [];
  await Promise.all(
    chosen.map(async (each) => {
      const refused = refusedEntryOf(each.held);
      if (!refused) {
        messages.push(each);
        return;
      }
      try {
        const entry = await storedEntry(ports, refused);
        if (entry) entries.push({ ...each, entry });
        else
          unknown.push({
            id: each.message.id,
            why: 'This Region has no such event, outcome or conflict in its tables.',
          });
      } catch (error) {
        unknown.push({ id: each.message.id, why: String(error) });
      }
    }),
  );
  return { messages, entries, unknown };
}

function failuresIn(
  messages: readonly Chosen[],
  answers: BatchAnswer,
  say: (why: string) => string,
): readonly Failure[] {
  return messages.flatMap(({ message: { id } }, i) => {
    const why = answers[i];
    return why === undefined ? [] : [{ id, why: say(why) }];
  });
}

async function removed(quarantine: Quarantine, sent: readonly { readonly held: HeldMessage }[]): Promise<BatchAnswer> {
  try {
    return await quarantine.remove(sent.map(({ held }) => held));
  } catch (error) {
    return sent.map(() => String(error));
  }
}
