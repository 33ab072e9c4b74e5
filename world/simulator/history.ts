import * as z from 'zod';
import type { Commit } from '../../core/index.ts';
import { toyDomain } from '../../testing/toy.ts';
import { functionUrlEvent } from '../network/server.ts';
import type { FaultyPorts } from '../region/faults.ts';
import { VirtualScheduler } from '../time/scheduler.ts';
import { World } from '../world.ts';
import { Crasher, type CrashPoint } from './crash.ts';

const REGIONS = ['us-east-1', 'us-east-2', 'us-west-2'] as const;
const [DRIVING, RIVAL] = REGIONS;
const START_BALANCE = 100;
const AMOUNT = 10;
/** A transaction's deadline, and by when after it an orphan has to be decided, in milliseconds. */
const DEADLINE_MS = 30_000;
const RECOVERY_MS = 30_000;

export interface HistoryOptions {
  readonly participants: number;
  readonly decisions: 'strong' | 'eventual';
  /** Whether all accounts are at home in the Region that drives. */
  readonly oneRegion?: boolean;
  /**
   * Whether another transaction wants the same streams at the same moment: in the opposite order, with a check where there
   * is a stream for it, driven by another Region, and promised its outcome at once.
   */
  readonly rival?: boolean;
  readonly crashes: readonly CrashPoint[];
  /** Other ports for functions, of tests: with a mistake that should be found, or with a look at calls. @default the same */
  readonly replacePorts?: (ports: FaultyPorts) => FaultyPorts;
}

export interface HistoryResult {
  /** What was called from the request on, until nothing happened any more. */
  readonly calls: readonly string[];
  readonly outcome: string;
  /** Promises that were broken, in words. */
  readonly violations: readonly string[];
}

/** A transaction as it is sent. */
interface Sent {
  readonly id: string;
  readonly participants: readonly { readonly stream: string; readonly command: string; readonly input: unknown }[];
  readonly checks?: readonly { readonly stream: string; readonly expected: string }[];
}

function drivingOf({ id }: Sent): string {
  return id.slice(0, id.indexOf(':'));
}
const versionSchema = z.object({ version: z.string() });
const outcomeSchema = z.object({ state: z.string() });
const stateSchema = z.object({ state: z.number() });

/**
 * Runs one transaction in a world of its own, in virtual time: the first account pays, the others are paid. Lets processes
 * die where it is told to, lets recovery run for the deadline and 30 s, and looks at what is left.
 */
export async function runHistory({
  participants: count,
  decisions,
  oneRegion = false,
  rival = false,
  crashes,
  replacePorts = (ports) => ports,
}: HistoryOptions): Promise<HistoryResult> {
  const scheduler = new VirtualScheduler();
  const crasher = new Crasher(crashes, () => {
    for (const region of world.regions.values()) region.machine.killAll();
  });
  const world: World = new World({
    domain: toyDomain,
    regions: REGIONS,
    scheduler,
    decisions,
    withFaults: (region, ports, exit) => crasher.withFaults(region, replacePorts(ports), exit),
  });
  const call = async (region: string, method: string, path: string, body?: unknown, wait = 50) => {
    const event = functionUrlEvent({
      method,
      path,
      headers: { prefer: `wait=${wait}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const { statusCode, body: text } = await world.region(region).request(event);
    const answer: unknown = JSON.parse(text);
    return { status: statusCode, answer };
  };
  const ask = (...args: Parameters<typeof call>) => scheduler.resolve(call(...args));

  const streams = Array.from({ length: count }, (_, i) => {
    const home = oneRegion ? DRIVING : (REGIONS[i % REGIONS.length] ?? DRIVING);
    return { home, stream: `account/${home}.${i}` };
  });
  for (const { home, stream } of streams)
    await ask(home, 'POST', `/streams/${stream}/commands/deposit`, { amount: START_BALANCE });
  await scheduler.runUntil(() => world.idle);

  const transactions: Sent[] = [
    {
      id: `${DRIVING}:sweep`,
      participants: streams.map(({ stream }, i) =>
        i === 0
          ? { stream, command: 'withdraw', input: { amount: AMOUNT * (count - 1) } }
          : { stream, command: 'deposit', input: { amount: AMOUNT } },
      ),
    },
  ];
  const [first, second, third] = streams;
  if (rival && first && second) {
    const last = streams.at(-1) ?? second;
    const { answer } = await ask(second.home, 'GET', `/streams/${second.stream}`);
    transactions.push({
      id: `${RIVAL}:rival`,
      participants: [
        { stream: last.stream, command: 'withdraw', input: { amount: AMOUNT } },
        { stream: first.stream, command: 'deposit', input: { amount: AMOUNT } },
      ],
      ...(third && { checks: [{ stream: second.stream, expected: versionSchema.parse(answer).version }] }),
    });
  }
  crasher.arm();
  const told = new Map<string, number>();
  // A client whose server dies hears nothing, or that it died.
  for (const [i, transaction] of transactions.entries())
    void call(drivingOf(transaction), 'POST', '/transactions', transaction, i === 0 ? 50 : 0).then(
      ({ status }) => told.set(transaction.id, status),
      () => undefined,
    );
  await scheduler.run(DEADLINE_MS + RECOVERY_MS);
  const calls = [...crasher.calls];

  const violations: string[] = [];
  const expect = (holds: boolean, what: string): void => {
    if (!holds) violations.push(what);
  };
  const outcomes: string[] = [];
  for (const transaction of transactions) {
    const { id, participants } = transaction;
    const commitsOf = async (stream: string): Promise<readonly Commit[]> => {
      const home = streams.find((one) => one.stream === stream)?.home ?? DRIVING;
      return (await world.region(home).load(stream)).filter(({ commitId }) => commitId.startsWith(`${id}#`));
    };
    for (const { stream } of streams)
      expect(
        (await commitsOf(stream)).every(({ tx }) => tx?.state !== 'prepared'),
        `${stream} is locked still`,
      );
    const written = await Promise.all(participants.map(({ stream }) => commitsOf(stream)));
    const visible = written.map((commits) => commits.filter(({ tx }) => tx?.state !== 'aborted').length);
    const committed = visible.every((commits) => commits === 1);
    expect(committed || visible.every((commits) => commits === 0), `${id} is not atomic: ${visible.join()}`);

    const { status, answer } = await ask(drivingOf(transaction), 'GET', `/transactions/${id}`);
    const state = status === 404 ? 'unknown' : outcomeSchema.parse(answer).state;
    outcomes.push(state);
    expect(state !== 'undecided', `${id} is undecided 30 s after its deadline`);
    expect(committed === (state === 'committed'), `${id} is ${state}, but ${visible.join()} commits are visible`);
    const heard = told.get(id);
    if (heard === 200 || heard === 409)
      expect((heard === 200) === committed, `${id} was answered ${heard}, but it is ${state}`);
    if (heard === 202) expect(state !== 'unknown', `${id} was promised an outcome, and has none`);

    // Sent again it has the outcome that it has, or runs now.
    const again = await ask(drivingOf(transaction), 'POST', '/transactions', transaction);
    if (state !== 'unknown')
      expect(
        (again.status === 200) === committed && again.status < 500,
        `${id} is ${state}, sent again ${again.status}`,
      );
    else
      expect(again.status === 200 || (rival && again.status === 409), `${id} is unknown, sent again ${again.status}`);
  }
  for (const { home, stream } of streams) {
    const { status } = await ask(home, 'POST', `/streams/${stream}/commands/deposit`, { amount: AMOUNT });
    expect(status === 200, `${stream} takes no append: ${status}`);
  }
  await scheduler.runUntil(() => world.idle);
  for (const region of REGIONS) {
    const balances = await Promise.all(
      streams.map(async ({ stream }) => {
        const { answer } = await ask(region, 'GET', `/streams/${stream}`);
        return stateSchema.parse(answer).state;
      }),
    );
    const sum = balances.reduce((a, b) => a + b, 0);
    expect(sum === count * (START_BALANCE + AMOUNT), `the money does not add up in ${region}: ${balances.join()}`);
  }
  return { calls, outcome: outcomes[0] ?? 'unknown', violations };
}
