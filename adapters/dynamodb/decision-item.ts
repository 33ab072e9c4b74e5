import * as z from 'zod';
import { type Decision, decisionSchema, type MeridianError, TRANSACTION_TYPE } from '../../core/index.ts';
import {
  type Count,
  type Counts,
  countSchema,
  countsSchema,
  faultsIn,
  fromCounts,
  fromJson,
  keySchema,
  type Numeric,
  numberSchema,
  padded,
  type Text,
  textSchema,
  toCounts,
  unexpectedItem,
} from './attributes.ts';

/**
 * A decision as an item of the `transactions` table, or as an outcome in the `events` table, and as an image in the
 * tables' streams.
 */
export type DecisionImage = {
  /** The transaction's id; for an outcome, `tx/<id>`. */
  readonly pk: Text;
  /** The attempt; for an outcome, `one-region`. */
  readonly sk: Text;
  readonly attempt: Count;
  readonly state: Text;
  readonly final: { readonly BOOL: boolean };
  readonly fingerprint: Text;
  readonly participants: {
    readonly L: {
      readonly M: {
        readonly stream: Text;
        readonly region?: Text;
        readonly log: Text;
        readonly position: Count;
        readonly version: Counts;
      };
    }[];
  };
  /** JSON. */
  readonly reason?: Text;
  readonly remaining: Numeric;
  readonly began?: Numeric;
  readonly timeout?: Numeric;
  readonly decidedAt: Numeric;
  readonly region: Text;
};

type Key = Pick<DecisionImage, 'pk' | 'sk'>;

const ONE_REGION_PREFIX = `${TRANSACTION_TYPE}/`;
const ONE_REGION = 'one-region';

/** The key of a decision in the `transactions` table. */
export function decisionKey(transaction: string, attempt: number): Key {
  return {
    pk: { S: transaction },
    sk: { S: padded(attempt) },
  };
}

/** The key of a one-Region transaction's outcome in the `events` table. */
export function oneRegionKey(transaction: string): Key {
  return {
    pk: { S: ONE_REGION_PREFIX + transaction },
    sk: { S: ONE_REGION },
  };
}

/** True if an item of either table holds a decision: only the sort key of a commit contains `#`. */
export function isDecisionItem(image: unknown): boolean {
  const key = keySchema.safeParse(image);
  return key.success && !key.data.sk.S.includes('#');
}

/** A decision as an item with one of these keys. */
export function toDecisionItem(key: Key, decision: Decision): DecisionImage {
  return {
    ...key,
    attempt: { N: String(decision.attempt) },
    state: { S: decision.state },
    final: { BOOL: decision.final },
    fingerprint: { S: decision.fingerprint },
    participants: {
      L: decision.participants.map(({ stream, region, log, position, version }) => ({
        M: {
          stream: { S: stream },
          ...(region !== undefined && { region: { S: region } }),
          log: { S: log },
          position: { N: String(position) },
          version: toCounts(version),
        },
      })),
    },
    ...(decision.reason && { reason: { S: JSON.stringify(decision.reason) } }),
    remaining: { N: String(decision.remaining) },
    ...(decision.began !== undefined && { began: { N: String(decision.began) } }),
    ...(decision.timeout !== undefined && { timeout: { N: String(decision.timeout) } }),
    decidedAt: { N: String(decision.decidedAt) },
    region: { S: decision.region },
  };
}

export const decisionImageSchema = z.object({
  pk: textSchema,
  sk: z.object({ S: z.string().regex(/^(one-region|\d{16})$/) }),
  attempt: countSchema,
  state: z.object({ S: z.enum(['committed', 'aborted']) }),
  final: z.object({ BOOL: z.boolean() }),
  fingerprint: textSchema,
  participants: z.object({
    L: z.array(
      z.object({
        M: z.object({
          stream: textSchema,
          region: textSchema.exactOptional(),
          log: textSchema,
          position: countSchema,
          version: countsSchema,
        }),
      }),
    ),
  }),
  reason: textSchema.exactOptional(),
  remaining: numberSchema,
  began: numberSchema.exactOptional(),
  timeout: numberSchema.exactOptional(),
  decidedAt: numberSchema,
  region: textSchema,
});

/**
 * The decision in an item of either table, or in a stream record's image.
 * @throws MeridianError `internal`: the image is not a decision; the message names the faults
 */
export function fromDecisionItem(image: unknown): Decision {
  const result = decisionImageSchema.safeParse(image);
  if (!result.success) throw notADecision(image, result.error);
  const {
    pk,
    sk,
    attempt,
    state,
    final,
    fingerprint,
    participants,
    reason,
    remaining,
    began,
    timeout,
    decidedAt,
    region,
  } = result.data;
  try {
    return decisionSchema.parse({
      transaction: sk.S === ONE_REGION ? pk.S.slice(ONE_REGION_PREFIX.length) : pk.S,
      attempt: Number(attempt.N),
      state: state.S,
      final: final.BOOL,
      fingerprint: fingerprint.S,
      participants: participants.L.map(({ M }) => ({
        stream: M.stream.S,
        ...(M.region && { region: M.region.S }),
        log: M.log.S,
        position: Number(M.position.N),
        version: fromCounts(M.version),
      })),
      ...(reason && { reason: fromJson(reason) }),
      remaining: Number(remaining.N),
      ...(began && { began: Number(began.N) }),
      ...(timeout && { timeout: Number(timeout.N) }),
      decidedAt: Number(decidedAt.N),
      region: region.S,
    });
  } catch (error) {
    throw notADecision(image, error);
  }
}

function notADecision(image: unknown, cause: unknown): MeridianError {
  return unexpectedItem(
    'a decision',
    image,
    cause instanceof z.ZodError ? faultsIn(cause) : `reason: ${cause instanceof Error ? cause.message : cause}`,
  );
}
