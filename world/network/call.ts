import type { Clockwork } from '../time/clockwork.ts';
import { sleepOn } from '../time/scheduler.ts';
import type { Link } from './link.ts';

/** The range of the milliseconds by which a slow request is late. */
const SLOW_MS = [1_000, 10_000] as const;

export interface CallOptions extends Pick<Clockwork, 'scheduler' | 'weather'> {
  /** The Region that calls. */
  readonly region: string;
  readonly there: Link;
  readonly back: Link;
}

/**
 * A call to another Region. If the request or its answer is lost, the promise never settles: the caller has a time limit.
 * @throws Error if a link is cut; the errors of the call
 */
export async function callOver<T>(
  { scheduler, weather, region, there, back }: CallOptions,
  call: () => Promise<T>,
): Promise<T> {
  if (weather.happens('invoke.slow', region)) await sleepOn(scheduler, weather.between(...SLOW_MS));
  await there.pass();
  if (weather.happens('invoke.lost', region)) await lost();
  const answer = await call();
  if (weather.happens('invoke.answer-lost', region)) await lost();
  await back.pass();
  return answer;
}

/** Returns a promise of its own: a shared one would keep everything that ever waited for it in memory. */
function lost(): Promise<never> {
  return new Promise(() => undefined);
}
