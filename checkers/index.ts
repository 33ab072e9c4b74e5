import { acknowledged } from './acknowledged.ts';
import { announced } from './announced.ts';
import { atomic } from './atomic.ts';
import { bases } from './bases.ts';
import { conflicts, ledger } from './conflicts.ts';
import { convergence } from './convergence.ts';
import { cost } from './cost.ts';
import { escrow } from './escrow.ts';
import { type Checker, Evidence } from './evidence/evidence.ts';
import { gaps } from './gaps.ts';
import type { History, Undecided, Violation } from './history.ts';
import { intents } from './intents.ts';
import { judgeHomes } from './linearizable.ts';
import { liveness } from './liveness.ts';
import { outcomes } from './outcomes.ts';
import { repairs } from './repairs.ts';
import { serializable } from './serializable.ts';
import { sessions } from './sessions.ts';
import { stamps } from './stamps.ts';
import { subscribers } from './subscribers.ts';
import { views } from './views.ts';

export { encodeHistory, encodeLine, parseHistory, parseLine, readHistory } from './lines.ts';

/** Every property with a checker of its own, except that `home` streams are linearizable, which may be undecided. */
const checkers: readonly Checker[] = [
  acknowledged,
  gaps,
  convergence,
  conflicts,
  ledger,
  announced,
  sessions,
  bases,
  escrow,
  repairs,
  serializable,
  atomic,
  outcomes,
  intents,
  stamps,
  views,
  subscribers,
  liveness,
  cost,
];

/** What the checkers say of a history. */
export interface Verdict {
  readonly violations: readonly Violation[];
  /** What could not be decided: not a violation, and not shown to hold. */
  readonly undecided: readonly Undecided[];
}

/** Checks every property that the history has lines for. */
export function judgeHistory(history: History): Verdict {
  const evidence = new Evidence(history);
  const homes = judgeHomes(evidence);
  return {
    violations: [...checkers.flatMap((check) => check(evidence)), ...homes.violations],
    undecided: homes.undecided,
  };
}

/** The broken promises that a history shows. */
export function checkHistory(history: History): readonly Violation[] {
  return judgeHistory(history).violations;
}
