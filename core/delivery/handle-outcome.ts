import type { Handled } from '../ports/progress.ts';
import { Retries } from '../retry.ts';
import type { AnnouncedOutcome } from '../wire/announcement.ts';
import { lostToOthers } from './lost-to-others.ts';
import { OUTCOME_LOG } from './standby.ts';
import type { MessagePorts, SubscribePorts } from './subscriber.ts';

/**
 * Handles the outcome of a transaction, unless it was handled before. Outcomes are not ordered.
 * @throws what `outcome` throws; MeridianError `unavailable`, retryable
 */
export async function handleOutcome<Effect>(
  { progress, runtime }: Pick<SubscribePorts<Effect>, 'progress' | 'runtime'>,
  outcome: AnnouncedOutcome,
  handle: NonNullable<MessagePorts<Effect>['outcome']>,
  deadline: number,
): Promise<void> {
  const { id } = outcome;
  const handled: Handled = { id, stream: id, meta: { log: OUTCOME_LOG, position: 1, index: 0, count: 1 } };
  const retries = new Retries(runtime, deadline - runtime.elapsed());
  while (!(await progress.last(id, OUTCOME_LOG))) {
    if (await progress.advance(handled, undefined, await handle(outcome))) {
      runtime.metric('Handled', 'Count', 1);
      return;
    }
    if (!(await retries.pause())) throw lostToOthers(id);
  }
}
