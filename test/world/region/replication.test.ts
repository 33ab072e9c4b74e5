import { describe, expect, it, vi } from 'vitest';
import { aCommit } from '../../contract/commits.ts';
import { aWorld } from '../a-world.ts';

const regions = ['us-east-1', 'us-west-2', 'eu-west-1'];
const [HERE, THERE, ELSEWHERE] = ['us-east-1', 'us-west-2', 'eu-west-1'] as const;
const STREAM = 'note/a';

/** A world whose protocol is broken: every Region writes the log of the first one. */
function aBrokenWorld() {
  return aWorld({
    regions,
    withFaults: (_region, { events, ...ports }) => ({
      ...ports,
      events: { ...events, put: (commit) => events.put({ ...commit, log: HERE }) },
    }),
  });
}

/** Counts the records of a Region's table stream that replace an item. */
function replacementsIn({ world }: ReturnType<typeof aWorld>, region: string): () => number {
  const push = vi.spyOn(world.region(region).tableStream, 'push');
  return () => push.mock.calls.filter(([change]) => change.before !== undefined).length;
}

/** What each Region's table holds of the stream. */
function contents({ idsIn }: ReturnType<typeof aWorld>) {
  return Promise.all(regions.map((region) => idsIn(region, STREAM)));
}

describe('replication of an item that two Regions have written', () => {
  it('ends with the later one everywhere, and the Region that loses its own shows the replacement', async () => {
    const tested = aBrokenWorld();
    const { world, write, settle, scheduler } = tested;
    const [lost, kept] = [HERE, THERE].map((region) => replacementsIn(tested, region));
    world.cut(HERE, THERE);
    world.cut(THERE, HERE);
    world.cut(HERE, ELSEWHERE);
    await write(HERE, 'first', STREAM, 'red');
    await scheduler.run(10);
    await write(THERE, 'second', STREAM, 'blue');
    await settle();
    expect(await contents(tested)).toEqual([['first'], ['second'], ['second']]);

    world.healAll();
    await settle();

    expect(await contents(tested)).toEqual([['second'], ['second'], ['second']]);
    expect([lost?.(), kept?.()]).toEqual([1, 0]);
  });
});

describe('late replication', () => {
  it('takes minutes, keeps the world from being idle, and holds up no other item', async () => {
    const { world, write, settle, scheduler, idsIn } = aWorld({ regions });
    world.weather.set('replication.late', 1, HERE);
    await write(HERE, 'late', STREAM, 'red');
    world.weather.calm();
    const begin = scheduler.now();
    await write(HERE, 'prompt', 'note/b', 'red');
    await scheduler.run(30_000);
    expect(await idsIn(THERE, 'note/b')).toEqual(['prompt']);
    expect(await idsIn(THERE, STREAM)).toEqual([]);
    expect(world.idle).toBe(false);

    await settle();

    expect(await idsIn(THERE, STREAM)).toEqual(['late']);
    expect(scheduler.now() - begin).toBeGreaterThan(59_000);
    expect(world.weather.counts.get('replication.late')).toBe(2);
  });
});

describe('replication of the states of one item', () => {
  const transfer = {
    id: `${HERE}:move`,
    participants: [
      { stream: `account/${HERE}.ann`, command: 'deposit', input: { amount: 1 } },
      { stream: `account/${THERE}.bob`, command: 'deposit', input: { amount: 1 } },
    ],
  };

  /** The states of the intent, as another Region's stream shows them. */
  async function statesElsewhere(coalesced: boolean) {
    const { world, call, settle } = aWorld({ regions });
    const push = vi.spyOn(world.region(ELSEWHERE).tableStream, 'push');
    if (coalesced) world.weather.set('replication.coalesced', 1, HERE);
    expect(await call(HERE, 'POST', '/transactions', { body: transfer })).toMatchObject({ status: 200 });
    await settle();
    return push.mock.calls.flatMap(([change]) =>
      'commit' in change && change.commit.region === HERE ? [change.commit.tx?.state] : [],
    );
  }

  it('delivers each, if nothing else happens', async () => {
    expect(await statesElsewhere(false)).toEqual(['prepared', 'committed']);
  });

  it('delivers only the newest, if it is written while the older one is on its way', async () => {
    expect(await statesElsewhere(true)).toEqual(['committed']);
  });
});

describe('an outage of the tables of a Region', () => {
  it('holds up what is replicated to and from it, and nothing else', async () => {
    const { world, write, settle, scheduler, idsIn } = aWorld({ regions });
    await write(HERE, 'before', STREAM, 'red');
    world.region(HERE).cutTables(60_000);
    await write(THERE, 'meanwhile', STREAM, 'blue');
    await scheduler.run(30_000);
    expect(await idsIn(HERE, STREAM)).toEqual(['before']);
    expect(await idsIn(THERE, STREAM)).toEqual(['meanwhile']);
    expect(await idsIn(ELSEWHERE, STREAM)).toEqual(['meanwhile']);

    await settle();

    for (const region of regions) expect(await idsIn(region, STREAM)).toEqual(['before', 'meanwhile']);
  });

  it('holds up the delivery of its records', async () => {
    const { world, settle, scheduler, heard } = aWorld({ regions });
    const isHeard = () => heard(HERE).has(`${STREAM}@${HERE}.1.0`);
    world.region(HERE).cutTables(60_000);
    world.region(HERE).cutTables(10_000);
    world.region(HERE).tableStream.push({ commit: aCommit({ stream: STREAM, context: {} }) });
    await scheduler.run(59_000);
    expect(isHeard()).toBe(false);
    await settle();
    expect(isHeard()).toBe(true);
  });
});

describe('a Region that is lost', () => {
  it('takes with it what had not arrived, answers no request, and lets the others settle', async () => {
    const { world, write, call, settle, scheduler, idsIn, send } = aWorld({ regions });
    await write(HERE, 'arrived', STREAM, 'red');
    await settle();
    await write(HERE, 'under-way', STREAM, 'green');
    const asked = send(HERE, 'POST', '/events', {
      body: { id: 'asked', stream: STREAM, events: [{ type: 'Noted', data: { text: 'blue' } }] },
    });

    world.lose(HERE);

    await expect(asked).rejects.toThrow('lost');
    await expect(call(HERE, 'GET', `/streams/${STREAM}`)).rejects.toThrow('lost');
    await write(THERE, 'after', STREAM, 'red');
    await settle();
    world.healAll();
    await settle();
    expect(world.idle).toBe(true);
    await scheduler.run(60_000);
    for (const region of [THERE, ELSEWHERE]) expect(await idsIn(region, STREAM)).toEqual(['arrived', 'after']);
    expect(await idsIn(HERE, STREAM)).toContain('under-way');
  });

  it('does nothing any more, not even what it had accepted', async () => {
    const { world, putAppend, settle, scheduler, idsIn } = aWorld({ regions });
    await putAppend(HERE, 'queued', STREAM, 'red');
    world.lose(HERE);
    expect(world.idle).toBe(true);
    await scheduler.run(60_000);
    await settle();
    for (const region of regions) expect(await idsIn(region, STREAM)).toEqual([]);
  });

  it('makes calls of its functions from other Regions fail as unreachable', async () => {
    const { world, call } = aWorld({ regions: [HERE, THERE] });
    world.lose(HERE);
    const take = await call(THERE, 'POST', `/streams/account/${HERE}.ann/commands/deposit`, {
      headers: { 'idempotency-key': 'mine' },
      body: { amount: 1 },
    });
    expect(take).toMatchObject({ status: 503, body: { code: 'region-unreachable' } });
  });
});
