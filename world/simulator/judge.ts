import * as z from 'zod';
import type { Commit } from '../../core/index.ts';
import { RECOVERY_MS } from '../../core/limits/budgets.ts';
import {
  AMOUNT,
  askRegion,
  type Deposit,
  depositOf,
  drivingOf,
  REGIONS,
  type Scene,
  type Sent,
  START_BALANCE,
} from './scene.ts';

/** A request of a client. */
export interface Request {
  /** Id of the transaction, or of the append. */
  readonly id: string;
  /** HTTP status of the response; `error` if the server died, `none` as long as the client waits. */
  response: number | 'error' | 'none';
}

/** The outcomes of the transactions, and the broken guarantees, as sentences. */
export interface Verdict {
  /** The state of each transaction; `unknown` if it has none. */
  readonly outcomes: readonly string[];
  readonly violations: readonly string[];
}

/** A condition that should hold, and the violation to report if it does not. */
type Claim = readonly [holds: boolean, otherwise: string];

const outcomeSchema = z.object({ state: z.string() });
const stateSchema = z.object({ state: z.number() });

/**
 * Checks the state after recovery: every transaction, the append if there is one, whether the streams accept appends, and
 * whether the money adds up everywhere. Sends everything again, and pays into each account.
 */
export async function judgeScene(scene: Scene, requests: readonly Request[]): Promise<Verdict> {
  const outcomes: string[] = [];
  const claims: Claim[] = requests.map(({ id, response }) => [response !== 'none', `a client still waits for ${id}`]);
  const heardOf = (sent: string) => requests.flatMap(({ id, response }) => (id === sent ? response : []));
  for (const transaction of scene.transactions) {
    const of = await judgeTransaction(scene, transaction, heardOf(transaction.id));
    outcomes.push(of.state);
    claims.push(...of.claims);
  }
  if (scene.append) claims.push(...(await judgeAppend(scene, scene.append, heardOf(scene.append.id))));
  claims.push(...(await takesAppends(scene)), ...(await addsUp(scene)));
  return { outcomes, violations: claims.flatMap(([holds, otherwise]) => (holds ? [] : [otherwise])) };
}

async function judgeTransaction(scene: Scene, transaction: Sent, heard: readonly Request['response'][]) {
  const { id } = transaction;
  const unlocked = await isUnlocked(scene, transaction);
  const visible = await visibleCommits(scene, transaction);
  const committed = visible.every((commits) => commits === 1);
  const path = `/transactions/${id}`;
  const { status, answer } = await askRegion(scene, drivingOf(transaction), { method: 'GET', path });
  const state = status === 404 ? 'unknown' : outcomeSchema.parse(answer).state;
  const claims: Claim[] = [
    ...unlocked,
    [committed || visible.every((commits) => commits === 0), `${id} is not atomic: ${visible.join()}`],
    [state !== 'undecided', `${id} is undecided ${RECOVERY_MS / 1000} s after its deadline`],
    [committed === (state === 'committed'), `${id} is ${state}, but ${visible.join()} commits are visible`],
  ];
  for (const status of heard) {
    if (status === 200 || status === 409)
      claims.push([(status === 200) === committed, `${id} got status ${status}, but it is ${state}`]);
    if (status === 202) claims.push([state !== 'unknown', `${id} was promised an outcome, and has none`]);
  }
  claims.push([
    state !== 'unknown' || heard.includes('error'),
    `${id} has no outcome, although its client got a response`,
  ]);
  claims.push(await sentAgain(scene, transaction, { state, committed }));
  return { state, claims };
}

async function isUnlocked(scene: Scene, transaction: Sent): Promise<readonly Claim[]> {
  const claims: Claim[] = [];
  for (const { stream } of scene.accounts) {
    const commits = await commitsOf(scene, transaction, stream);
    claims.push([commits.every(({ tx }) => tx?.state !== 'prepared'), `${stream} is still locked`]);
  }
  return claims;
}

/** The number of visible commits of a transaction, per participant. */
async function visibleCommits(scene: Scene, transaction: Sent): Promise<readonly number[]> {
  const written = await Promise.all(
    transaction.participants.map(({ stream }) => commitsOf(scene, transaction, stream)),
  );
  return written.map((commits) => commits.filter(({ tx }) => tx?.state !== 'aborted').length);
}

async function commitsOf({ world, accounts }: Scene, transaction: Sent, stream: string): Promise<readonly Commit[]> {
  const home = accounts.find((one) => one.stream === stream)?.home ?? drivingOf(transaction);
  return (await world.region(home).load(stream)).filter(({ commitId }) => commitId.startsWith(`${transaction.id}#`));
}

/** Checks a retry of a transaction: it returns the known outcome, or runs now. */
async function sentAgain(
  scene: Scene,
  transaction: Sent,
  { state, committed }: { readonly state: string; readonly committed: boolean },
): Promise<Claim> {
  const { id } = transaction;
  const hasRival = scene.transactions.length > 1;
  const { status } = await askRegion(scene, drivingOf(transaction), {
    method: 'POST',
    path: '/transactions',
    body: transaction,
  });
  return state === 'unknown'
    ? [status === 200 || (hasRival && status === 409), `${id} is unknown, but a retry got status ${status}`]
    : [(status === 200) === committed && status < 500, `${id} is ${state}, but a retry got status ${status}`];
}

/** Checks the append that met the transaction: it is accepted, once, unless its server died. */
async function judgeAppend(scene: Scene, append: Required<Deposit>, heard: readonly Request['response'][]) {
  const { account, id } = append;
  const copies = async () => {
    const commits = await scene.world.region(account.home).load(account.stream);
    return commits.filter(({ commitId }) => commitId === id).length;
  };
  const before = await copies();
  const claims: Claim[] = heard.flatMap((status): Claim[] =>
    status === 'error'
      ? []
      : [
          [status === 200, `the append got status ${status}`],
          [before === 1, `the append got status ${status}, and was written ${before} times`],
        ],
  );
  const { status } = await askRegion(scene, account.home, depositOf(append));
  const after = await copies();
  claims.push([
    status === 200 && after === 1,
    `the append sent again got status ${status}, and is there ${after} times`,
  ]);
  return claims;
}

async function takesAppends(scene: Scene): Promise<readonly Claim[]> {
  const claims: Claim[] = [];
  for (const account of scene.accounts) {
    const { status } = await askRegion(scene, account.home, depositOf({ account }));
    claims.push([status === 200, `${account.stream} refuses appends: ${status}`]);
  }
  return claims;
}

async function addsUp(scene: Scene): Promise<readonly Claim[]> {
  const { scheduler, world, accounts, append } = scene;
  await scheduler.runUntil(() => world.idle);
  const claims: Claim[] = [];
  const expected = accounts.length * (START_BALANCE + AMOUNT) + (append ? AMOUNT : 0);
  for (const region of REGIONS) {
    const balances = await Promise.all(
      accounts.map(async ({ stream }) => {
        const { answer } = await askRegion(scene, region, { method: 'GET', path: `/streams/${stream}` });
        return stateSchema.parse(answer).state;
      }),
    );
    const sum = balances.reduce((a, b) => a + b, 0);
    claims.push([sum === expected, `the money does not add up in ${region}: ${balances.join()}`]);
  }
  return claims;
}
