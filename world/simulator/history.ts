import { DEFAULT_TRANSACTION_MS, RECOVERY_MS } from '../../core/limits/budgets.ts';
import { callRegion } from './api.ts';
import { judgeScene } from './judge.ts';
import { drivingOf, type HistoryOptions, type Scene, setUpScene } from './scene.ts';

export interface HistoryResult {
  /** What was called from the request on, until nothing happened any more. */
  readonly calls: readonly string[];
  readonly outcome: string;
  /** Promises that were broken, in words. */
  readonly violations: readonly string[];
}

/**
 * Runs one transaction in a world of its own, in virtual time: the first account pays, the others are paid. Lets processes
 * die where it is told to, lets recovery run until {@link RECOVERY_MS} after the deadline, and looks at what is left.
 */
export async function runHistory(options: HistoryOptions): Promise<HistoryResult> {
  const scene = await setUpScene(options);
  scene.crasher.arm();
  const statuses = send(scene);
  await scene.scheduler.run(DEFAULT_TRANSACTION_MS + RECOVERY_MS);
  const calls = [...scene.crasher.calls];
  const { outcomes, violations } = await judgeScene(scene, statuses);
  return { calls, outcome: outcomes[0] ?? 'unknown', violations };
}

/**
 * Sends the transactions, all at once.
 * @returns the status that each was answered with by now, by its id
 */
function send({ world, transactions }: Scene): ReadonlyMap<string, number> {
  const statuses = new Map<string, number>();
  // A client whose server dies hears nothing, or that it died.
  for (const [i, transaction] of transactions.entries())
    void callRegion(world, drivingOf(transaction), {
      method: 'POST',
      path: '/transactions',
      body: transaction,
      wait: i === 0 ? 50 : 0,
    }).then(
      ({ status }) => statuses.set(transaction.id, status),
      () => undefined,
    );
  return statuses;
}
