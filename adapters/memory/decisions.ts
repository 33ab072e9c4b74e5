import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import type { Decision, TransactionsTable } from '../../core/index.ts';
import { checkItem } from '../store-rules/check-write.ts';
import { cursorOf } from '../store-rules/cursor.ts';
import { keyOrder } from '../store-rules/key-order.ts';
import { frozenCopy } from './frozen.ts';
import { isLaterWrite, type Replica, stamping, stampOfDecision, type WriteStamp } from './last-writer.ts';
import { segmentPage } from './segment-page.ts';

/**
 * The `transactions` table in memory: the replica of one Region, or one strongly consistent table of all Regions.
 * Returned decisions are deeply frozen.
 */
export interface MemoryDecisions extends TransactionsTable {
  /**
   * Stores a decision that another Region has written, as global tables do: it replaces whatever is recorded of that
   * attempt, unless that was written later. A change to the same content is not reported.
   * @param write @default what the decision itself shows
   */
  replicate(decision: Decision, write?: WriteStamp): void;
  /** All decisions, with when they were written. */
  items(): readonly DecisionItem[];
  /** When the decision on an attempt could first be read here, milliseconds since 1970; undefined if there is none. */
  since(transaction: string, attempt: number): number | undefined;
}

export interface DecisionItem {
  readonly decision: Decision;
  readonly write: WriteStamp;
}

/** A record of the table's stream: a decision, with the one that it replaces. */
export interface DecisionChange {
  readonly decision: Decision;
  readonly before?: Decision | undefined;
}

export interface MemoryDecisionsOptions extends Replica {
  readonly strong: boolean;
  /** Called with every change, own or replicated, once it can be read. It stands for the table's stream. */
  readonly onPut?: (change: DecisionChange, write: WriteStamp) => void;
}

export function memoryDecisions({ strong, onPut = () => {}, ...replica }: MemoryDecisionsOptions): MemoryDecisions {
  const stampAfter = stamping(replica);
  const { now = () => 0 } = replica;
  /** The decisions, by transaction and attempt. */
  const decisions = new Map<string, Map<number, Stored>>();
  /** Sorted transactions, updated when `scan` needs them. None is ever removed, so equal counts mean equal ids. */
  let ids: readonly string[] = [];

  // The local replica always holds the decisions that were put here.
  const attemptsOf = (transaction: string): readonly Decision[] =>
    [...(decisions.get(transaction)?.values() ?? [])]
      .map(({ decision }) => decision)
      .sort((a, b) => a.attempt - b.attempt);

  const findStored = ({ transaction, attempt }: Decision): Stored | undefined =>
    decisions.get(transaction)?.get(attempt);

  const store = (decision: Decision, write: WriteStamp, before?: Decision): void => {
    const { transaction, attempt } = decision;
    const attempts = decisions.get(transaction) ?? new Map<number, Stored>();
    decisions.set(transaction, attempts);
    attempts.set(attempt, { decision, write, since: now() });
    if (!isDeepStrictEqual(before, decision)) onPut({ decision, ...(before && { before }) }, write);
  };

  return {
    strong,
    items: () => [...decisions.values()].flatMap((attempts) => [...attempts.values()]),
    since: (transaction, attempt) => decisions.get(transaction)?.get(attempt)?.since,
    put: async (decision) => {
      const copy = frozenCopy(decision, checkItem);
      const there = findStored(copy);
      if (!there) store(copy, stampAfter());
      return there?.decision;
    },
    find: async (transaction, attempt) => decisions.get(transaction)?.get(attempt)?.decision,
    attempts: async (transaction) => attemptsOf(transaction),
    scan: async (segment, segments, cursor, limit) => {
      if (ids.length < decisions.size) ids = [...decisions.keys()].sort(keyOrder);
      const from = cursor === undefined ? undefined : cursors.decode(cursor);
      const after = from && {
        name: from.transaction,
        left: attemptsOf(from.transaction).filter(({ attempt }) => attempt > from.attempt),
      };
      const page = segmentPage(ids, attemptsOf, { segment, segments, limit, after });
      return { decisions: page.items, cursor: page.end && cursors.encode(page.end) };
    },
    replicate: (decision, write = stampOfDecision(decision)) => {
      const there = findStored(decision);
      if (there && !isLaterWrite(write, there.write)) return;
      store(Object.isFrozen(decision) ? decision : frozenCopy(decision), write, there?.decision);
    },
  };
}

interface Stored extends DecisionItem {
  readonly since: number;
}

/** The end of a scan's page. */
const cursors = cursorOf(z.object({ transaction: z.string(), attempt: z.number() }));
