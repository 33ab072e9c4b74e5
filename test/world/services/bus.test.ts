import { describe, expect, it } from 'vitest';
import { fastPathPattern, forwardPattern, ingestPattern } from '../../../core/index.ts';
import { PUT_EVENTS_BYTES } from '../../../core/limits/aws.ts';
import { Link } from '../../../world/network/link.ts';
import { matchesPattern, WorldBus } from '../../../world/services/bus.ts';
import { KeepingQueue } from '../../../world/services/queue.ts';
import { Activity } from '../../../world/time/activity.ts';
import { seeded } from '../../../world/time/randomness.ts';
import { VirtualScheduler } from '../../../world/time/scheduler.ts';
import { Weather } from '../../../world/weather.ts';

function event(source: string, detailType = 'Deposited', bornIn?: string, log?: string) {
  return { source, detailType, bornIn, log };
}
function entry(detail: unknown, source = 'meridian.account') {
  return {
    source,
    detailType: 'Deposited',
    detail: JSON.stringify(detail),
  };
}

function aBus(region = 'us-east-1', scheduler = new VirtualScheduler(), weather = new Weather(seeded(1))) {
  return new WorldBus({ region }, { scheduler, weather });
}

describe('matches', () => {
  it("accepts producers' messages for Meridian, and nothing from Meridian itself", () => {
    for (const type of ['meridian.append', 'meridian.command', 'meridian.transact']) {
      expect(matchesPattern(ingestPattern, event('teller', type))).toBe(true);
      expect(matchesPattern(ingestPattern, event('meridian.account', type))).toBe(false);
      expect(matchesPattern(ingestPattern, event('meridian.receipt', type))).toBe(false);
    }
    for (const type of ['Deposited', 'Meridian.append', ''])
      expect(matchesPattern(ingestPattern, event('teller', type))).toBe(false);
    expect(matchesPattern(ingestPattern, event('meridians', 'meridian.append'))).toBe(true);
  });

  it('forwards the domain’s events of its own Region only, and no outcomes', () => {
    const pattern = forwardPattern('us-east-1');
    expect(matchesPattern(pattern, event('meridian.account', 'Deposited', 'us-east-1'))).toBe(true);
    expect(matchesPattern(pattern, event('meridian.account', 'Deposited', 'us-east-2'))).toBe(false);
    expect(matchesPattern(pattern, event('meridian.account', 'Deposited', 'us-east-10'))).toBe(false);
    expect(matchesPattern(pattern, event('meridian.receipt', 'Accepted'))).toBe(false);
    expect(matchesPattern(pattern, event('meridian.account', 'Deposited', 'us-east-1', 'us-east-1'))).toBe(true);
    expect(matchesPattern(pattern, event('meridian.account', 'Deposited', 'us-east-1', 'global'))).toBe(false);
    expect(matchesPattern(pattern, event('teller', 'Deposited', 'us-east-1'))).toBe(false);
  });

  it('delivers other Regions’ events to the projector if a view is computed from their stream type', () => {
    const pattern = fastPathPattern('us-east-1', ['account']);
    expect(matchesPattern(pattern, event('meridian.account', 'Deposited', 'us-east-2', 'us-east-2'))).toBe(true);
    expect(matchesPattern(pattern, event('meridian.account', 'Deposited', 'us-east-2', 'global'))).toBe(false);
    expect(matchesPattern(pattern, event('meridian.account', 'Deposited', 'us-east-1'))).toBe(false);
    expect(matchesPattern(pattern, event('meridian.stock', 'Deposited', 'us-east-2'))).toBe(false);
    expect(matchesPattern(pattern, event('meridian.accounts', 'Deposited', 'us-east-2'))).toBe(false);
    expect(matchesPattern(pattern, event('meridian.account', 'Deposited'))).toBe(false);
  });
});

describe('WorldBus', () => {
  it("delivers an event to the targets of every matching rule, in EventBridge's form", async () => {
    const scheduler = new VirtualScheduler();
    const bus = aBus('us-east-1', scheduler);
    const [one, two, other] = [new KeepingQueue(), new KeepingQueue(), new KeepingQueue()];
    const heard: unknown[] = [];
    bus.addRule({ source: [{ prefix: 'meridian.' }] }, { kind: 'queue', queue: one });
    bus.addRule({ 'detail-type': ['Deposited'] }, { kind: 'queue', queue: two });
    bus.addRule({ source: ['meridian.stock'] }, { kind: 'queue', queue: other });
    bus.addRule({}, { kind: 'listener', listen: (each) => heard.push(each) });

    expect(await bus.put([entry({ n: 1, 'ü"': null })])).toEqual([undefined]);

    expect(JSON.parse(one.bodies[0] ?? '')).toEqual({
      version: '0',
      id: expect.any(String),
      'detail-type': 'Deposited',
      source: 'meridian.account',
      account: '000000000000',
      time: new Date(scheduler.now()).toISOString(),
      region: 'us-east-1',
      resources: [],
      detail: { n: 1, 'ü"': null },
    });
    expect(two.bodies).toEqual(one.bodies);
    expect(heard).toEqual([JSON.parse(one.bodies[0] ?? '')]);
    expect(other.bodies).toEqual([]);
  });

  it('refuses an entry whose detail is not JSON permanently, and only that one', async () => {
    const bus = aBus();
    const queue = new KeepingQueue();
    bus.addRule({}, { kind: 'queue', queue });

    const answer = await bus.put([entry(1), { ...entry(2), detail: '{"n":' }, entry(3)]);

    expect(answer).toEqual([undefined, { permanent: expect.stringMatching(/^MalformedDetail/) }, undefined]);
    expect(queue.bodies.map((body) => JSON.parse(body).detail)).toEqual([1, 3]);
  });

  it('accepts at most ten entries at once', async () => {
    const bus = aBus();
    const eleven = Array.from({ length: 11 }, (_, n) => entry(n));
    expect(await bus.put(eleven.slice(1))).toHaveLength(10);
    await expect(bus.put(eleven)).rejects.toMatchObject({ code: 'internal' });
  });

  it('accepts at most 256 KiB at once, and refuses a larger entry permanently', async () => {
    const bus = aBus();
    const { source, detailType } = entry(1);
    const text = (bytes: number) => JSON.stringify('x'.repeat(bytes - Buffer.byteLength(source + detailType) - 2));
    const put = (bytes: number) => bus.put([{ source, detailType, detail: text(bytes) }]);
    expect(await put(PUT_EVENTS_BYTES)).toEqual([undefined]);
    expect(await put(PUT_EVENTS_BYTES + 1)).toEqual([{ permanent: expect.stringContaining('262144 bytes') }]);
    const half = { source, detailType, detail: text(PUT_EVENTS_BYTES / 2 + 1) };
    await expect(bus.put([half, half])).rejects.toMatchObject({ code: 'too-large' });
  });

  it('forwards an event to other buses, and never from there to a third one or back', async () => {
    const scheduler = new VirtualScheduler();
    const activity = new Activity();
    const names = ['us-east-1', 'us-east-2', 'us-west-2'];
    const buses = names.map((name) => aBus(name, scheduler));
    const heard: string[] = [];
    for (const [i, bus] of buses.entries()) {
      bus.addRule({}, { kind: 'listener', listen: () => heard.push(names[i] ?? '') });
      // The rules have no pattern, so only the bus keeps an event from looping.
      for (const other of buses)
        if (other !== bus) {
          const link = new Link(scheduler, seeded(i), activity, { latency: [1, 2], duplicates: 0 });
          bus.addRule({}, { kind: 'bus', link, bus: other });
        }
    }

    await buses[0]?.put([entry({ meta: { region: 'us-east-1' } })]);
    await scheduler.runUntil(() => activity.idle);

    expect(heard.sort()).toEqual(names);
  });
});
