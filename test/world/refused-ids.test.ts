import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineDomain, defineStream, reject } from '../../core/index.ts';
import { account, note } from '../../testing/toy.ts';
import { aWorld } from './a-world.ts';

/** Its ids are dates. */
const diary = defineStream({
  ...note,
  type: 'diary',
  checkId(id) {
    if (!z.iso.date().safeParse(id).success) throw reject(`${id} is not a date.`, { id });
  },
});
const domain = defineDomain({ streams: [diary, account], views: [] });

const region = 'us-east-1';
const rejection = { code: 'rejected', status: 422 };

const receiptSchema = z.object({ detail: z.object({ problem: z.unknown() }) });

/** The receipt of a message that a producer put on the bus. */
async function rejectionOf(detailType: string, detail: object): Promise<unknown> {
  const { world, put, settle } = aWorld({ domain });
  const problems: unknown[] = [];
  world.region(region).bus.addRule(
    { source: ['meridian.receipt'] },
    {
      kind: 'listener',
      listen: (event) => {
        problems.push(receiptSchema.parse(event).detail.problem);
      },
    },
  );
  await put(region, detailType, detail);
  await settle();
  expect(problems).toHaveLength(1);
  return problems[0];
}

// A merge type refuses ids by `checkId`, a home type by `home`: senders see no difference.
describe.each([
  {
    stream: 'diary/tuesday',
    events: [{ type: 'Noted', data: { text: 'rain' } }],
    command: { command: 'note', input: { text: 'rain' } },
    detail: 'tuesday is not a date.',
  },
  {
    stream: 'account/nowhere.1',
    events: [{ type: 'Deposited', data: { amount: 1 } }],
    command: { command: 'deposit', input: { amount: 1 } },
    detail: 'There is no home for nowhere.1.',
  },
])('the id of $stream, which its type refuses,', ({ stream, events, command, detail }) => {
  it('is rejected by the API with events', async () => {
    const { call, idsIn } = aWorld({ domain });
    const { status, body } = await call(region, 'POST', '/events', { body: { stream, events } });
    expect([status, body]).toEqual([422, expect.objectContaining({ ...rejection, detail })]);
    expect(await idsIn(region, stream)).toEqual([]);
  });

  it('is rejected by the API with a command', async () => {
    const { call, idsIn } = aWorld({ domain });
    const path = `/streams/${stream}/commands/${command.command}`;
    const { status, body } = await call(region, 'POST', path, { body: command.input });
    expect([status, body]).toEqual([422, expect.objectContaining({ ...rejection, detail })]);
    expect(await idsIn(region, stream)).toEqual([]);
  });

  it('is rejected on the bus with events, and with a command', async () => {
    for (const [type, operation] of [['meridian.append', { events }] as const, ['meridian.command', command] as const])
      expect(await rejectionOf(type, { id: 'a', stream, ...operation })).toMatchObject({ ...rejection, detail });
  });

  it('is a fault of the transaction that names it, over the API and on the bus', async () => {
    const fault = { path: 'participants[0].stream', message: detail };
    const transaction = { id: `${region}:order-1`, participants: [{ stream, ...command }] };
    const refusal = { code: 'validation', faults: [fault] };
    const { status, body } = await aWorld({ domain }).call(region, 'POST', '/transactions', { body: transaction });
    expect([status, body]).toEqual([400, expect.objectContaining(refusal)]);
    expect(await rejectionOf('meridian.transact', transaction)).toMatchObject(refusal);
  });
});

it('does not affect other ids of the type', async () => {
  const { call, get } = aWorld({ domain });
  const events = [{ type: 'Noted', data: { text: 'rain' } }];
  const { status } = await call(region, 'POST', '/events', { body: { stream: 'diary/2001-01-01', events } });
  expect(status).toBe(200);
  expect(await get(region, '/streams/diary/2001-01-01')).toMatchObject({ state: [{ text: 'rain' }] });
});
