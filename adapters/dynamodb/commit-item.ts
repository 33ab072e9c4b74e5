import * as z from 'zod';
import {
  type Arrival,
  type Commit,
  decodeEventData,
  encodeEventData,
  type Intent,
  type Meta,
} from '../../core/index.ts';
import {
  type Count,
  type Counts,
  countSchema,
  countsSchema,
  faultsIn,
  fromCounts,
  type Numeric,
  numberSchema,
  padded,
  type Text,
  textSchema,
  toCounts,
  unexpectedItem,
} from './attributes.ts';

/** A commit as an item of the `events` table, and as an image in its stream. */
export type CommitImage = {
  /** The stream. */
  readonly pk: Text;
  /** `<log>#<position>` */
  readonly sk: Text;
  readonly commitId: Text;
  readonly fingerprint: Text;
  readonly digest?: Text;
  readonly events: {
    readonly L: { readonly M: { readonly type: Text; readonly schemaVersion: Count; readonly data?: Text } }[];
  };
  readonly context: Counts;
  readonly previous: Count;
  readonly hlc: Text;
  readonly wallTime?: Numeric;
  readonly region: Text;
  readonly meta: { readonly M: Record<string, Text> };
  /** Only repairs have this attribute. */
  readonly repair?: { readonly BOOL: true };
  /** The state of an intent; only intents have this attribute. */
  readonly tx?: {
    readonly M: {
      readonly state: Text;
      readonly deadline: Numeric;
      readonly began?: Numeric;
      readonly timeout?: Numeric;
      readonly next?: { readonly M: { readonly transaction: Text; readonly began: Numeric } };
    };
  };
};

export function sortKey(log: string, position: number): string {
  return `${log}#${padded(position)}`;
}

/** Every change of the table passes through here: members that may be missing are not spread, which would take long. */
export function toImage(commit: Commit): CommitImage {
  const image: Mutable<CommitImage> = {
    pk: { S: commit.stream },
    sk: { S: sortKey(commit.log, commit.position) },
    commitId: { S: commit.commitId },
    fingerprint: { S: commit.fingerprint },
    events: { L: commit.events.map(toEvent) },
    context: toCounts(commit.context),
    previous: { N: String(commit.previous) },
    hlc: { S: commit.hlc },
    region: { S: commit.region },
    meta: { M: toTexts(commit.meta) },
  };
  if (commit.digest !== undefined) image.digest = { S: commit.digest };
  if (commit.wallTime !== undefined) image.wallTime = { N: String(commit.wallTime) };
  if (commit.tx) image.tx = toTx(commit.tx);
  if (commit.repair) image.repair = { BOOL: true };
  return image;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

function toEvent({ type, schemaVersion, data }: Commit['events'][number]): CommitImage['events']['L'][number] {
  const event = { type: { S: type }, schemaVersion: { N: String(schemaVersion) } };
  const text = encodeEventData(data);
  return { M: text === undefined ? event : { ...event, data: { S: text } } };
}

function toTx({ state, deadline, began, timeout, next }: Intent): NonNullable<CommitImage['tx']> {
  return {
    M: {
      state: { S: state },
      deadline: { N: String(deadline) },
      ...(began !== undefined && { began: { N: String(began) } }),
      ...(timeout !== undefined && { timeout: { N: String(timeout) } }),
      ...(next && { next: { M: { transaction: { S: next.transaction }, began: { N: String(next.began) } } } }),
    },
  };
}

function fromTx({ M: { state, deadline, began, timeout, next } }: z.output<typeof txSchema>): Intent {
  return {
    state: state.S,
    deadline: Number(deadline.N),
    ...(began && { began: Number(began.N) }),
    ...(timeout && { timeout: Number(timeout.N) }),
    ...(next && { next: { transaction: next.M.transaction.S, began: Number(next.M.began.N) } }),
  };
}

const META_KEYS = ['correlation', 'causation', 'actor', 'traceparent'] as const satisfies readonly (keyof Meta)[];

function toTexts(meta: Meta): Partial<Record<keyof Meta, Text>> {
  const texts: Partial<Record<keyof Meta, Text>> = {};
  for (const key of META_KEYS) {
    const value = meta[key];
    if (value !== undefined) texts[key] = { S: value };
  }
  return texts;
}

const txSchema = z.object({
  M: z.object({
    state: z.object({ S: z.enum(['prepared', 'committed', 'aborted']) }),
    deadline: numberSchema,
    began: numberSchema.exactOptional(),
    timeout: numberSchema.exactOptional(),
    next: z.object({ M: z.object({ transaction: textSchema, began: numberSchema }) }).exactOptional(),
  }),
});

export const commitImageSchema = z.object({
  pk: textSchema,
  sk: z.object({ S: z.string().regex(/^[^#]+#\d{16}$/) }),
  commitId: textSchema,
  fingerprint: textSchema,
  digest: textSchema.exactOptional(),
  events: z.object({
    L: z.array(
      z.object({ M: z.object({ type: textSchema, schemaVersion: countSchema, data: textSchema.exactOptional() }) }),
    ),
  }),
  context: countsSchema,
  previous: countSchema,
  hlc: z.object({ S: z.string().regex(/^[0-9a-f]{16}$/) }),
  wallTime: numberSchema.exactOptional(),
  region: textSchema,
  meta: z.object({
    M: z.object({
      correlation: textSchema.exactOptional(),
      causation: textSchema.exactOptional(),
      actor: textSchema.exactOptional(),
      traceparent: textSchema.exactOptional(),
    }),
  }),
  tx: txSchema.exactOptional(),
  repair: z.object({ BOOL: z.literal(true) }).exactOptional(),
});

export const arrivalImageSchema = commitImageSchema.pick({
  pk: true,
  sk: true,
  hlc: true,
  region: true,
  context: true,
});

/**
 * What matters of a commit in a stream record's image if another Region wrote it.
 * @throws MeridianError `internal`: the image is not a commit; the message names the faults
 */
export function arrivalIn(image: unknown): Arrival {
  const result = arrivalImageSchema.safeParse(image);
  if (!result.success) throw unexpectedItem('a commit', image, faultsIn(result.error));
  const { pk, sk, hlc, region, context } = result.data;
  return { stream: pk.S, ...dotIn(sk.S), region: region.S, hlc: hlc.S, context: fromCounts(context) };
}

function dotIn(key: string): Pick<Commit, 'log' | 'position'> {
  const hash = key.indexOf('#');
  return { log: key.slice(0, hash), position: Number(key.slice(hash + 1)) };
}

/**
 * The commit in an item or in a stream record's image.
 * @throws MeridianError `internal`: the image is not a commit; the message names the faults
 */
export function fromImage(image: unknown): Commit {
  const result = commitImageSchema.safeParse(image);
  if (!result.success) throw unexpectedItem('a commit', image, faultsIn(result.error));
  const { pk, sk, commitId, fingerprint, digest, events, context, previous, hlc, wallTime, region, meta, tx, repair } =
    result.data;
  const { log, position } = dotIn(sk.S);
  try {
    const commit: Mutable<Commit> = {
      stream: pk.S,
      log,
      position,
      commitId: commitId.S,
      fingerprint: fingerprint.S,
      events: events.L.map(({ M }) => ({
        type: M.type.S,
        schemaVersion: Number(M.schemaVersion.N),
        data: decodeEventData(M.data?.S),
      })),
      context: fromCounts(context),
      previous: Number(previous.N),
      hlc: hlc.S,
      region: region.S,
      meta: fromTexts(meta.M),
    };
    if (digest) commit.digest = digest.S;
    if (wallTime) commit.wallTime = Number(wallTime.N);
    if (tx) commit.tx = fromTx(tx);
    if (repair) commit.repair = true;
    return commit;
  } catch (error) {
    throw unexpectedItem('a commit', image, `events: ${error instanceof Error ? error.message : error}`);
  }
}

function fromTexts(texts: Readonly<Partial<Record<keyof Meta, Text>>>): Meta {
  const meta: { -readonly [Key in keyof Meta]: string } = {};
  for (const key of META_KEYS) {
    const text = texts[key];
    if (text !== undefined) meta[key] = text.S;
  }
  return meta;
}
