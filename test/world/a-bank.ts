import { expect } from 'vitest';
import * as z from 'zod';
import { type Commit, type Decision, drivingRegionOf, isVisible, parseAttemptId } from '../../core/index.ts';
import { aWorld } from './a-world.ts';

export const REGIONS = ['us-east-1', 'us-east-2', 'us-west-2'] as const;
export const [EAST, OHIO, WEST] = REGIONS;
/** Three Regions with one or two accounts each. */
export const ACCOUNTS = ['us-east-1.ann', 'us-east-1.bob', 'us-east-2.cid', 'us-west-2.dan'] as const;
export const [ANN, BOB, CID, DAN] = ACCOUNTS;
export type Account = (typeof ACCOUNTS)[number];
/** The initial balance of each account. */
export const BALANCE = 100;

interface Transfer {
  /** Key of the transaction's id. */
  readonly key: string;
  readonly from: Account;
  readonly to: Account;
  readonly amount?: number;
  /** The Region that it is sent to. */
  readonly at?: string;
  /** The driving Region. @default the Region that it is sent to */
  readonly drivenBy?: string;
  readonly timeoutSeconds?: number;
  /** Seconds that the caller waits for the outcome. @default 20 */
  readonly wait?: number;
}

function account(id: Account): string {
  return `account/${id}`;
}
export function homeOf(id: Account): string {
  return id.slice(0, id.indexOf('.'));
}

function partition<T>(all: readonly T[], matches: (one: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [all.filter(matches), all.filter((one) => !matches(one))];
}

const shapeSchema = z.looseObject({ id: z.string().optional(), state: z.string().optional() });

/** An idle world whose accounts have received their money. */
export async function aBank(options: Parameters<typeof aWorld>[0] = {}) {
  const ledger = aWorld({ regions: REGIONS, ...options });
  const { world, scheduler, call, send, get, rows, settle, heard } = ledger;
  const transactionOf = ({ key, from, to, amount = 10, at = EAST, drivenBy = at, timeoutSeconds = 30 }: Transfer) => ({
    id: `${drivenBy}:${key}`,
    participants: [
      { stream: account(from), command: 'withdraw', input: { amount } },
      { stream: account(to), command: 'deposit', input: { amount } },
    ],
    timeoutSeconds,
  });
  /** Deposits money in an account, without a transaction. */
  const deposit = (region: string, commitId: string, id: Account, amount = 1) =>
    send(region, 'POST', `/streams/${account(id)}/commands/deposit`, {
      headers: { 'idempotency-key': commitId },
      body: { amount },
    });
  /** A transfer, with its response as time advances: the status, and the state or the problem's code. */
  const begun = async (transfer: Transfer) => {
    const { status, body } = await send(transfer.at ?? EAST, 'POST', '/transactions', {
      headers: { prefer: `wait=${transfer.wait ?? 20}` },
      body: transactionOf(transfer),
    });
    return { status, body: shapeSchema.parse(body) };
  };
  const commitsOf = async (region: string, id: Account): Promise<readonly Commit[]> =>
    world.region(region).load(account(id));
  const balanceOf = (commits: readonly Commit[]): number =>
    commits
      .filter(isVisible)
      .flatMap(({ events }) => events)
      .reduce(
        (sum, { type, data }) =>
          sum + (type === 'Deposited' ? 1 : -1) * z.object({ amount: z.number() }).parse(data).amount,
        0,
      );
  /** The record with the outcome of a transaction, in the Region that drives it. */
  const recordOf = async (id: string): Promise<Decision | undefined> => {
    const region = world.region(drivingRegionOf(id));
    const records = [await region.oneRegionDecision(id), ...(await region.attempts(id))].flatMap(
      (record) => record ?? [],
    );
    const finals = records.filter(({ final }) => final);
    expect(finals.length, `outcomes of ${id}`).toBeLessThan(2);
    return finals[0];
  };

  for (const id of ACCOUNTS) {
    const { status } = await scheduler.resolve(deposit(homeOf(id), 'open', id, BALANCE));
    expect(status).toBe(200);
  }
  await settle();
  const begin = scheduler.now();

  return {
    ...ledger,
    /** Milliseconds since the bank opened. */
    elapsed: () => scheduler.now() - begin,
    begun,
    deposit,
    transfer: (transfer: Transfer) => scheduler.resolve(begun(transfer)),
    recordOf,
    commitsOf,
    /** The current balance of an account in a Region's API. */
    balance: async (region: string, id: Account): Promise<unknown> =>
      z.object({ state: z.unknown() }).parse(await get(region, `/streams/${account(id)}`)).state,
    /** Intents of an account that are not final, in its home. */
    preparedOf: async (id: Account) =>
      (await commitsOf(homeOf(id), id)).filter(({ tx }) => tx?.state === 'prepared').map(({ commitId }) => commitId),
    /**
     * Checks the world after recovery: every transaction is present as a whole or not at all, in every Region; no
     * intent is open; the money adds up, in the streams and in the views; outcomes are announced, and every Region
     * reports the same.
     * @param sent ids of all transactions
     */
    expectWhole: async (sent: readonly string[]) => {
      expect(world.recovered).toBe(true);
      const homes = new Map<string, readonly Commit[]>();
      for (const id of ACCOUNTS) homes.set(account(id), await commitsOf(homeOf(id), id));
      const all = [...homes.values()].flat();

      expect(all.filter(({ tx }) => tx?.state === 'prepared').map(({ commitId }) => commitId)).toEqual([]);
      const [visible, brought] = partition(all.filter(isVisible), ({ commitId }) => commitId.includes('#'));
      for (const id of sent) {
        const record = await recordOf(id);
        const commits = visible.filter(({ commitId }) => parseAttemptId(commitId).transaction === id);
        const listed = record?.state === 'committed' ? record.participants : [];
        expect(
          commits.map(({ stream, log, position, commitId }) => [stream, log, position, commitId]).sort(),
          `commits of ${id}`,
        ).toEqual(
          listed.map(({ stream, log, position }) => [stream, log, position, `${id}#${record?.attempt}`]).sort(),
        );
        for (const region of record ? REGIONS : [])
          expect(heard(region).get(`tx/${id}`), `${id} announced in ${region}`).toBeGreaterThan(0);
        for (const region of REGIONS) {
          const { status, body } = await call(region, 'GET', `/transactions/${id}`);
          if (record) expect(body, `${id} in ${region}`).toMatchObject({ id, state: record.state });
          else expect(status, `${id} in ${region}`).toBe(404);
        }
      }
      expect(visible.filter(({ commitId }) => !sent.includes(parseAttemptId(commitId).transaction))).toEqual([]);

      const sums = new Map<string, number>();
      for (const id of ACCOUNTS) {
        const balance = balanceOf(homes.get(account(id)) ?? []);
        expect(balance).toBeGreaterThanOrEqual(0);
        sums.set(homeOf(id), (sums.get(homeOf(id)) ?? 0) + balance);
      }
      expect([...sums.values()].reduce((sum, balance) => sum + balance)).toBe(balanceOf(brought));
      for (const region of REGIONS) {
        for (const id of ACCOUNTS) expect(await commitsOf(region, id)).toEqual(homes.get(account(id)));
        expect(await rows(region, 'money')).toEqual(
          Object.fromEntries([...sums].map(([of, balance]) => [of, { balance }])),
        );
        const { tableStream, decisionStream, quarantine, projectionDeadLetters, resolverDeadLetters } =
          world.region(region);
        expect([...tableStream.failures, ...decisionStream.failures]).toEqual([]);
        expect([...quarantine.bodies, ...projectionDeadLetters.bodies, ...resolverDeadLetters.bodies]).toEqual([]);
      }
    },
  };
}
