import type { Decision, Decisions } from '../../core/index.ts';
import { checkItem } from '../store-rules/check-write.ts';
import { frozenCopy } from './frozen.ts';

/**
 * The `transactions` table in memory: the replica of one Region, or one strongly consistent table of all Regions.
 * Returned decisions are deeply frozen.
 */
export interface MemoryDecisions extends Decisions {
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
    // The local replica always holds the decisions that were put here.
    attempts: async (transaction) =>
      [...(decisions.get(transaction)?.values() ?? [])].sort((a, b) => a.attempt - b.attempt),
    replicate: (decision) => {
      keep(Object.isFrozen(decision) ? decision : frozenCopy(decision));
    },
  };
}
