import { MAX_TRANSACTION_MS } from '../limits/budgets.ts';
import type { Runtime } from '../ports/runtime.ts';

/** How a request states the times of its transaction: the state machine by the driving Region's clock, another Region by durations. */
type Stated =
  | { readonly deadline: number; readonly timeout?: number | undefined }
  | { readonly remaining: number; readonly began?: number | undefined };

interface Times<Began> {
  /** When the transaction began, by the clock of the Region that drives it. */
  readonly began: Began;
  /** Milliseconds until its deadline. */
  readonly remaining: number;
}

/** When a transaction began, and how much time is left. Executions that older code started state no timeout, and so no beginning. */
export function timesOf(
  runtime: Pick<Runtime, 'now'>,
  request:
    | { readonly deadline: number; readonly timeout: number }
    | { readonly remaining: number; readonly began: number },
): Times<number>;
export function timesOf(runtime: Pick<Runtime, 'now'>, request: Stated): Times<number | undefined>;
export function timesOf({ now }: Pick<Runtime, 'now'>, request: Stated): Times<number | undefined> {
  if ('remaining' in request) return { began: request.began, remaining: request.remaining };
  const { deadline, timeout } = request;
  const remaining = Math.min(deadline - now(), timeout ?? MAX_TRANSACTION_MS);
  return { began: timeout === undefined ? undefined : deadline - timeout, remaining };
}
