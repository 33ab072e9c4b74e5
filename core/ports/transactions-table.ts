import type { DecisionScan } from './decision-scan.ts';
import type { Decisions } from './decisions.ts';

/** The `transactions` table of this Region, as adapters implement it. Users declare only the ports that they need. */
export interface TransactionsTable extends Decisions, DecisionScan {}
