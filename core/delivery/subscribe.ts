import { BEGIN_MS } from '../limits/budgets.ts';
import { parseSubscribedEvent, type SubscribedEvent } from '../wire/bus-event.ts';
import { handleParked } from './handle-parked.ts';
import { inOrderPerKey } from './in-order.ts';
import { comparePlaces, START } from './log-order.ts';
import type { SubscribePorts } from './subscriber.ts';
import { takeTurn } from './take-turn.ts';

/**
 * Handles events of the bus, each once and in the order of its log, in whatever order and however often they come, by
 * however many at the same time. An event that comes too early is parked, and its message comes again: a message is
 * done with only when its event was handled. So what is parked is a copy: nothing is lost with it.
 * @param bodies events of the bus as JSON, as a rule's target gets them
 * @returns per body: undefined when it is done with, else why it has to be delivered again
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
      instead: () => 'the batch took too long: this one was not begun',
    },
  );
  const byBody = new Map(messages.map(({ at }, i) => [at, answers[i]]));
  return bodies.map((_, at) => byBody.get(at));
}

/** A body's place in the batch, and its event or why there is none. */
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

/** @returns why the event's message has to come again */
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
    return `${event.id} waits for what comes before it in its log`;
  } catch (error) {
    return error;
  }
}
