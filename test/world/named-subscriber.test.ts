import { describe, expect, it } from 'vitest';
import { HANDOVER_MS, STANDBY_MS } from '../../core/limits/budgets.ts';
import { type HandleContext, subscriber } from '../../lambdas/index.ts';
import { Operator } from '../../simulator/operator.ts';
import { silentTelemetry } from '../../world/error-log.ts';
import { VirtualScheduler } from '../../world/time/scheduler.ts';
import type { WorldOptions } from '../../world/world.ts';
import { aWorld } from './a-world.ts';
import { MapStorage } from './map-storage.ts';

const [HOME, NEXT, THIRD] = ['us-east-1', 'us-east-2', 'us-west-2'];
const regions = [HOME, NEXT, THIRD];
/** Until a Region that is active after a planned move has started: the timeout of the function, the handover, and another look. */
const MOVED_MS = 60_000 + HANDOVER_MS + STANDBY_MS;

interface Named extends Partial<Omit<WorldOptions, 'scheduler'>> {
  readonly scheduler?: VirtualScheduler;
  /** The event that it cannot handle in `HOME`. @default none */
  readonly failsOn?: string;
}

/** A world with a subscriber that is named to `HOME`, and its calls. */
function aNamed({ scheduler = new VirtualScheduler(), failsOn, ...options }: Named = {}) {
  const calls: { readonly region: string; readonly id: string }[] = [];
  const handle = ({ id }: { readonly id: string }, { region }: HandleContext) => {
    if (region === HOME && id === failsOn) throw new Error('It cannot be handled here.');
    calls.push({ region, id });
    return [{ key: 'all', sums: { handled: 1 } }];
  };
  const journal = {
    ...{ entry: '/not/loaded.ts', streamTypes: ['note'], outcomes: true, runsIn: HOME },
    handler: subscriber({ handle, outcome: handle }),
  };
  const of = aWorld({ regions, scheduler, subscribers: { journal }, ...options });
  const { world, write } = of;
  return {
    ...of,
    /** The ids of what was handled in a Region, in this order. */
    calledIn: (region: string): readonly string[] => calls.flatMap((call) => (call.region === region ? call.id : [])),
    /** Writes a note of every Region, whose event is named by it. */
    writeAll: async (name: string): Promise<void> => {
      for (const region of regions) await write(region, `${region}-${name}`, `note/${name}`, name);
    },
    move: async (from: string, to: string, kind: 'planned' | 'forced' = 'planned') =>
      scheduler.resolve(new Operator(world.region(kind === 'planned' ? from : to), scheduler).move(from, to, kind)),
    handledIn: (region: string) => world.region(region).sumsOf('journal').get('all')?.handled ?? 0,
    standbys: () =>
      regions.map((region) => world.region(region).counts.metrics.get('Standby') ?? 0).reduce((a, b) => a + b),
  };
}

function idsOf(name: string): readonly string[] {
  return regions.map((region) => `note/${name}@${region}.1.0`);
}

describe('a subscriber that is named to a Region', () => {
  it('runs there only, while the others keep each message until it was handled, and see its sums', async () => {
    const { scheduler, writeAll, calledIn, handledIn, standbys } = aNamed({ duplicates: 0.5, reorders: true });
    await writeAll('a');
    await scheduler.run(5 * STANDBY_MS);
    expect(calledIn(HOME).toSorted()).toEqual(idsOf('a'));
    expect([...calledIn(NEXT), ...calledIn(THIRD)]).toEqual([]);
    for (const region of regions) expect(handledIn(region)).toBe(3);
    // Nothing is left anywhere.
    const before = standbys();
    expect(before).toBeGreaterThanOrEqual(6);
    await scheduler.run(10 * STANDBY_MS);
    expect(standbys()).toBe(before);
  });

  it('goes on in another Region after a planned move, and back: each event is handled once', async () => {
    const { scheduler, writeAll, calledIn, handledIn, move } = aNamed();
    await writeAll('a');
    await move(HOME, NEXT);
    await writeAll('b');
    await scheduler.run(MOVED_MS);
    await writeAll('c');
    await scheduler.run(STANDBY_MS);
    expect(calledIn(NEXT)).toEqual(expect.arrayContaining([...idsOf('b'), ...idsOf('c')]));
    expect([...calledIn(HOME), ...calledIn(NEXT)].sort()).toEqual([...idsOf('a'), ...idsOf('b'), ...idsOf('c')]);

    await move(NEXT, HOME);
    await writeAll('d');
    await scheduler.run(MOVED_MS + STANDBY_MS);
    expect(calledIn(HOME)).toEqual(expect.arrayContaining([...idsOf('d')]));
    expect(calledIn(THIRD)).toEqual([]);
    expect(calledIn(HOME).length + calledIn(NEXT).length).toBe(12);
    for (const region of regions) expect(handledIn(region)).toBe(12);
  });

  it('does not begin after a planned move while the Region before it may still run what it had started', async () => {
    const { scheduler, writeAll, calledIn, move } = aNamed();
    await move(HOME, NEXT);
    await scheduler.run(3_000);
    await writeAll('a');
    await scheduler.run(60_000);
    for (const region of regions) expect(calledIn(region)).toEqual([]);
    await scheduler.run(MOVED_MS);
    expect(calledIn(NEXT).toSorted()).toEqual(idsOf('a'));
  });

  it('goes on after a forced move where the progress of the lost Region ends', async () => {
    const { world, scheduler, writeAll, calledIn, handledIn, move } = aNamed();
    await writeAll('a');
    await scheduler.run(3 * STANDBY_MS);
    // Its progress does not arrive any more.
    for (const region of [NEXT, THIRD]) world.cut(HOME, region, ['replication']);
    await writeAll('b');
    await scheduler.run(3_000);
    expect(calledIn(HOME).toSorted()).toEqual([...idsOf('a'), ...idsOf('b')]);
    world.lose(HOME);
    await move(HOME, NEXT, 'forced');
    await scheduler.run(3 * STANDBY_MS);
    // What had not arrived is handled again, nothing else is.
    expect(calledIn(NEXT).toSorted()).toEqual(idsOf('b'));
    for (const region of [NEXT, THIRD]) expect(handledIn(region)).toBe(6);
  });

  it('gets what a lost Region had replicated and not forwarded when that is published again', async () => {
    const failsOn = 'note/b@us-east-1.1.0';
    const { world, scheduler, calledIn, move, write } = aNamed({ failsOn, telemetry: silentTelemetry });
    await write(HOME, 'first', 'note/a', 'red');
    await scheduler.run(3 * STANDBY_MS);
    for (const region of [NEXT, THIRD]) world.cut(HOME, region, ['bus']);
    await write(HOME, 'second', 'note/b', 'red');
    await scheduler.run(2_000);
    world.lose(HOME);
    await move(HOME, NEXT, 'forced');
    await scheduler.run(3 * STANDBY_MS);
    expect(calledIn(NEXT)).toEqual([]);
    const from = { since: new Date(0).toISOString(), segment: 0, segments: 1, of: HOME };
    await scheduler.resolve(world.region(NEXT).operate('republish-step', from));
    await scheduler.run(3 * STANDBY_MS);
    expect(calledIn(HOME)).toEqual(['note/a@us-east-1.1.0']);
    expect(calledIn(NEXT)).toEqual([failsOn]);
  });

  it('handles the outcome of a transaction once, wherever it was driven', async () => {
    const { scheduler, call, calledIn, move } = aNamed();
    const transact = async (region: string, id: string): Promise<void> => {
      const participants = [0, 1].map((stock) => ({ stream: `stock/${stock}`, command: 'take', input: id }));
      const answer = await call(region, 'POST', '/transactions', { body: { id: `${region}:${id}`, participants } });
      expect(answer).toMatchObject({ status: 200 });
    };
    await transact(NEXT, 'one');
    await move(HOME, NEXT);
    await transact(THIRD, 'two');
    await scheduler.run(2 * MOVED_MS);
    expect([...calledIn(HOME), ...calledIn(NEXT)].toSorted()).toEqual([`tx/${NEXT}:one`, `tx/${THIRD}:two`]);
  });

  it('knows after a restart of the world what every Region has handled, and where it has moved', async () => {
    const storage = new MapStorage();
    const first = aNamed({ storage });
    await first.writeAll('a');
    await first.move(HOME, NEXT);
    await first.scheduler.run(MOVED_MS);
    const scheduler = new VirtualScheduler(first.scheduler.now());
    const second = aNamed({ storage, scheduler });
    await second.writeAll('b');
    await scheduler.run(MOVED_MS);
    expect(second.calledIn(NEXT).toSorted()).toEqual(idsOf('b'));
    expect([...second.calledIn(HOME), ...second.calledIn(THIRD)]).toEqual([]);
    for (const region of regions) expect(second.handledIn(region)).toBe(6);
  });
});

describe('a subscriber that runs where events are written', () => {
  it('handles each event once, in the Region that wrote it', async () => {
    const calls: string[] = [];
    const handler = subscriber({ handle: ({ meta }, { region }) => void calls.push(`${meta.region} in ${region}`) });
    const local = { entry: '/not/loaded.ts', streamTypes: ['note'], runsIn: 'where-written', handler } as const;
    const { settle, write } = aWorld({ regions, subscribers: { local } });
    for (const region of regions) await write(region, region, 'note/a', 'red');
    await settle();
    expect(calls.toSorted()).toEqual(regions.map((region) => `${region} in ${region}`));
  });
});
