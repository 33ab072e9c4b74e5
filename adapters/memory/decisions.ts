import * as z from 'zod';
import type { Decision, TransactionsTable } from '../../core/index.ts';
import { checkItem } from '../store-rules/check-write.ts';
import { cursorOf } from '../store-rules/cursor.ts';
import { keyOrder } from '../store-rules/key-order.ts';
import { frozenCopy } from './frozen.ts';
import { segmentPage } from './segment-page.ts';

/**
 * The `transactions` table in memory: the replica of one Region, or one strongly consistent table of all Regions.
 * Returned decisions are deeply frozen.
 */
export interface MemoryDecisions extends TransactionsTable {
  /** Adds a decision of another Region, as global tables do. No effect if the decision exists. */
  replicate(decision: Decision): void;
}

export interface MemoryDecisionsOptions {
  readonly strong: boolean;
  /** Called with every new decision, own or replicated, once it can be read. It stands for the table's stream. */
  readonly onPut?: (decision: Decision) => void;
}

export function memoryDecisions({ strong, onPut = () => {} }: MemoryDecisionsOptions): MemoryDecisions {
  /** The decisions, by transaction and attempt. */
  const decisions = new Map<string, Map<number, Decision>>();
  /** Sorted transactions, updated when `scan` needs them. None is ever removed, so equal counts mean equal ids. */
  let ids: readonly string[] = [];

  // The local replica always holds the decisions that were put here.
  const attemptsOf = (transaction: string): readonly Decision[] =>
    [...(decisions.get(transaction)?.values() ?? [])].sort((a, b) => a.attempt - b.attempt);

  const keep = (decision: Decision): Decision | undefined => {
    const { transaction, attempt } = decision;
    const attempts = decisions.get(transaction) ?? new Map<number, Decision>();
    decisions.set(transaction, attempts);
    const there = attempts.get(attempt);
    if (there) return there;
    attempts.set(attempt, decision);
    onPut(decision);
    return undefined;
  };

  return {
    strong,
    put: async (decision) => keep(frozenCopy(decision, checkItem)),
    find: async (transaction, attempt) => decisions.get(transaction)?.get(attempt),
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
    replicate: (decision) => {
      keep(Object.isFrozen(decision) ? decision : frozenCopy(decision));
    },
  };
}

/** The end of a scan's page. */
const cursors = cursorOf(z.object({ transaction: z.string(), attempt: z.number() }));
