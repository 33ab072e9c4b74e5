import { type MemoryDecisions, memoryDecisions } from '../../adapters/memory/decisions.ts';
import { type EventsChange, memoryEventStore } from '../../adapters/memory/event-store.ts';
import type { Commit } from '../../core/facts/commit.ts';
import type { Decision } from '../../core/facts/decision.ts';
import { parseAttemptId, type Transaction } from '../../core/facts/transaction.ts';
import { runInOneRegion } from '../../core/transaction/one-region.ts';
import { resolveMessages } from '../../core/transaction/resolver.ts';
import { encodeResolverMessage } from '../../core/wire/resolver.ts';
import { appendToStream } from '../../core/write/append.ts';
import { seeded } from '../../world/time/randomness.ts';
import { command, watched } from '../core/a-region.ts';
import { aTransaction, aWorld, drive, inputOf, type Region, type Step } from '../core/transaction/regions.ts';

// Runs competing transactions on the shipped core, in memory and in an order drawn with a seed, and records what its tables take.

/** What a table took: one write. */
export type Write =
  | { readonly kind: 'put'; readonly commit: Commit }
  | { readonly kind: 'final'; readonly commit: Commit }
  | { readonly kind: 'mark'; readonly commit: Commit }
  | { readonly kind: 'decision'; readonly region: string; readonly decision: Decision }
  | { readonly kind: 'arrival'; readonly region: string; readonly decision: Decision }
  /** All commits of a one-Region transaction, and its outcome. */
  | { readonly kind: 'all'; readonly decision: Decision };

export interface Recorded {
  readonly transactions: readonly (Transaction & { readonly began: number })[];
  readonly writes: readonly Write[];
}

type Events = Region['events'];

/** The ports of one Region that a mutant may break, and the recorder. */
export interface Ports {
  readonly region: string;
  readonly events: Events;
  readonly decisions: MemoryDecisions;
  /** Records a write that the tables here would not have taken. */
  readonly record: (write: Write) => void;
}

/** Breaks one rule, by what it puts in the place of a Region's ports. */
export type Mutant = (ports: Ports) => Partial<Pick<Ports, 'events' | 'decisions'>>;

export interface RunOptions {
  readonly strong: boolean;
  readonly seed: number;
  /** @default none: the code as it is shipped */
  readonly mutant?: Mutant | undefined;
}

const DIES: readonly (Step | undefined)[] = [undefined, undefined, undefined, 'prepare', 'decide'];

/** Transactions and appends at once, then everything that is left open is resolved. */
export async function recordedRun({ strong, seed, mutant = () => ({}) }: RunOptions): Promise<Recorded> {
  const random = seeded(seed);
  const writes: Write[] = [];
  const world = aWorld({ strong, drives: false });
  const regions = [world.us, world.eu];
  /** Lets other calls go first, or not. */
  const pause = async (): Promise<void> => {
    for (let turns = Math.floor(random() * 6); turns > 0; turns--) await undefined;
  };
  const record = (write: Write) => writes.push(write);
  const shared = strong ? recordedDecisions(true, 'us', record) : undefined;
  for (const region of regions) {
    const { region: name } = region;
    const table = memoryEventStore({ onChange: (change) => noteChange(writes, change) });
    const own = shared ?? recordedDecisions(false, name, record);
    const ports = { region: name, events: watched(table, pause), decisions: own, record };
    Object.assign(region, { table, ...ports, ...mutant(ports) });
  }
  const transactions = requests().map((asked) => aTransaction(asked, asked.id.slice(0, 2)));
  const begun = transactions.map((transaction) => ({ ...transaction, began: beganIn(world, transaction) }));
  const work = begun.map((transaction) => run(world, transaction, DIES[Math.floor(random() * DIES.length)]));
  const appends = ['account/us.1', 'account/eu.1'].map((stream, i) => append(world, stream, `append-${i + 1}`));
  const arrivals = strong ? [] : [deliver(world, pause, 200)];
  await Promise.allSettled([...work, ...appends, ...arrivals]);
  await resolveAll(world);
  return { transactions: begun, writes };
}

type World = ReturnType<typeof aWorld>;

function requests() {
  const of = (id: string, ...streams: readonly string[]) => ({
    id,
    participants: streams.map((stream) => ({ stream, command: 'deposit', input: { amount: 1 } })),
  });
  return [
    of('us:1', 'account/us.1', 'account/eu.1'),
    of('eu:2', 'account/eu.1', 'account/us.1'),
    of('us:3', 'account/us.1', 'account/us.2'),
    of('eu:4', 'account/us.2', 'account/eu.1'),
  ];
}

function regionOf({ us, eu }: World, name: string): Region {
  return name.startsWith('us') ? us : eu;
}

function beganIn(world: World, { id }: Transaction): number {
  return regionOf(world, id).runtime.now() + Number(id.slice(3));
}

/** Each request is served by a process that has loaded nothing yet. */
function aProcess(region: Region): Region {
  return { ...region, warm: new Map() };
}

async function run(
  world: World,
  transaction: Transaction & { readonly began: number },
  diesAfter?: Step,
): Promise<void> {
  const region = aProcess(regionOf(world, transaction.id));
  if (transaction.id === 'us:3') await runInOneRegion(region, transaction);
  else
    await drive(
      region,
      { ...inputOf(transaction, region), deadline: transaction.began + transaction.timeout },
      diesAfter,
    );
}

async function append(world: World, stream: string, commitId: string): Promise<void> {
  const region = aProcess(regionOf(world, stream.slice(stream.indexOf('/') + 1)));
  const operation = command('deposit', { amount: 1 });
  await appendToStream(region, { stream, commitId, isNew: true, operation, meta: {} });
}

/** Delivers decisions to the other Region, one at a time. */
async function deliver({ us, eu }: World, pause: () => Promise<void>, times: number): Promise<void> {
  for (; times > 0; times--) {
    await pause();
    for (const [from, to] of [[us, eu] as const, [eu, us] as const])
      for (const { id } of requests())
        for (const decision of await from.decisions.attempts(id)) to.decisions.replicate(decision);
  }
}

async function resolveAll(world: World): Promise<void> {
  const { us, eu } = world;
  for (const { runtime } of [us, eu]) runtime.advance(600_000);
  for (const region of [us, eu])
    for (const stream of ['account/us.1', 'account/us.2', 'account/eu.1'])
      for (const { log, position, commitId: attemptId, tx } of await region.table.load(stream))
        if (tx?.state === 'prepared')
          await resolveMessages(aProcess(region), [
            encodeResolverMessage({ kind: 'intent', stream, log, position, attemptId }),
          ]);
}

function recordedDecisions(strong: boolean, region: string, record: (write: Write) => void): MemoryDecisions {
  let isArrival = false;
  const table = memoryDecisions({
    strong,
    onPut: ({ decision }) => record({ kind: isArrival ? 'arrival' : 'decision', region, decision }),
  });
  return {
    ...table,
    replicate: (decision) => {
      isArrival = true;
      table.replicate(decision);
      isArrival = false;
    },
  };
}

function noteChange(writes: Write[], change: EventsChange): void {
  if ('oneRegionDecision' in change) {
    const decision = change.oneRegionDecision;
    // An outcome that aborts has no commits, and the model has no need of it.
    if (decision.state === 'aborted') return;
    for (const _ of decision.participants) writes.pop();
    writes.push({ kind: 'all', decision });
  } else if (!change.before) writes.push({ kind: 'put', commit: change.commit });
  else if (change.before.tx?.state !== change.commit.tx?.state) writes.push({ kind: 'final', commit: change.commit });
  else writes.push({ kind: 'mark', commit: change.commit });
}

/** The attempt of an intent; a commit of its own has the number 0. */
export function attemptOf({ commitId }: Pick<Commit, 'commitId'>): { readonly tx: string; readonly n: number } {
  if (!commitId.includes('#')) return { tx: commitId, n: 0 };
  const { transaction, attempt } = parseAttemptId(commitId);
  return { tx: transaction, n: attempt };
}
