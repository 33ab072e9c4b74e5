import { DEFAULT_TRANSACTION_MS, RECOVERY_MS } from '../../core/limits/budgets.ts';
import { sleepOn } from '../time/scheduler.ts';
import { type ApiRequest, callRegion } from './api.ts';
import type { Moment } from './crash.ts';
import { judgeScene, type Request } from './judge.ts';
import { depositOf, drivingOf, type HistoryOptions, REGIONS, type Scene, type Sent, setUpScene } from './scene.ts';
import type { Waits } from './waits.ts';

export interface HistoryResult {
  /** The calls from the request until the world was idle. */
  readonly calls: readonly string[];
  /** The points at which a crash may make a difference. */
  readonly moments: readonly Moment[];
  /** The outcome of the transaction under test. */
  readonly outcome: string;
  /** The outcome of the transaction that was its rival; undefined if there was none. */
  readonly rival: string | undefined;
  readonly waits: Waits;
  /** The broken guarantees, as sentences. */
  readonly violations: readonly string[];
}

/** Time after which a rival is sent, even if the transaction under test does not hold its streams by then. */
const LATEST_RIVAL_MS = 1_000;

/**
 * Runs one transaction in its own world, in virtual time: the first account pays, the others are paid. Kills
 * processes at the given points, lets recovery run until {@link RECOVERY_MS} after the deadline of the last transaction, and
 * checks the result.
 */
export async function runHistory(options: HistoryOptions): Promise<HistoryResult> {
  const scene = await setUpScene(options);
  const { scheduler, crasher } = scene;
  crasher.arm();
  const requests: Request[] = [];
  send(scene, requests);
  await scheduler.run(LATEST_RIVAL_MS + DEFAULT_TRANSACTION_MS + RECOVERY_MS);
  const { moments } = crasher;
  const calls = [...crasher.calls];
  const waits = scene.endWaits();
  const { outcomes, violations } = await judgeScene(scene, requests);
  return { calls, moments, outcome: outcomes[0] ?? 'unknown', rival: outcomes[1], waits, violations };
}

/** Sends the transaction under test, and its rival. @param requests gets each request, and its response when it arrives */
function send(scene: Scene, requests: Request[]): void {
  const { world, scheduler, held, transactions, append, options } = scene;
  const call = (id: string, region: string, request: ApiRequest): void => {
    const sent: Request = { id, response: 'none' };
    requests.push(sent);
    callRegion(world, region, request).then(
      ({ status }) => {
        sent.response = status;
      },
      // The server died.
      () => {
        sent.response = 'error';
      },
    );
  };
  const transact = (transaction: Sent, wait: number): void => {
    const driving = drivingOf(transaction);
    const to = options.twice ? [driving, ...REGIONS.filter((region) => region !== driving).slice(0, 1)] : [driving];
    for (const region of to)
      call(transaction.id, region, { method: 'POST', path: '/transactions', body: transaction, wait });
  };
  const [tested, rival] = transactions;
  if (tested) transact(tested, 50);
  const isAtOnce = options.rival === 'at once';
  if (rival && isAtOnce) transact(rival, 0);
  void Promise.race([held, sleepOn(scheduler, LATEST_RIVAL_MS)]).then(() => {
    if (rival && !isAtOnce) transact(rival, 50);
    if (append) call(append.id, append.account.home, depositOf(append));
  });
}
