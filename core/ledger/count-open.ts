import { ledgerWriterOf } from '../facts/ledger.ts';
import { MAX_COUNTED_CONFLICTS } from '../limits/budgets.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { ActionResult } from '../wire/operate.ts';

export interface CountPorts {
  /** The Regions of the deployment. */
  readonly regions: readonly string[];
  readonly ledger: Pick<Ledger, 'page'>;
  readonly runtime: Pick<Runtime, 'now' | 'metric'>;
}

/**
 * Counts the open conflicts of all streams, as far as this Region's replica lists them, and sends the number and the age of the oldest
 * as metrics: what was announced says how many there were, not how many are left. Reads one page of the list of open ones, oldest first.
 * @throws MeridianError `unavailable`
 */
export async function countOpenConflicts({
  regions,
  ledger,
  runtime,
}: CountPorts): Promise<ActionResult<'conflicts-count'>> {
  const { items, end } = await ledger.page({
    from: 0,
    to: Number.MAX_SAFE_INTEGER,
    isOpen: true,
    includes: ({ commit, writer }) => writer === ledgerWriterOf(commit.region, regions),
    limit: MAX_COUNTED_CONFLICTS,
  });
  const oldest = items[0]?.at;
  runtime.metric('OpenConflicts', 'Count', items.length);
  runtime.metric('OpenConflictAge', 'Milliseconds', oldest === undefined ? 0 : Math.max(0, runtime.now() - oldest));
  return {
    open: items.length,
    more: end !== undefined,
    ...(oldest !== undefined && { oldest: new Date(oldest).toISOString() }),
  };
}
