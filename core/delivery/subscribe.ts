import { BEGIN_MS, WAITING_MS } from '../limits/budgets.ts';
import type { Progress } from '../ports/progress.ts';
import { type AnnouncedOutcome, isAnnouncement, parseOutcome } from '../wire/announcement.ts';
import { parseSubscribedEvent, type SubscribedEvent } from '../wire/bus-event.ts';
import { handleOutcome } from './handle-outcome.ts';
import { handleParked } from './handle-parked.ts';
import { EventsRemain, HeldUp, sendHeldUp } from './held-up.ts';
import { inOrderPerKey } from './in-order.ts';
import { comparePlaces, START } from './log-order.ts';
import { type Announced, idleMs, isHandled, type Station } from './standby.ts';
import type { MessagePorts, SubscribePorts } from './subscriber.ts';
import { takeTurn } from './take-turn.ts';

/**
 * Handles each event of the bus once and in the order of its log, and each outcome of a transaction once. Messages may
 * arrive in any order and repeatedly, and several instances may run concurrently. An event that arrives too early is
 * parked, and its message is sent to the queue again: there is a message until its event was handled, so a parked event is
 * only a copy. While a parked event has a message, others of it
 * are dropped. A message that the batch has no time for is sent again, too.
 * Neither was tried, so it uses up no receive, however long it waits. Without `progress` each message is handled as it arrives, at least once.
 * With a `station` only the Region that is active handles messages; the others keep theirs until they were handled.
 * @param bodies messages as JSON, as a rule's target gets them
 * @param beginMs milliseconds after which no further message is started
 * @returns per body: undefined if it was handled, otherwise why it must be redelivered
 */
export async function handleMessages<Effect>(
  ports: MessagePorts<Effect>,
  bodies: readonly string[],
  beginMs = BEGIN_MS,
): Promise<readonly unknown[]> {
  const deadline = ports.runtime.elapsed() + beginMs;
  const messages = bodies.map(read).sort((a, b) => comparePlaces(a.event?.meta ?? START, b.event?.meta ?? START));
  const answers = await inOrderPerKey<Message, unknown>(
    messages,
    ({ at, event, outcome }) => (event ? `${event.stream}@${event.meta.log}` : (outcome?.id ?? String(at))),
    (message) => deliver(ports, message, deadline),
    {
      when: () => ports.runtime.elapsed() > deadline,
      instead: () => new HeldUp('not started: the batch ran out of time', 0),
    },
  );
  const byBody = new Map(messages.map(({ at }, i) => [at, answers[i]]));
  return sendHeldUp(
    ports,
    bodies,
    bodies.map((_, at) => byBody.get(at)),
  );
}

/** A body's position in the batch, and its contents or why it cannot be read. */
interface Message {
  readonly at: number;
  readonly event?: SubscribedEvent;
  readonly outcome?: AnnouncedOutcome;
  readonly fault?: unknown;
}

/** What happened to a message elsewhere. */
const HANDLED = 'handled';

function read(text: string, at: number): Message {
  try {
    const body: unknown = JSON.parse(text);
    return isAnnouncement(body) ? { at, outcome: parseOutcome(body) } : { at, event: parseSubscribedEvent(body) };
  } catch (fault) {
    return { at, fault };
  }
}

/** @returns why the message must be redelivered, or is held up */
async function deliver<Effect>(
  { progress, station, ...ports }: MessagePorts<Effect>,
  { event, outcome, fault }: Message,
  deadline: number,
): Promise<unknown> {
  const { runtime, handle, outcome: handleIt } = ports;
  const announced = event ? { event } : outcome && { outcome };
  try {
    if (station && progress && announced) {
      const idle = await standBy({ station, progress, runtime }, announced);
      if (idle) return idle === HANDLED ? undefined : idle;
    }
    if (event)
      return await (progress ? inOrder({ ...ports, progress }, event, deadline) : atOnce(runtime, handle(event)));
    if (!outcome) return fault;
    if (!handleIt) return `${outcome.id} is an outcome, and this subscriber has no function \`outcome\``;
    return await (progress
      ? handleOutcome({ progress, runtime }, outcome, handleIt, deadline)
      : atOnce(runtime, handleIt(outcome)));
  } catch (error) {
    if (error instanceof EventsRemain) return new HeldUp(error, 0);
    // `undefined` would mean that the message was handled, and a text that the function was not called.
    return error instanceof Error ? error : new Error(`the function threw ${String(error)}, which is not an Error`);
  }
}

/**
 * Leaves a message to the Region that is active, and drops it when it is known here that it was handled. Until then it is kept: if this
 * Region is active next, it handles what is left.
 * @returns undefined if this Region is active
 */
async function standBy(
  {
    station,
    progress,
    runtime,
  }: Pick<SubscribePorts<unknown>, 'runtime'> & {
    readonly station: Station;
    readonly progress: Pick<Progress<never>, 'last'>;
  },
  announced: Announced,
): Promise<typeof HANDLED | HeldUp | undefined> {
  const idle = await idleMs(station, runtime, announced);
  if (idle === 0) return undefined;
  if (await isHandled(progress, announced)) return HANDLED;
  runtime.metric('Standby', 'Count', 1);
  return new HeldUp(`It is left to the Region that acts for ${station.home}`, idle);
}

async function inOrder<Effect>(
  { waiting, ...ports }: SubscribePorts<Effect> & Pick<MessagePorts<Effect>, 'waiting'>,
  event: SubscribedEvent,
  deadline: number,
): Promise<unknown> {
  const { stream, meta } = event;
  const taken = await takeTurn(ports, event, await ports.progress.last(stream, meta.log), deadline);
  const reached = taken.last && (await handleParked(ports, event, taken.last, deadline));
  if (taken.went !== 'waits' || (reached && comparePlaces(meta, reached) <= 0)) return undefined;
  ports.runtime.metric('Waiting', 'Count', 1);
  ports.runtime.metric('WaitingAge', 'Milliseconds', Math.max(0, ports.runtime.now() - taken.since));
  if (waiting && taken.isCopy) return undefined;
  return new HeldUp(`${event.id} waits for its predecessor in its log`, WAITING_MS);
}

/** @throws what the handling throws; Error if it returns additions, because there is no table for them */
async function atOnce(
  runtime: MessagePorts<unknown>['runtime'],
  handling: readonly unknown[] | Promise<readonly unknown[]>,
): Promise<void> {
  const effects = await handling;
  if (effects.length > 0)
    throw new Error("There is no table to add sums in: define the subscriber with table: 'own', or return nothing.");
  runtime.metric('Handled', 'Count', 1);
}
