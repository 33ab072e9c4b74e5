import * as z from 'zod';
import { parseJson } from '../facts/json.ts';
import type { Decisions } from '../ports/decisions.ts';
import type { IntentStore } from '../ports/intent-store.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { OneRegionTransactions } from '../ports/one-region-transactions.ts';
import { ANNOUNCEMENT_SOURCE } from '../wire/announcement.ts';
import type { BusEntry } from '../wire/bus.ts';
import { CONFLICT_SOURCE } from '../wire/conflict-event.ts';
import { positionSchema, streamNameSchema } from '../wire/schemas.ts';
import { type Change, entriesFor } from './relay.ts';

export interface StoredEntryPorts {
  readonly region: string;
  readonly events: Pick<IntentStore, 'at'> & Pick<OneRegionTransactions, 'findDecision'>;
  readonly decisions: Pick<Decisions, 'attempts'>;
  readonly ledger: Pick<Ledger, 'ofStream'>;
}

const idSchema = z.object({ id: z.string() });
const eventSchema = idSchema.extend({
  stream: streamNameSchema,
  meta: z.object({ log: z.string(), position: positionSchema }),
});
const conflictSchema = idSchema.extend({ stream: streamNameSchema });
const outcomeSchema = idSchema.extend({ transaction: z.string() });

/**
 * The entry with the id of another one, as the tables give it: anyone who may send to a queue can put an entry there.
 * @returns undefined if this Region has written no such event, and announced no such outcome or conflict
 * @throws MeridianError `unavailable`
 */
export async function storedEntry(ports: StoredEntryPorts, entry: BusEntry): Promise<BusEntry | undefined> {
  const detail = parseJson(entry.detail);
  const changes = await changesOf(ports, entry.source, detail);
  const id = idOf(detail);
  return changes.flatMap((change) => entriesFor(ports, change)).find((stored) => idOf(parseJson(stored.detail)) === id);
}

function idOf(detail: unknown): string | undefined {
  return idSchema.safeParse(detail).data?.id;
}

function changesOf(ports: StoredEntryPorts, source: string, detail: unknown): Promise<readonly Change[]> {
  if (source === ANNOUNCEMENT_SOURCE) return outcomesOf(ports, detail);
  return source === CONFLICT_SOURCE ? conflictsOf(ports, detail) : commitsOf(ports, detail);
}

/** The present revisions: earlier ones are not kept. */
async function conflictsOf({ ledger }: StoredEntryPorts, detail: unknown): Promise<readonly Change[]> {
  const { data } = conflictSchema.safeParse(detail);
  return data ? (await ledger.ofStream(data.stream)).entries.map((conflict) => ({ conflict })) : [];
}

async function commitsOf({ events }: StoredEntryPorts, detail: unknown): Promise<readonly Change[]> {
  const { data } = eventSchema.safeParse(detail);
  const commit = data && (await events.at(data.stream, data.meta.log, data.meta.position));
  return commit ? [{ commit }] : [];
}

/** The decisions on a transaction: of one Region, or of several. */
async function outcomesOf({ events, decisions }: StoredEntryPorts, detail: unknown): Promise<readonly Change[]> {
  const { data } = outcomeSchema.safeParse(detail);
  if (!data) return [];
  const here = await events.findDecision(data.transaction);
  const all = here ? [here] : await decisions.attempts(data.transaction);
  return all.map((decision) => ({ decision }));
}
