import type { World } from '@meridian-es/meridian/world';
import { functionUrlEvent, realScheduler, type Scheduler, sleepOn } from '@meridian-es/meridian/world';
import * as z from 'zod';
import type { BookingPlan, PlannedBooking } from './booking-plan.ts';

/** A booking and its outcome. */
export interface Booked extends PlannedBooking {
  /** `committed`, or why not: `full`, `too-few-miles`, the code of another problem, or `unanswered`. */
  readonly outcome: string;
  /** Milliseconds until the outcome was known. */
  readonly ms: number;
}

/** How many bookings are in progress at a time. */
const AT_A_TIME = 16;
/** How often a temporary failure is retried, and the pause between the tries in milliseconds. */
const [TRIES, PAUSE_MS] = [60, 500];
/** How often an undecided booking is polled, with the same pause: longer than any transaction takes. */
const LOOKS = 600;

/**
 * Gives every member the initial miles, then books as clients do: with requests to the API of the member's Region,
 * repeated when there is no response.
 * @param onOutcome is called with the number of bookings that have their outcome
 * @throws Error when a member could not earn
 */
export async function bookAll(
  world: World,
  { members, bookings }: BookingPlan,
  scheduler: Scheduler = realScheduler(),
  onOutcome: (outcomes: number) => void = () => undefined,
): Promise<readonly Booked[]> {
  await each(AT_A_TIME, members, async ({ id, region, miles }) => {
    const path = `/streams/miles/${id}/commands/earn`;
    const { status, body } = await answerOf(world, scheduler, { region, path, body: { miles }, id: `${id}.earned` });
    if (status !== 200) throw new Error(`${id} could not earn miles: ${status} ${JSON.stringify(body)}`);
  });
  let outcomes = 0;
  return each(AT_A_TIME, bookings, async (booking) => {
    const begun = scheduler.now();
    const outcome = await sendBooking(world, booking, scheduler);
    onOutcome(++outcomes);
    return { ...booking, outcome, ms: scheduler.now() - begun };
  });
}

/** Sends one booking, and polls until it has an outcome. Sent again, it has the same outcome. */
export async function sendBooking(
  world: World,
  { id, region, participants }: PlannedBooking,
  scheduler: Scheduler = realScheduler(),
): Promise<string> {
  const sent = { region, path: '/transactions', body: { id, participants }, id };
  for (let answer = await answerOf(world, scheduler, sent), looks = 0; ; looks++) {
    const outcome = outcomeIn(answer.body);
    if (outcome !== undefined) return outcome;
    if (answer.status !== 202 || looks === LOOKS) return 'unanswered';
    await sleepOn(scheduler, PAUSE_MS);
    answer = { ...(await outcomeOf(world, region, id)), status: 202 };
  }
}

/** The response of a Region to a request for the status of a transaction. */
export function outcomeOf(world: World, region: string, id: string): Promise<Answered> {
  return request(world, region, { method: 'GET', path: `/transactions/${id}` });
}

const committedSchema = z.object({ state: z.literal('committed') });
/** The reason of an aborted booking, also in the problem that an immediate response carries. */
const abortedSchema = z.object({ reason: z.object({ code: z.string() }), participant: z.string().optional() });

/** The outcome in a response; undefined if it has none. */
export function outcomeIn(body: unknown): string | undefined {
  if (committedSchema.safeParse(body).success) return 'committed';
  const { data } = abortedSchema.safeParse(body);
  if (!data) return undefined;
  const { reason, participant = '' } = data;
  if (reason.code !== 'rejected') return reason.code;
  return participant.startsWith('seats/') ? 'full' : 'too-few-miles';
}

interface Answered {
  readonly status: number;
  readonly body: unknown;
}

interface Sent {
  readonly region: string;
  readonly path: string;
  readonly body: object;
  /** The idempotency key: with the same one, a repeated request takes effect once. */
  readonly id: string;
}

async function answerOf(world: World, scheduler: Scheduler, { region, path, body, id }: Sent): Promise<Answered> {
  const headers = { 'idempotency-key': id };
  for (let tries = 1; ; tries++) {
    const answered = await request(world, region, { method: 'POST', path, headers, body: JSON.stringify(body) });
    const mayPass = answered.status === 429 || answered.status >= 500;
    if (!mayPass || tries === TRIES) return answered;
    await sleepOn(scheduler, PAUSE_MS);
  }
}

async function request(world: World, region: string, asked: Parameters<typeof functionUrlEvent>[0]): Promise<Answered> {
  const { statusCode, body } = await world.region(region).request(functionUrlEvent(asked));
  return { status: statusCode, body: JSON.parse(body) };
}

/** Calls a function for every item, at most this many in parallel. @returns the results, in the order of the items */
export async function each<T, R>(
  width: number,
  items: Iterable<T>,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const all = [...items];
  const results = new Array<R>(all.length);
  // All workers take the next item from the same list.
  const left = all.entries();
  const worker = async (): Promise<void> => {
    for (const [i, item] of left) results[i] = await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
