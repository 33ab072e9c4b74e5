import { describe, expect, it } from 'vitest';
import { isClientError } from '../../client/error.ts';
import { aDeployment, regions } from './a-deployment.ts';

const [east1, east2, west2] = regions;
const [ann, bob] = [`${east1}.ann`, `${west2}.bob`];

/** A transfer of money between two Regions. */
const transfer = [
  { stream: `account/${ann}`, command: 'withdraw', input: { amount: 5 } },
  { stream: `account/${bob}`, command: 'deposit', input: { amount: 5 } },
] as const;

async function withMoney(options: Parameters<typeof aDeployment>[0] = {}) {
  const deployment = aDeployment(options);
  await deployment.result(deployment.client().stream('account', ann).command('deposit', { amount: 10 }));
  deployment.sent.length = 0;
  const balances = async () => {
    const bank = deployment.client();
    const states = [ann, bob].map(async (id) => (await bank.stream('account', id).read()).state);
    return deployment.result(Promise.all(states));
  };
  return { ...deployment, balances };
}

describe('a transaction', () => {
  it('is driven by the Region that the caller chooses, and returns what it wrote', async () => {
    const { client, sent, result, settle, balances } = await withMoney();
    const committed = await result(client().transact(transfer, { drivenBy: west2 }));
    expect(committed).toMatchObject({ id: `${west2}:made-2`, state: 'committed' });
    expect(sent[0]).toMatchObject({ region: west2, path: '/transactions' });
    await settle();
    expect(await balances()).toEqual([5, 5]);
  });

  it('with a malformed id is refused before anything is sent', async () => {
    const { client, sent, failure } = await withMoney();
    const error = await failure(client().transact(transfer, { id: 'noregion' }));
    if (!isClientError(error, 'validation')) throw error;
    expect(error).toMatchObject({ id: 'noregion', maybeWritten: false, retryable: false });
    expect(error.message).toContain(`id: is not <Region>:<key>, such as ${east1}:order-17`);
    expect(error.details.faults).toMatchObject([{ path: 'id' }]);
    expect(sent).toEqual([]);
  });

  it('that JSON cannot carry is refused before anything is sent', async () => {
    const { client, sent, failure } = await withMoney();
    const [taken, given] = transfer;
    const odd = [{ ...taken, input: { amount: Number.NaN } }, given] as const;
    const error = await failure(client().transact(odd, { id: `${east1}:odd` }));
    if (!isClientError(error, 'validation')) throw error;
    expect(error).toMatchObject({ id: `${east1}:odd`, maybeWritten: false });
    expect(error.details.faults).toMatchObject([{ path: 'participants[0].input.amount' }]);
    expect(sent).toEqual([]);
  });

  it('is visible to its sender in any Region', async () => {
    const { client, result } = await withMoney();
    const bank = client();
    await result(bank.transact(transfer));
    expect(await result(bank.stream('account', bob).read())).toMatchObject({ state: 5 });
  });

  it('is waited for when the Region has no outcome yet', async () => {
    const { client, sent, result, balances, settle } = await withMoney({
      startsMachines: async (start, scheduler) => void scheduler.after(15_000, () => void start()),
    });
    const committed = await result(client().transact(transfer));
    expect(committed).toMatchObject({ state: 'committed' });
    expect(new Set(sent.map(({ method }) => method))).toEqual(new Set(['POST', 'GET']));
    await settle();
    expect(await balances()).toEqual([5, 5]);
  });

  it('is aborted with the reason and the stream that caused it', async () => {
    const { client, failure, balances } = await withMoney();
    const [, deposit] = transfer;
    const error = await failure(
      client().transact([{ stream: `account/${ann}`, command: 'withdraw', input: { amount: 50 } }, deposit]),
    );
    if (!isClientError(error, 'aborted')) throw error;
    expect(error).toMatchObject({
      ...{ id: `${east1}:made-2`, maybeWritten: false },
      details: { participant: `account/${ann}`, reason: { code: 'rejected', balance: 10 } },
    });
    expect(await balances()).toEqual([10, 0]);
  });

  it('is aborted in the same way when the outcome had to be waited for', async () => {
    const { client, failure, settle, balances } = await withMoney({ startsMachines: async () => undefined });
    const error = await failure(client().transact(transfer));
    if (!isClientError(error, 'aborted')) throw error;
    expect(error).toMatchObject({ maybeWritten: false, details: { reason: { code: 'deadline-exceeded' } } });
    await settle();
    expect(await balances()).toEqual([10, 0]);
  });

  it('happens once if its response is lost, and if it is sent to another Region', async () => {
    const { client, next, sent, result, settle, balances } = await withMoney();
    next('unanswered', 'unanswered');
    const committed = await result(client().transact(transfer));
    expect(sent.map(({ region }) => region)).toEqual([east1, east1, east2]);
    await settle();
    expect(await balances()).toEqual([5, 5]);
    expect(await result(client().transaction(committed.id))).toMatchObject(committed);
  });

  it('is found by its id after the process has died', async () => {
    const { client, next, result, failure, settle, balances } = await withMoney();
    next('unanswered');
    const id = `${east1}:order-1`;
    expect(await failure(client({ retry: { tries: 1 } }).transact(transfer, { id }))).toMatchObject({
      ...{ code: 'broken', maybeWritten: true, id },
    });
    expect(await result(client().transact(transfer, { id }))).toMatchObject({ id, state: 'committed' });
    await settle();
    expect(await balances()).toEqual([5, 5]);
  });

  it('cannot fail over from the Region that drives it: without that Region there is no outcome', async () => {
    const { client, world, fates, failure } = await withMoney();
    world.cut(east2, east1);
    world.cut(west2, east1);
    fates(({ region }) => (region === east1 ? 'unreachable' : undefined));
    expect(await failure(client().transact(transfer))).toMatchObject({
      code: 'region-unreachable',
      maybeWritten: true,
    });
  });

  it('is no longer waited for when the caller aborts the call, and may still be committed', async () => {
    const { client, scheduler, failure } = await withMoney({ startsMachines: async () => undefined });
    const stop = new AbortController();
    scheduler.after(12_000, () => stop.abort());
    expect(await failure(client().transact(transfer, { signal: stop.signal }))).toMatchObject({
      ...{ code: 'cancelled', maybeWritten: true, id: `${east1}:made-2` },
    });
  });

  it('is given up if it has no outcome long after its deadline', async () => {
    const { client, fates, failure } = await withMoney({ startsMachines: async () => undefined });
    fates(({ method }) => (method === 'GET' ? 'undecided' : undefined));
    expect(await failure(client().transact(transfer))).toMatchObject({ code: 'undecided', maybeWritten: true });
  });

  it('requires streams that it only reads to be at the given versions', async () => {
    const { client, result, failure } = await withMoney();
    const bank = client();
    const { version: expected } = await result(bank.stream('account', bob).read());
    const [withdraw] = transfer;
    const both = () => bank.transact([withdraw, { stream: `account/${bob}`, expected }]);
    await result(both());
    await result(bank.stream('account', bob).command('deposit', { amount: 1 }));
    const error = await failure(both());
    if (!isClientError(error, 'aborted')) throw error;
    expect(error.details).toMatchObject({ participant: `account/${bob}`, reason: { code: 'version-conflict' } });
  });
});
