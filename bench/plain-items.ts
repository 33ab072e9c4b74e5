import * as z from 'zod';
import { padded } from '../adapters/dynamodb/attributes.ts';
import { sortKey } from '../adapters/dynamodb/commit-item.ts';
import { type Commit, type Decision, decisionSchema } from '../core/index.ts';

// Commits and decisions as items of the document client: the same attributes, checked in the same way.

const countSchema = z.int().nonnegative();

const commitItemSchema = z.object({
  pk: z.string(),
  sk: z.string().regex(/^[^#]+#\d{16}$/),
  commitId: z.string(),
  fingerprint: z.string(),
  events: z.array(z.object({ type: z.string(), schemaVersion: countSchema, data: z.string().exactOptional() })),
  context: z.record(z.string(), countSchema),
  previous: countSchema,
  hlc: z.string().regex(/^[0-9a-f]{16}$/),
  region: z.string(),
  meta: z.object({
    correlation: z.string().exactOptional(),
    causation: z.string().exactOptional(),
    actor: z.string().exactOptional(),
    traceparent: z.string().exactOptional(),
  }),
});

export type PlainItem = Record<string, unknown>;

/** The item of a commit whose `meta` has no undefined member. */
export function toPlainCommit({ stream, log, position, events, ...same }: Commit): PlainItem {
  return {
    ...same,
    pk: stream,
    sk: sortKey(log, position),
    events: events.map(({ data, ...event }) => ({ ...event, data: JSON.stringify(data) })),
  };
}

export function fromPlainCommit(item: unknown): Commit {
  const { pk, sk, events, ...same } = commitItemSchema.parse(item);
  const hash = sk.indexOf('#');
  return {
    ...same,
    stream: pk,
    log: sk.slice(0, hash),
    position: Number(sk.slice(hash + 1)),
    events: events.map(({ data, ...event }) => ({ ...event, data: data && JSON.parse(data) })),
  };
}

const decisionItemSchema = z.looseObject({ pk: z.string(), sk: z.string().regex(/^\d{16}$/) });

/** The item of a decision without a reason. */
export function toPlainDecision({ transaction, ...same }: Decision): PlainItem {
  return { ...same, pk: transaction, sk: padded(same.attempt) };
}

export function fromPlainDecision(item: unknown): Decision {
  const { pk, sk: _sk, ...same } = decisionItemSchema.parse(item);
  return decisionSchema.parse({ ...same, transaction: pk });
}
