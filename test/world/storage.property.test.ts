import fc from 'fast-check';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { toyDomain as domain } from '../../testing/toy.ts';
import { functionUrlEvent, type Storage, VirtualScheduler, World } from '../../world/index.ts';
import { MapStorage } from './map-storage.ts';

const regions = ['us-east-1', 'us-east-2', 'us-west-2'];
const [a, b] = ['account/us-east-1.ann', 'account/us-east-2.bob'];

/** Nothing is saved once its process has ended. */
function until(isOver: () => boolean, storage: Storage): Storage {
  return {
    load: (table) => storage.load(table),
    save: (table, item) => {
      if (!isOver()) storage.save(table, item);
    },
    remove: (table, item) => {
      if (!isOver()) storage.remove(table, item);
    },
  };
}

function post(world: World, region: string, path: string, body: object) {
  return world.region(region).request(functionUrlEvent({ method: 'POST', path, body: JSON.stringify(body) }));
}

async function stateIn(world: World, scheduler: VirtualScheduler, region: string, stream: string): Promise<unknown> {
  const event = functionUrlEvent({ method: 'GET', path: `/streams/${stream}` });
  return JSON.parse((await scheduler.resolve(world.region(region).request(event))).body).state;
}

it('a world that starts from the storage of an earlier world has all acknowledged writes, wherever that one ended', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.integer({ min: 0, max: 3000 }), fc.constantFrom('strong', 'eventual'), endsAfter),
    { numRuns: 25 },
  );
});

it('a world continues with the messages to ingest and the quarantine of an earlier world, wherever that one ended', async () => {
  await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: 400 }), ingestsAfter), { numRuns: 25 });
});

it('a redriven message is not in the quarantine of the next world, and a new message gets a new id', async () => {
  const storage = new MapStorage();
  const worldOf = () => new World({ domain, regions, scheduler: new VirtualScheduler(), storage }).region('us-west-2');
  const first = worldOf().quarantine;
  await first.send(['one', 'two', 'three']);
  const [one] = await first.receive(1000);
  await first.remove(one ? [one] : []);
  const second = worldOf().quarantine;
  await second.send(['four']);
  const held = await second.receive(1000);
  expect(held.map(({ body }) => body)).toEqual(['two', 'three', 'four']);
  expect(new Set(held.map(({ id }) => id)).size).toBe(3);
});

async function ingestsAfter(milliseconds: number): Promise<void> {
  const storage = new MapStorage();
  const scheduler = new VirtualScheduler();
  let isOver = false;
  const first = new World({ domain, regions, scheduler, storage: until(() => isOver, storage) });
  const sent: string[] = [];
  const unreadable: string[] = [];
  const put = (detail: object, list: string[], name: string): void => {
    const entry = { source: 'shop', detailType: 'meridian.append', detail: JSON.stringify(detail) };
    void first.region('us-west-2').bus.put([entry]);
    list.push(name);
  };
  for (let i = 0; i < 10; i++)
    scheduler.after(i * 40, () => {
      if (isOver) return;
      put({ id: `n${i}`, stream: 'note/one', events: [{ type: 'Noted', data: { text: `${i}` } }] }, sent, `${i}`);
      put({ what: `u${i}` }, unreadable, `u${i}`);
    });
  await scheduler.run(milliseconds);
  isOver = true;

  const later = new VirtualScheduler(scheduler.now() + 1000);
  const second = new World({ domain, regions, scheduler: later, storage });
  await later.runUntil(() => second.recovered);
  const notes = z.array(z.object({ text: z.string() })).parse(await stateIn(second, later, 'us-east-1', 'note/one'));
  expect(notes.map(({ text }) => text).sort()).toEqual(sent);
  // A message moves twice if a process ends after it has quarantined the message and before it removes it from the queue.
  const { bodies } = second.region('us-west-2').quarantine;
  expect([...new Set(bodies.map((body) => /u\d/.exec(body)?.[0]))].sort()).toEqual(unreadable);
}

it('a transaction that was decided when a world ended is final in the next world immediately, not after its deadline', async () => {
  const storage = new MapStorage();
  const scheduler = new VirtualScheduler();
  let isOver = false;
  const endsWithDecision: Storage = {
    ...until(() => isOver, storage),
    save: (table, item) => {
      if (!isOver) storage.save(table, item);
      isOver ||= table === 'decisions';
    },
  };
  const first = new World({ domain, regions, scheduler, storage: endsWithDecision });
  await scheduler.resolve(post(first, 'us-east-1', `/streams/${a}/commands/deposit`, { amount: 10 }));
  const participants = [
    { stream: a, command: 'withdraw', input: { amount: 5 } },
    { stream: b, command: 'deposit', input: { amount: 5 } },
  ];
  void post(first, 'us-west-2', '/transactions', { participants });
  await scheduler.runUntil(() => isOver);

  const later = new VirtualScheduler(scheduler.now());
  const second = new World({ domain, regions, scheduler: later, storage });
  await later.runUntil(() => second.idle);
  expect(later.now() - scheduler.now()).toBeLessThan(5000);
  for (const region of regions) {
    const states = (await second.region(region).commits()).flatMap(({ tx }) => tx?.state ?? []);
    expect([region, ...states]).toEqual([region, 'committed', 'committed']);
  }
});

async function endsAfter(seed: number, milliseconds: number, decisions: 'strong' | 'eventual'): Promise<void> {
  const storage = new MapStorage();
  const scheduler = new VirtualScheduler();
  let isOver = false;
  const first = new World({ domain, regions, scheduler, seed, decisions, storage: until(() => isOver, storage) });
  const acknowledged = { deposits: 0, notes: 0, moved: 0 };
  const count = (name: keyof typeof acknowledged, answer: ReturnType<typeof post>) =>
    void answer.then(({ statusCode }) => {
      if (!isOver && statusCode === 200) acknowledged[name]++;
    });
  for (const [i, region] of regions.entries()) {
    count('deposits', post(first, region, `/streams/${a}/commands/deposit`, { amount: 10 }));
    count('notes', post(first, region, '/streams/note/one/commands/note', { text: `${i}` }));
  }
  const move = [
    { stream: a, command: 'withdraw', input: { amount: 5 } },
    { stream: b, command: 'deposit', input: { amount: 5 } },
  ];
  scheduler.after(400, () => count('moved', post(first, 'us-west-2', '/transactions', { participants: move })));
  await scheduler.run(milliseconds);
  isOver = true;

  const later = new VirtualScheduler(scheduler.now() + 1000);
  const second = new World({ domain, regions, scheduler: later, seed: seed + 1, decisions, storage });
  await later.runUntil(() => second.recovered);
  const shown = await Promise.all(
    regions.map((region) => Promise.all([a, b, 'note/one'].map((stream) => stateIn(second, later, region, stream)))),
  );
  expect(shown).toEqual([shown[0], shown[0], shown[0]]);
  const [[ann, bob, notes] = []] = shown;
  expect(Number(ann) + Number(bob)).toBeGreaterThanOrEqual(10 * acknowledged.deposits);
  expect((Number(ann) + Number(bob)) % 10).toBe(0);
  expect(Number(bob)).toBeGreaterThanOrEqual(5 * acknowledged.moved);
  expect(Array.isArray(notes) && notes.length >= acknowledged.notes).toBe(true);
}

it('a world that starts again writes home streams where an earlier world has moved them', async () => {
  const storage = new MapStorage();
  const path = `/streams/${a}/commands/deposit`;
  const amount = { amount: 5 };
  const begin = () => {
    const scheduler = new VirtualScheduler();
    const world = new World({ domain, regions, scheduler, storage });
    const deposit = async (region: string) =>
      JSON.parse((await scheduler.resolve(post(world, region, path, amount))).body);
    return { scheduler, world, deposit };
  };
  const first = begin();
  expect(await first.deposit('us-east-1')).toMatchObject({ log: 'us-east-1', position: 1 });
  const move = { from: 'us-east-1', to: 'us-west-2', kind: 'planned', known: {} } as const;
  await first.scheduler.resolve(first.world.region('us-east-1').operate('move', { ...move, acceptLossWindow: false }));
  await first.scheduler.run(5000);
  expect(await first.deposit('us-east-1')).toMatchObject({ log: 'us-west-2', position: 1 });
  await first.scheduler.run(5000);
  const second = begin();
  await second.scheduler.run(5000);
  expect(await second.deposit('us-east-1')).toMatchObject({ log: 'us-west-2', position: 2 });
});
