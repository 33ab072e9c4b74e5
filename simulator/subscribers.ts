import { withFunctions } from '../lambdas/subscription.ts';
import type { Recorder } from '../workload/recorder.ts';
import type { WorldSubscriber } from '../world/subscribers.ts';

/** The subscribers of a history, with what they promise. */
export const SUBSCRIBERS = {
  /** Has a table of its own: counts each event, in the order of its log. */
  tally: { promises: 'in-order', table: 'own' },
  /** Has none: it is called at least once for each event. */
  mails: { promises: 'each', table: 'none' },
} as const;

export type SubscriberName = keyof typeof SUBSCRIBERS;

/**
 * Subscribers that write down what they handle.
 * @param streamTypes that they get the events of
 */
export function recordingSubscribers(
  recorder: Recorder,
  streamTypes: readonly string[],
): Readonly<Record<string, WorldSubscriber>> {
  const of = (subscriber: SubscriberName): WorldSubscriber => {
    const { promises, table } = SUBSCRIBERS[subscriber];
    const handle = withFunctions(async () => ({ batchItemFailures: [] }), {
      handle: ({ id, stream, meta: { log, position, index } }, { region }) => {
        const at = recorder.now();
        recorder.add({
          line: 'handled',
          ...{ at, region, subscriber, promises },
          ...{ event: id, stream, log, position, index },
        });
        return table === 'own' ? [{ key: id, sums: { count: 1 } }] : undefined;
      },
    });
    return { entry: '/not-loaded.ts', streamTypes: [...streamTypes], table, handler: handle };
  };
  return { tally: of('tally'), mails: of('mails') };
}
