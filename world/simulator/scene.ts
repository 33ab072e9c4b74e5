import * as z from 'zod';
import type { DecisionsKind } from '../../core/names.ts';
import { toyDomain } from '../../testing/toy.ts';
import { silentTelemetry } from '../error-log.ts';
import type { FaultyPorts } from '../region/faults.ts';
import { withSlowTables } from '../region/slow-tables.ts';
import { seeded } from '../time/randomness.ts';
import { VirtualScheduler } from '../time/scheduler.ts';
import { World } from '../world.ts';
import { type ApiAnswer, type ApiRequest, callRegion } from './api.ts';
import { Crasher, type CrashPoint } from './crash.ts';
import { type Waits, Watch } from './waits.ts';

export const REGIONS = ['us-east-1', 'us-east-2', 'us-west-2'] as const;
const [DRIVING, RIVAL] = REGIONS;
const SWEEP_ID = `${DRIVING}:sweep`;
export const START_BALANCE = 100;
/** The amount paid to each receiving account. */
export const AMOUNT = 10;
/** Milliseconds by which the clock of an older rival's Region is behind. */
const BEHIND_MS = 1_000;

export interface HistoryOptions {
  readonly participants: number;
  readonly decisions: DecisionsKind;
  /** Whether the driving Region is the home of all accounts. */
  readonly oneRegion?: boolean;
  /**
   * Another writer of the same streams:
   * - `at once`: a transaction that is sent at the same moment, and is promised its outcome at once
   * - `younger`: a transaction that is sent while the one under test holds its streams
   * - `older`: the same, but the clock of its Region is behind, so that it counts as the older of the two
   * - `append`: an append that is sent while the transaction holds the stream
   *
   * A transaction names the streams in the opposite order, only checks one of them if there are enough, and is driven by another
   * Region. @default none
   */
  readonly rival?: 'at once' | 'younger' | 'older' | 'append';
  /**
   * What happens to the driver of the transaction while it holds its streams: its state machine dies, or its first decision
   * stalls until another writer ends the attempt. @default nothing
   */
  readonly driver?: 'dies' | 'stalls';
  /**
   * Whether everything happens twice: a client sends each transaction to two Regions, every execution of a state machine is
   * started twice, and every message arrives twice. @default false
   */
  readonly twice?: boolean;
  readonly crashes: readonly CrashPoint[];
  /** Replaces ports of functions, in a test that plants a fault or observes calls. @default unchanged */
  readonly replacePorts?: (ports: FaultyPorts) => FaultyPorts;
}

/** A stream of money, and its home Region. */
export interface Account {
  readonly home: string;
  readonly stream: string;
}

/** A transaction in a request. */
export interface Sent {
  readonly id: string;
  readonly participants: readonly { readonly stream: string; readonly command: string; readonly input: unknown }[];
  readonly checks?: readonly { readonly stream: string; readonly expected: string }[];
}

/** The Region that drives a transaction. */
export function drivingOf({ id }: Sent): string {
  return id.slice(0, id.indexOf(':'));
}

/** A deposit in a request. Its amount is {@link AMOUNT}. */
export interface Deposit {
  readonly account: Account;
  /** Id of the commit. @default a new one */
  readonly id?: string;
}

/** A world with funded accounts, and what to send in it. */
export interface Scene {
  readonly options: HistoryOptions;
  readonly scheduler: VirtualScheduler;
  readonly world: World;
  readonly crasher: Crasher;
  /** Resolves when the transaction under test holds all of its streams. */
  readonly held: Promise<void>;
  /** Lets the drivers run undisturbed from now on. @returns how often writers have waited for each other */
  readonly endWaits: () => Waits;
  readonly accounts: readonly Account[];
  /** The first is the transaction under test; a second one is its rival. */
  readonly transactions: readonly Sent[];
  /** The append that is its rival. */
  readonly append?: Required<Deposit> | undefined;
}

/** Sends a request to a Region, and advances time until it responds. */
export function askRegion({ scheduler, world }: Scene, region: string, request: ApiRequest): Promise<ApiAnswer> {
  return scheduler.resolve(callRegion(world, region, request));
}

/** The request of a deposit. */
export function depositOf({ account: { stream }, id }: Deposit): ApiRequest {
  return { method: 'POST', path: `/streams/${stream}/commands/deposit`, body: { amount: AMOUNT }, id };
}

/** Creates a world in virtual time: all accounts have money in every Region, and nothing has crashed yet. */
export async function setUpScene(options: HistoryOptions): Promise<Scene> {
  const accounts = accountsOf(options);
  const scene = { ...aWorld(options), options, accounts, transactions: [paying(accounts)] };
  const { scheduler, world } = scene;
  for (const { home, stream } of accounts)
    await askRegion(scene, home, { ...depositOf({ account: { home, stream } }), body: { amount: START_BALANCE } });
  await scheduler.runUntil(() => world.idle);
  const [first] = accounts;
  const { rival: kind } = options;
  if (!kind || !first) return scene;
  if (kind === 'append') return { ...scene, append: { account: accounts.at(-1) ?? first, id: 'sweep-append' } };
  const rival = await rivalOf(scene);
  return rival ? { ...scene, transactions: [...scene.transactions, rival] } : scene;
}

function aWorld(options: HistoryOptions) {
  const { participants, decisions, crashes, rival, driver, twice, replacePorts = (ports) => ports } = options;
  const scheduler = new VirtualScheduler();
  const random = seeded(1);
  const crasher = new Crasher(crashes, () => {
    for (const region of world.regions.values()) region.machine.killAll();
  });
  const watch = new Watch({ scheduler, transaction: SWEEP_ID, participants, stalls: driver === 'stalls' });
  const world: World = new World({
    // Crashes are planted: the judge reports what they break.
    telemetry: silentTelemetry,
    domain: toyDomain,
    regions: REGIONS,
    scheduler,
    decisions,
    duplicates: twice ? 1 : 0,
    clockAhead: rival === 'older' ? { [RIVAL]: -BEHIND_MS } : {},
    withFaults: (region, ports, exit, name) => {
      const slow = withSlowTables(replacePorts(twice ? startingTwice(ports) : ports), scheduler, random);
      return crasher.withFaults(region, watch.around(slow, name), exit, name);
    },
  });
  return { world, scheduler, crasher, held: watch.held, endWaits: waitsIn(world, watch, driver === 'dies') };
}

function startingTwice({ machine, ...ports }: FaultyPorts): FaultyPorts {
  return {
    ...ports,
    machine: {
      start: async (input) => {
        await machine.start(input);
        await machine.start(input);
      },
    },
  };
}

/** Counts waits. @param dies whether the driver of the transaction under test dies before its first decision */
function waitsIn(world: World, watch: Watch, dies: boolean): () => Waits {
  const regions = [...world.regions.values()];
  let turns = 0;
  let isDead = !dies;
  for (const { machine } of regions)
    machine.beforeStep = ({ name, transaction, kill }) => {
      if (name === 'Turn') turns++;
      if (isDead || name !== 'Decide' || transaction !== SWEEP_ID) return;
      isDead = true;
      kill();
    };
  return () => {
    watch.stop();
    isDead = true;
    return { marks: regions.reduce((sum, { counts }) => sum + counts.marked, 0), turns, ...watch.ends };
  };
}

function accountsOf({ participants, oneRegion }: HistoryOptions): readonly Account[] {
  return Array.from({ length: participants }, (_, i) => {
    const home = oneRegion ? DRIVING : (REGIONS[i % REGIONS.length] ?? DRIVING);
    return { home, stream: `account/${home}.${i}` };
  });
}

/** The first account pays, the others are paid. */
function paying(accounts: readonly Account[]): Sent {
  return {
    id: SWEEP_ID,
    participants: accounts.map(({ stream }, i) =>
      i === 0
        ? { stream, command: 'withdraw', input: { amount: AMOUNT * (accounts.length - 1) } }
        : { stream, command: 'deposit', input: { amount: AMOUNT } },
    ),
  };
}

const versionSchema = z.object({ version: z.string() });

/** @returns undefined if there are too few accounts */
async function rivalOf(scene: Scene): Promise<Sent | undefined> {
  const [first, second, third] = scene.accounts;
  if (!first || !second) return undefined;
  const last = scene.accounts.at(-1) ?? second;
  const { answer } = await askRegion(scene, second.home, { method: 'GET', path: `/streams/${second.stream}` });
  return {
    id: `${RIVAL}:rival`,
    participants: [
      { stream: last.stream, command: 'withdraw', input: { amount: AMOUNT } },
      { stream: first.stream, command: 'deposit', input: { amount: AMOUNT } },
    ],
    ...(third && { checks: [{ stream: second.stream, expected: versionSchema.parse(answer).version }] }),
  };
}
