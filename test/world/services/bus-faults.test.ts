import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { Link } from '../../../world/network/link.ts';
import { WorldBus } from '../../../world/services/bus.ts';
import { KeepingQueue } from '../../../world/services/queue.ts';
import { Activity } from '../../../world/time/activity.ts';
import { seeded } from '../../../world/time/randomness.ts';
import { VirtualScheduler } from '../../../world/time/scheduler.ts';
import { Weather } from '../../../world/weather.ts';

const [here, there] = ['us-east-1', 'us-west-2'];
const eventSchema = z.looseObject({ detail: z.looseObject({ n: z.number() }) });

function entry(n: number, bornIn = here, source = 'meridian.account') {
  return { source, detailType: 'Deposited', detail: JSON.stringify({ n, meta: { region: bornIn } }) };
}

/** Two buses that forward all events to each other, and what they have delivered. */
function twoBuses(archives = false) {
  const scheduler = new VirtualScheduler(0);
  const activity = new Activity();
  const weather = new Weather(seeded(1));
  const [bus, other] = [here, there].map((region) => {
    const queue = new KeepingQueue();
    const made = new WorldBus({ region, archives }, { scheduler, weather });
    made.addRule({}, { kind: 'queue', queue });
    return {
      bus: made,
      numbers: () => queue.bodies.map((body) => eventSchema.parse(JSON.parse(body)).detail.n),
      queue,
    };
  });
  if (!bus || !other) throw new Error('There are two buses.');
  for (const [from, to] of [
    [bus, other],
    [other, bus],
  ] as const) {
    const link = new Link(scheduler, seeded(1), activity, { latency: [10, 10], duplicates: 0 });
    from.bus.addRule({}, { kind: 'bus', link, bus: to.bus });
  }
  return { scheduler, weather, bus, other, settle: () => scheduler.runUntil(() => activity.idle) };
}

describe('a bus', () => {
  it('can drop what it forwards, and only that', async () => {
    const { bus, other, weather, settle } = twoBuses();
    weather.set('bus.dropped', 0.5, here);

    await bus.bus.put([0, 1, 2, 3, 4, 5, 6, 7].map((n) => entry(n)));
    await settle();

    expect(bus.numbers()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const dropped = weather.counts.get('bus.dropped') ?? 0;
    expect(dropped).toBeGreaterThan(0);
    expect(other.numbers()).toHaveLength(8 - dropped);
  });

  it('can refuse entries of a batch, so that they can be put again', async () => {
    const { bus, weather } = twoBuses();
    weather.set('bus.partial', 0.5, here);
    const entries = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => entry(n));

    const answers = await bus.bus.put(entries);
    weather.calm();
    const refused = entries.filter((_entry, i) => answers[i] !== undefined);
    expect(answers.filter((answer) => answer !== undefined)).toEqual(
      refused.map(() => expect.stringContaining('InternalFailure')),
    );
    expect(refused.length).toBeGreaterThan(0);
    expect(await bus.bus.put(refused)).toEqual(refused.map(() => undefined));

    expect(bus.numbers().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });
});

describe('the archive of a bus', () => {
  it('replays the domain’s events of a time to all rules, marked as replayed', async () => {
    const { bus, scheduler, settle } = twoBuses(true);
    for (let n = 0; n < 4; n++) {
      const outcome = { source: 'meridian.receipt', detailType: 'Accepted', detail: JSON.stringify({ n }) };
      await bus.bus.put([entry(n), entry(90 + n, here, 'teller'), outcome]);
      await scheduler.run(1000);
    }
    await settle();
    bus.queue.bodies.length = 0;

    expect(bus.bus.replayArchive(1000, 3000)).toBe(2);

    expect(bus.numbers()).toEqual([1, 2]);
    expect(bus.queue.bodies.map((body) => JSON.parse(body))).toEqual([
      expect.objectContaining({ 'replay-name': 'replay-1', source: 'meridian.account' }),
      expect.objectContaining({ 'replay-name': 'replay-1', source: 'meridian.account' }),
    ]);
    expect(bus.bus.replayArchive(1000, 3000)).toBe(2);
  });

  it('forwards again only what was put on this bus', async () => {
    const { bus, other, settle } = twoBuses(true);
    await bus.bus.put([entry(1)]);
    await settle();
    expect(other.bus.replayArchive(0, 1000)).toBe(1);
    await settle();
    expect([bus.numbers(), other.numbers()]).toEqual([[1], [1, 1]]);
    expect(bus.bus.replayArchive(0, 1000)).toBe(1);
    await settle();
    expect([bus.numbers(), other.numbers()]).toEqual([
      [1, 1],
      [1, 1, 1],
    ]);
  });

  it('is empty unless the bus has one', async () => {
    const { bus } = twoBuses();
    await bus.bus.put([entry(1)]);
    expect(bus.bus.replayArchive(0, 1000)).toBe(0);
  });
});
