import * as z from 'zod';
import type { DecisionsKind } from '../../core/names.ts';
import { toyDomain } from '../../testing/toy.ts';
import { silentTelemetry } from '../error-log.ts';
import type { FaultyPorts } from '../region/faults.ts';
import { VirtualScheduler } from '../time/scheduler.ts';
import { World } from '../world.ts';
import { type ApiAnswer, type ApiRequest, callRegion } from './api.ts';
import { Crasher, type CrashPoint } from './crash.ts';

export const REGIONS = ['us-east-1', 'us-east-2', 'us-west-2'] as const;
const [DRIVING, RIVAL] = REGIONS;
export const START_BALANCE = 100;
/** The amount paid to each receiving account. */
export const AMOUNT = 10;

export interface HistoryOptions {
  readonly participants: number;
  readonly decisions: DecisionsKind;
  /** Whether the driving Region is the home of all accounts. */
  readonly oneRegion?: boolean;
  /**
   * Whether a rival transaction uses the same streams at the same time. It names them in the opposite order, only
   * checks one of them if there are enough, is driven by another Region, and is promised its outcome at once.
   */
  readonly rival?: boolean;
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

/** A world with funded accounts, and the transactions to send in it. */
export interface Scene {
  readonly scheduler: VirtualScheduler;
  readonly world: World;
  readonly crasher: Crasher;
  readonly accounts: readonly Account[];
  /** The first is the transaction under test; a second one is its rival. */
  readonly transactions: readonly Sent[];
}

/** Sends a request to a Region, and advances time until it responds. */
export function askRegion({ scheduler, world }: Scene, region: string, request: ApiRequest): Promise<ApiAnswer> {
  return scheduler.resolve(callRegion(world, region, request));
}

/** Pays into an account with a separate request. */
export function sendDeposit(scene: Scene, { home, stream }: Account, amount: number): Promise<ApiAnswer> {
  return askRegion(scene, home, { method: 'POST', path: `/streams/${stream}/commands/deposit`, body: { amount } });
}

/** Creates a world in virtual time: all accounts have money in every Region, and nothing has crashed yet. */
export async function setUpScene(options: HistoryOptions): Promise<Scene> {
  const { world, scheduler, crasher } = aWorld(options);
  const accounts = accountsOf(options);
  const scene = { scheduler, world, crasher, accounts, transactions: [paying(accounts)] };
  for (const account of accounts) await sendDeposit(scene, account, START_BALANCE);
  await scheduler.runUntil(() => world.idle);
  const rival = options.rival ? await rivalOf(scene) : undefined;
  return rival ? { ...scene, transactions: [...scene.transactions, rival] } : scene;
}

function aWorld({ decisions, crashes, replacePorts = (ports) => ports }: HistoryOptions) {
  const scheduler = new VirtualScheduler();
  const crasher = new Crasher(crashes, () => {
    for (const region of world.regions.values()) region.machine.killAll();
  });
  const world: World = new World({
    // Crashes are planted: the judge reports what they break.
    telemetry: silentTelemetry,
    domain: toyDomain,
    regions: REGIONS,
    scheduler,
    decisions,
    withFaults: (region, ports, exit) => crasher.withFaults(region, replacePorts(ports), exit),
  });
  return { world, scheduler, crasher };
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
    id: `${DRIVING}:sweep`,
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
