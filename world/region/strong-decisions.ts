import type { Decision, TransactionsTable } from '../../core/index.ts';
import { byMajority, type RoundTrip } from './quorum.ts';

/**
 * Decisions on a table with multi-Region strong consistency, as seen by one Region.
 * @param shared the decisions shared by all Regions
 * @param onPut called with every decision put here
 */
export function strongDecisions(
  shared: TransactionsTable,
  trips: () => readonly RoundTrip[],
  onPut: (decision: Decision) => void,
): TransactionsTable {
  const byQuorum = <T>(call: () => Promise<T>): Promise<T> => byMajority(trips(), call);

  return {
    strong: true,
    put: (decision) =>
      byQuorum(async () => {
        const before = await shared.put(decision);
        if (!before) onPut(decision);
        return before;
      }),
    find: (transaction, attempt, { read = 'strong' } = {}) =>
      read === 'local' ? shared.find(transaction, attempt) : byQuorum(() => shared.find(transaction, attempt)),
    attempts: (transaction, read = 'strong') =>
      read === 'local' ? shared.attempts(transaction) : byQuorum(() => shared.attempts(transaction)),
    scan: (...page) => byQuorum(() => shared.scan(...page)),
  };
}
