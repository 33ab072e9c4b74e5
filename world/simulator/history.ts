import { DEFAULT_TRANSACTION_MS, RECOVERY_MS } from '../../core/limits/budgets.ts';
import { callRegion } from './api.ts';
import { judgeScene } from './judge.ts';
import { drivingOf, type HistoryOptions, type Scene, setUpScene } from './scene.ts';

export interface HistoryResult {
  /** The calls from the request until the world was idle. */
  readonly calls: readonly string[];
  readonly outcome: string;
  /** The broken guarantees, as sentences. */
  readonly violations: readonly string[];
}

/**
 * Runs one transaction in its own world, in virtual time: the first account pays, the others are paid. Kills
 * processes at the given points, lets recovery run until {@link RECOVERY_MS} after the deadline, and checks the
 * result.
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
 * Sends all transactions at once.
 * @returns the HTTP status of each response so far, by transaction id
 */
function send({ world, transactions }: Scene): ReadonlyMap<string, number> {
  const statuses = new Map<string, number>();
  // A client whose server dies gets an error or no response.
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
