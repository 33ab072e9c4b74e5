import { BEGIN_MS } from '../limits/budgets.ts';
import { parseSubscribedEvent, type SubscribedEvent } from '../wire/bus-event.ts';
import { handleParked } from './handle-parked.ts';
import { inOrderPerKey } from './in-order.ts';
import { comparePlaces, START } from './log-order.ts';
import type { SubscribePorts } from './subscriber.ts';
import { takeTurn } from './take-turn.ts';

/**
 * Handles events from the bus, each exactly once and in log order, however often, in whatever order and at however
 * many instances they arrive. An event that arrives early is parked, and its message is redelivered: a message is
 * only done once its event is handled. A parked event is therefore a copy, and losing it loses nothing.
 * @param bodies events of the bus as JSON, as a rule's target receives them
 * @returns per body: undefined if it is done, otherwise why it must be redelivered
 */
export async function handleEvents<Effect>(
  ports: SubscribePorts<Effect>,
  bodies: readonly string[],
): Promise<readonly unknown[]> {
  const deadline = ports.runtime.elapsed() + BEGIN_MS;
  const messages = bodies.map(read).sort((a, b) => comparePlaces(a.event?.meta ?? START, b.event?.meta ?? START));
  const answers = await inOrderPerKey<Message, unknown>(
    messages,
    ({ at, event }) => (event ? `${event.stream}@${event.meta.log}` : String(at)),
    async ({ event, fault }) => (event ? deliver(ports, event, deadline) : fault),
    {
      when: () => ports.runtime.elapsed() > deadline,
      instead: () => 'not started: the batch ran out of time',
    },
  );
  const byBody = new Map(messages.map(({ at }, i) => [at, answers[i]]));
  return bodies.map((_, at) => byBody.get(at));
}

/** A body's index in the batch, and its event, or why it has none. */
interface Message {
  readonly at: number;
  readonly event?: SubscribedEvent;
  readonly fault?: unknown;
}

function read(body: string, at: number): Message {
  try {
    return { at, event: parseSubscribedEvent(body) };
  } catch (fault) {
    return { at, fault };
  }
}

/** @returns why the event's message must be redelivered; undefined if it need not be */
async function deliver<Effect>(
  ports: SubscribePorts<Effect>,
  event: SubscribedEvent,
  deadline: number,
): Promise<unknown> {
  try {
    const { stream, meta } = event;
    const { last } = await takeTurn(ports, event, await ports.progress.last(stream, meta.log), deadline);
    const reached = last && (await handleParked(ports, event, last, deadline));
    if (reached && comparePlaces(meta, reached) <= 0) return undefined;
    ports.runtime.metric('Waiting', 'Count', 1);
    return `${event.id} waits for earlier events of its log`;
  } catch (error) {
    return error;
  }
}
