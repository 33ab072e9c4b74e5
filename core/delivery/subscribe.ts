import { MeridianError } from '../facts/errors.ts';
import { BEGIN_MS } from '../limits/budgets.ts';
import type { Place, Progress } from '../ports/progress.ts';
import type { Runtime } from '../ports/runtime.ts';
import { backoff } from '../retry.ts';
import { parseSubscribedEvent, type SubscribedEvent } from '../wire/bus-event.ts';
import { inOrderPerKey } from './in-order.ts';

/**
 * Where a log begins that nothing of was handled yet.
 * - `beginning`: with its first event. One whose predecessors were published before there was a subscriber waits for them:
 *   publish them again.
 * - `first-seen`: with the earliest event that has come, once that has waited 5 minutes. One still earlier that comes after
 *   that is passed over.
 */
export type From = 'beginning' | 'first-seen';

export interface SubscribePorts<Effect> {
  readonly from: From;
  readonly progress: Progress<Effect>;
  readonly runtime: Pick<Runtime, 'now' | 'elapsed' | 'sleep' | 'random' | 'metric'>;
  /**
   * What an event does. It may be asked more than once about an event, also twice at the same time; of what it answers
   * only one answer is written. What it does by itself elsewhere may happen as often as it is asked.
   */
  handle(event: SubscribedEvent): readonly Effect[] | Promise<readonly Effect[]>;
}

/** For so long a log that begins in its middle waits for something earlier, in milliseconds. */
const SETTLE_MS = 300_000;

/** Parked events that are read at once. */
const PAGE = 10;

/** Nothing was handled: the first event of a log follows it. */
const START: Place = { position: 0, index: 0, count: 1 };

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
  const messages = bodies.map(read).sort((a, b) => compare(a.event?.meta ?? START, b.event?.meta ?? START));
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
    const { last } = await take(ports, event, await ports.progress.last(stream, meta.log), deadline);
    const reached = last && (await goOn(ports, event, last, deadline));
    if (reached && compare(meta, reached) <= 0) return undefined;
    ports.runtime.metric('Waiting', 'Count', 1);
    return `${event.id} waits for what comes before it in its log`;
  } catch (error) {
    return error;
  }
}

/** How it went with an event, and how far its log is handled now; undefined: nothing of it is. */
interface Taken {
  readonly went: 'handled' | 'before' | 'waits';
  readonly last: Place | undefined;
}

/**
 * Handles an event, if it is its turn.
 * @param last how far its log was handled when it was last looked at
 * @throws what `handle` throws; MeridianError `unavailable`, retryable
 */
async function take<Effect>(
  { from, progress, runtime, handle }: SubscribePorts<Effect>,
  event: SubscribedEvent,
  last: Place | undefined,
  deadline: number,
): Promise<Taken> {
  const { stream, meta } = event;
  const begins = async () => {
    const [first] = await progress.parked(stream, meta.log, START, 1);
    return first?.event.id === event.id && runtime.now() - first.since >= SETTLE_MS;
  };
  let parked = false;
  for (let tries = 0; ; ) {
    if (last && compare(meta, last) <= 0) return { went: 'before', last };
    if (!follows(last ?? START, event) && (last || from === 'beginning' || !(await begins()))) {
      if (parked) return { went: 'waits', last };
      await progress.park(event, runtime.now());
      // Who handled the one before it meanwhile has looked for parked events too early.
      parked = true;
    } else {
      if (await progress.advance(event, last, await handle(event))) {
        runtime.metric('Handled', 'Count', 1);
        return { went: 'handled', last: meta };
      }
      const wait = backoff(runtime, tries++);
      if (runtime.elapsed() + wait > deadline)
        throw new MeridianError(
          'unavailable',
          `Others were faster than ${event.id} for ${BEGIN_MS / 1000} s: try again.`,
          {
            retryable: true,
          },
        );
      await runtime.sleep(wait);
    }
    last = await progress.last(stream, meta.log);
  }
}

/**
 * Goes on with what is parked, whatever became of the event that came: the messages of what is parked may have ended in
 * the dead-letter queue, and who went on before may have died.
 * @returns how far the log is handled then, as far as this one knows
 * @throws MeridianError, retryable: it has to be gone on with, so the event's message has to come again
 */
async function goOn<Effect>(
  ports: SubscribePorts<Effect>,
  event: SubscribedEvent,
  last: Place,
  deadline: number,
): Promise<Place | undefined> {
  try {
    return await drain(ports, event, last, deadline);
  } catch (error) {
    if (error instanceof MeridianError && error.retryable) throw error;
    // That the parked one cannot be handled is no fault of this event; its own message tells.
    return last;
  }
}

/** Handles what is parked behind a place, until something is missing or another instance is at it. */
async function drain<Effect>(
  ports: SubscribePorts<Effect>,
  { id, stream, meta: { log } }: SubscribedEvent,
  from: Place,
  deadline: number,
): Promise<Place | undefined> {
  let last = from;
  for (;;) {
    const page = await ports.progress.parked(stream, log, last, PAGE);
    for (const { event: next } of page) {
      if (!follows(last, next)) return last;
      if (ports.runtime.elapsed() > deadline)
        throw new MeridianError(
          'unavailable',
          `Behind ${id} there was more to do than ${BEGIN_MS / 1000} s were enough for.`,
          {
            retryable: true,
          },
        );
      const taken = await take(ports, next, last, deadline);
      if (taken.went !== 'handled') return taken.last;
      last = next.meta;
    }
    if (page.length < PAGE) return last;
  }
}

function compare(a: Omit<Place, 'count'>, b: Omit<Place, 'count'>): number {
  return a.position - b.position || a.index - b.index;
}

/** Whether an event is the next one of its log: of the same commit, or the first of the commit after a whole one. */
function follows(last: Place, { meta: { position, index, previous } }: SubscribedEvent): boolean {
  return position === last.position
    ? index === last.index + 1
    : index === 0 && previous === last.position && last.index + 1 === last.count;
}
