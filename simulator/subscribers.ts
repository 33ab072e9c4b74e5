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

/** The subscriber that is named to a Region, in histories that have it: it counts each event, in the order of its log. */
const NAMED = 'bills';

interface Definition {
  readonly promises: 'in-order' | 'each';
  readonly table: 'own' | 'none';
  /** The Region that it is named to. */
  readonly runsIn?: string;
}

/** The subscribers of a history by their names. @param named the Region that one is named to; undefined: there is none */
export function subscribersOf(named: string | undefined): Readonly<Record<string, Definition>> {
  if (named === undefined) return SUBSCRIBERS;
  return { ...SUBSCRIBERS, [NAMED]: { promises: 'in-order', table: 'own', runsIn: named } };
}

/**
 * Subscribers that write down what they handle.
 * @param streamTypes that they get the events of
 * @param named the Region that one is named to; undefined: there is none
 */
export function recordingSubscribers(
  recorder: Recorder,
  streamTypes: readonly string[],
  named?: string,
): Readonly<Record<string, WorldSubscriber>> {
  const of = (subscriber: string, { promises, table, runsIn }: Definition): WorldSubscriber => {
    const handle = withFunctions(async () => ({ batchItemFailures: [] }), {
      handle: ({ id, stream, meta: { log, position, index } }, { region }) => {
        const at = recorder.now();
        recorder.add({
          line: 'handled',
          ...{ at, region, subscriber, promises, ...(runsIn !== undefined && { named: runsIn }) },
          ...{ event: id, stream, log, position, index },
        });
        return table === 'own' ? [{ key: id, sums: { count: 1 } }] : undefined;
      },
    });
    const definition = { entry: '/not-loaded.ts', streamTypes: [...streamTypes], table, handler: handle };
    return runsIn === undefined ? definition : { ...definition, runsIn };
  };
  return Object.fromEntries(Object.entries(subscribersOf(named)).map(([name, each]) => [name, of(name, each)]));
}
