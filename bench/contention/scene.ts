import * as z from 'zod';
import { drivingRegionOf } from '../../core/index.ts';
import type { DecisionsKind } from '../../core/names.ts';
import { domain } from '../../testing/toy-domain.ts';
import { functionUrlEvent } from '../../world/network/function-url-event.ts';
import type { Overrides } from '../../world/region/deployment.ts';
import { portsAround } from '../../world/region/faults.ts';
import { withSlowTables } from '../../world/region/slow-tables.ts';
import { seeded } from '../../world/time/randomness.ts';
import { sleepOn, VirtualScheduler } from '../../world/time/scheduler.ts';
import { World } from '../../world/world.ts';

export const REGIONS = ['us-east-1', 'us-east-2', 'us-west-2'] as const;

/** A transaction of a load: when it is sent, and its streams. The Region that its id names drives it, and receives it. */
export interface Arrival {
  /** Milliseconds since the load began. */
  readonly at: number;
  readonly id: string;
  readonly streams: readonly string[];
}

/** An append of a load. */
export interface AppendArrival {
  readonly at: number;
  readonly stream: string;
}

export interface Load {
  readonly arrivals: readonly Arrival[];
  readonly appends?: readonly AppendArrival[];
  /** Whether the state machine of a transaction dies after its first prepare. @default none does */
  readonly dies?: (id: string) => boolean;
}

export interface SceneOptions {
  readonly seed: number;
  readonly decisions: DecisionsKind;
  /** Milliseconds of one direction of a call between Regions. */
  readonly links: readonly [number, number];
  /** Milliseconds by which clocks are ahead, by Region. @default none is */
  readonly clockAhead?: Readonly<Record<string, number>>;
  /** Deviations from the functions of a world, such as how many instances they have. @default none */
  readonly functions?: Overrides;
}

/** How a transaction or an append of a load ended. */
export interface Ended {
  readonly at: number;
  /** Milliseconds until the response. */
  readonly took: number;
  readonly state: 'committed' | 'aborted' | 'undecided' | 'refused';
}

export interface Result {
  readonly transactions: readonly Ended[];
  readonly appends: readonly Ended[];
  /** Writes of intents, of marks on them, of their final states and of decisions, in all Regions together. */
  readonly writes: number;
  /** Marks among them. */
  readonly marks: number;
  /** How long each intent held its stream, in milliseconds. */
  readonly holds: readonly number[];
  /** Streams that an intent still holds when every deadline has passed by 30 s. */
  readonly held: number;
}

const intentSchema = z.object({ stream: z.string(), log: z.string(), position: z.number() });

/** Milliseconds after which every transaction of a load must be over: its timeout, and the time of recovery. */
const OVER_MS = 30_000 + 30_000;

/** Runs a load in a new world, in virtual time. */
export async function runLoad(load: Load, options: SceneOptions): Promise<Result> {
  const scheduler = new VirtualScheduler();
  const holds: number[] = [];
  const world = aWorld(scheduler, options, holds);
  for (const region of world.regions.values())
    region.machine.beforeStep = ({ name, transaction, kill }) => {
      if (name === 'Decide' && load.dies?.(transaction)) kill();
    };
  const begin = scheduler.now();
  const ask = async (region: string, path: string, headers: Readonly<Record<string, string>>, body: unknown) => {
    const event = functionUrlEvent({ method: 'POST', path, headers, body: JSON.stringify(body) });
    const { statusCode, body: text } = await world.region(region).request(event);
    return { statusCode, answer: JSON.parse(text) };
  };
  const ended = async (at: number, run: () => Promise<Ended['state']>): Promise<Ended> => {
    await sleepOn(scheduler, at);
    const sent = scheduler.now();
    const state = await run();
    return { at, took: scheduler.now() - sent, state };
  };
  const transactions = load.arrivals.map(({ at, id, streams }) =>
    ended(at, async () => {
      const participants = streams.map((stream) => ({ stream, command: 'deposit', input: { amount: 1 } }));
      const { statusCode, answer } = await ask(
        drivingRegionOf(id),
        '/transactions',
        { prefer: 'wait=50' },
        { id, participants },
      );
      if (statusCode === 200 || statusCode === 409) return answer.state ?? 'aborted';
      return statusCode === 202 ? 'undecided' : 'refused';
    }),
  );
  const appends = (load.appends ?? []).map(({ at, stream }, i) =>
    ended(at, async () => {
      const { statusCode } = await ask(
        homeOf(stream),
        `/streams/${stream}/commands/deposit`,
        { 'idempotency-key': `a${i}` },
        { amount: 1 },
      );
      return statusCode === 200 ? 'committed' : 'refused';
    }),
  );
  const all = await scheduler.resolve(Promise.all([Promise.all(transactions), Promise.all(appends)]));
  const last = Math.max(...load.arrivals.map(({ at }) => at));
  await scheduler.run(Math.max(0, begin + last + OVER_MS - scheduler.now()));
  const streams = new Set(load.arrivals.flatMap((arrival) => arrival.streams));
  let held = 0;
  for (const stream of streams) {
    const commits = await world.region(homeOf(stream)).load(stream);
    if (commits.some(({ tx }) => tx?.state === 'prepared')) held++;
  }
  const counts = [...world.regions.values()].map((region) => region.counts);
  const sum = (key: 'intents' | 'marked' | 'finalised' | 'decided') => counts.reduce((all, of) => all + of[key], 0);
  const marks = sum('marked');
  const writes = sum('intents') + marks + sum('finalised') + sum('decided');
  return { transactions: all[0], appends: all[1], writes, marks, holds, held };
}

/** A world whose tables take a few milliseconds for each call. @param holds gets how long each intent held its stream */
function aWorld(scheduler: VirtualScheduler, { links, ...options }: SceneOptions, holds: number[]): World {
  const random = seeded(options.seed);
  const since = new Map<string, number>();
  const watch = (name: string, key: string) => {
    if (name === 'put') since.set(key, scheduler.now());
    else if (name === 'finalise' && since.has(key)) {
      holds.push(scheduler.now() - (since.get(key) ?? 0));
      since.delete(key);
    }
  };
  return new World({
    domain,
    regions: REGIONS,
    scheduler,
    ...options,
    latency: { invoke: links },
    withFaults: (_region, ports) => {
      const watched = portsAround(ports, async (call, name, args) => {
        const result = await call(args);
        const { data: commit } = intentSchema.safeParse(args[0]);
        if (commit && result === undefined)
          watch(name.slice('events.'.length), `${commit.stream}@${commit.log}.${commit.position}`);
        return result;
      });
      return withSlowTables(watched, scheduler, random);
    },
  });
}

/** The home of a stream of the toy's accounts, whose id begins with it. */
function homeOf(stream: string): string {
  return REGIONS.find((region) => stream.startsWith(`account/${region}.`)) ?? REGIONS[0];
}

/** Times of a Poisson process, in milliseconds. */
export function poisson(seed: number, perSecond: number, milliseconds: number): readonly number[] {
  const random = seeded(seed);
  const times: number[] = [];
  for (let at = 0; ; ) {
    at += (-Math.log(1 - random()) / perSecond) * 1000;
    if (at >= milliseconds) return times;
    times.push(at);
  }
}
