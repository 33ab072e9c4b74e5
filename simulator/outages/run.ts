import * as z from 'zod';
import type { History } from '../../checkers/history.ts';
import { checkHistory } from '../../checkers/index.ts';
import type { Commit } from '../../core/index.ts';
import { sendAll } from '../../workload/send-all.ts';
import type { SessionOptions } from '../../workload/session.ts';
import { sleepOn } from '../../world/time/scheduler.ts';
import { clientsIn } from '../ask.ts';
import { observe } from '../observe.ts';
import { Operator } from '../operator.ts';
import { REGIONS } from '../plan.ts';
import type { Schedule } from '../schedule.ts';
import { settle } from '../settle.ts';
import { type Stage, setStage, streamsOf } from '../stage.ts';
import { SUBSCRIBERS } from '../subscribers.ts';
import { FAILED, KINDS, type Kind, type KindName, TARGET } from './kinds.ts';
import { planOperations, type Times, timesOf, type Used, type UseName } from './load.ts';

/** Messages that were given up, which an operator has sent again. */
interface Resent {
  readonly quarantined: number;
  readonly ofSubscribers: number;
}

/** What a run of a kind of outage has shown. */
export interface Run extends Seen {
  readonly kind: KindName;
  readonly times: Times;
  readonly history: History;
  /** When the history begins, in milliseconds since 1970. */
  readonly epoch: number;
  /** The use of each operation, by its id. */
  readonly uses: ReadonlyMap<string, UseName>;
  readonly resent: Resent;
  /** The properties that the checkers find broken, in the order of their names. */
  readonly broken: readonly string[];
}

/** What is looked at while it happens. */
interface Seen {
  /** Milliseconds from the end of the outage until every Region had what any had at the end; undefined: it did not end. */
  readonly equalAfter: number | undefined;
  /** Commits of the failed Region that the target had not got when the homes were moved by force. */
  readonly unseen: number | undefined;
}

/** Runs a kind of outage in its own world, in virtual time, under load, until everything has settled. */
export async function runOutage(kind: KindName, seed: number): Promise<Run> {
  const described: Kind = KINDS[kind];
  const times = timesOf(described);
  const operations = planOperations(seed, described);
  const stage = setStage(scheduleOf(kind, seed, operations), undefined);
  const epoch = stage.scheduler.now();
  const seen = await inTime(stage, times, [
    happen(described, times, stage),
    sendAll(operations, patientClients(stage)),
  ]);
  await stage.scheduler.run(GIVEN_UP_MS);
  const resent = await sendAgain(stage);
  await settle(stage);
  await observe({ ...stage, streams: streamsOf(operations) });
  const uses = new Map(operations.map((operation, i) => [idOf(operation, i), operation.use]));
  const { history } = stage.recorder;
  const broken = [...new Set(checkHistory(history).map(({ property }) => property))].sort();
  return { kind, times, history, epoch, uses, resent, broken, ...seen };
}

/** The id that a client gives an operation. */
function idOf(operation: Used, i: number): string {
  const id = `op-${i + 1}`;
  return operation.kind === 'transact' ? `${operation.driving}:${id}` : id;
}

function scheduleOf(kind: KindName, seed: number, operations: Used[]): Schedule {
  const { move }: Kind = KINDS[kind];
  const moves = move ? [{ kind: 'move', at: 0, region: FAILED, to: TARGET, how: move.kind } as const] : [];
  return {
    ...{ seed, profile: kind, steps: [...operations, ...moves] },
    setting: {
      ...{ regions: [...REGIONS], decisions: 'strong', snapshots: false, duplicates: 0, reorders: false },
      ...{ clockAhead: {}, invoke: [20, 50], slowTables: true, oneByOne: false, recoverable: false, strong: true },
    },
  };
}

/** Within this time queues give up what was last received before the end: a message is visible again six minutes after that. */
const GIVEN_UP_MS = 7 * 60_000;

/** Puts the dead letters of subscribers back, as their runbook says. What is in the quarantine is sent again when all else has settled. */
async function sendAgain({ world }: Stage): Promise<Resent> {
  const regions = [...world.regions.values()].filter(({ isLost }) => !isLost);
  const quarantined = regions.reduce((sum, { quarantine }) => sum + quarantine.bodies.length, 0);
  let ofSubscribers = 0;
  for (const region of regions)
    for (const name of Object.keys(SUBSCRIBERS))
      for (const body of region.deadLettersOf(name).bodies.splice(0)) {
        const { source, 'detail-type': detailType, detail } = deadLetterSchema.parse(JSON.parse(body));
        await region.bus.put([{ source, detailType, detail: JSON.stringify(detail) }]);
        ofSubscribers++;
      }
  return { quarantined, ofSubscribers };
}

const deadLetterSchema = z.object({ source: z.string(), 'detail-type': z.string(), detail: z.unknown() });

/** How long the last operations may take. */
const LAST_MS = 10 * 60_000;

/** Lets time pass until an outage and the load are over. */
async function inTime<T>(
  { scheduler }: Stage,
  { finish }: Times,
  [outage, load]: [Promise<T>, Promise<void>],
): Promise<T> {
  let isOver = false;
  const both = Promise.all([outage, load]).finally(() => {
    isOver = true;
  });
  await scheduler.runUntil(() => isOver, finish + LAST_MS);
  const [found] = await both;
  return found;
}

/** How often a caller puts an entry on a bus that refuses it, and how long it waits in between. */
const PUTS = 5;
const PUT_PAUSE_MS = 2_000;

/** Clients that put what a bus refuses again, for some seconds. */
function patientClients(stage: Stage): Omit<SessionOptions, 'name'> {
  const clients = clientsIn(stage);
  const { world, scheduler } = stage;
  return {
    ...clients,
    surroundings: {
      ...clients.surroundings,
      async put(region, detail) {
        const entry = { source: 'simulator', detailType: 'meridian.command', detail: JSON.stringify(detail) };
        for (let tries = 1; tries <= PUTS && !world.region(region).isLost; tries++) {
          const [refused] = await world.region(region).bus.put([entry]);
          if (refused === undefined) return;
          await sleepOn(scheduler, PUT_PAUSE_MS);
        }
      },
    },
  };
}

/** Causes the outage, acts as its operator, and looks at what has arrived. */
async function happen(kind: Kind, times: Times, stage: Stage): Promise<Seen> {
  const { world, scheduler, recorder } = stage;
  const until = (at: number) => sleepOn(scheduler, at - recorder.now());
  await until(times.start);
  recorder.add({ line: 'fault', at: recorder.now(), fault: 'outage', region: FAILED, details: {} });
  kind.begin(world);
  const [unseen, equalAfter] = await Promise.all([moveHomes(kind, times, stage), endOutage(kind, times, stage)]);
  return { unseen, equalAfter };
}

async function moveHomes(
  { move }: Kind,
  times: Times,
  { world, scheduler, recorder }: Stage,
): Promise<number | undefined> {
  if (!move || times.command === undefined) return undefined;
  await sleepOn(scheduler, times.command - recorder.now());
  const writer = new Operator(world.region(move.kind === 'planned' ? FAILED : TARGET), scheduler);
  const unseen = move.kind === 'forced' ? await unseenIn({ world }) : undefined;
  await writer.move(FAILED, TARGET, move.kind);
  if (times.back === undefined) return unseen;
  await sleepOn(scheduler, times.back - recorder.now());
  await new Operator(world.region(TARGET), scheduler).bringBack(FAILED, TARGET);
  return unseen;
}

/** The number of commits that the failed Region holds of its own, and the target does not. */
async function unseenIn({ world }: Pick<Stage, 'world'>): Promise<number> {
  const arrived = new Set((await world.region(TARGET).commits()).map(dotOf));
  const own = (await world.region(FAILED).commits()).filter(({ log }) => log === FAILED);
  return own.filter((commit) => !arrived.has(dotOf(commit))).length;
}

const LOOK_MS = 100;

/** @returns milliseconds until every Region had what any of them held when the outage ended; undefined: it did not end */
async function endOutage(
  kind: Kind,
  { end, finish }: Times,
  { world, scheduler, recorder }: Stage,
): Promise<number | undefined> {
  if (end === undefined) return undefined;
  await sleepOn(scheduler, end - recorder.now());
  kind.end(world);
  const regions = [...world.regions.values()];
  const held = async () => Promise.all(regions.map(async (region) => new Set((await region.commits()).map(dotOf))));
  const [first = new Set<string>(), ...others] = await held();
  let missing = [...others.reduce((all, each) => all.union(each), first)];
  while (recorder.now() < finish) {
    const present = await held();
    missing = missing.filter((dot) => present.some((each) => !each.has(dot)));
    if (missing.length === 0) return recorder.now() - end;
    await sleepOn(scheduler, LOOK_MS);
  }
  return undefined;
}

function dotOf({ stream, log, position }: Pick<Commit, 'stream' | 'log' | 'position'>): string {
  return `${stream} ${log} ${position}`;
}
