import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { wallTimeOf } from '../../../core/facts/hlc.ts';
import { defineDomain } from '../../../core/index.ts';
import { note, toyDomain } from '../../../testing/toy.ts';
import { silentTelemetry } from '../../../world/error-log.ts';
import { portsAround } from '../../../world/region/faults.ts';
import { sleepOn, VirtualScheduler } from '../../../world/time/scheduler.ts';
import { aWorld } from '../a-world.ts';

const regions = ['us-east-1', 'us-west-2'];
const [east, west] = ['us-east-1', 'us-west-2'];

describe('a Region that is restarted', () => {
  it('fails the requests that it is working on, and loses nothing that it acknowledged', async () => {
    const scheduler = new VirtualScheduler();
    const { world, send, write, idsIn, rows, settle } = aWorld({
      regions,
      scheduler,
      telemetry: silentTelemetry,
      withFaults: (_region, ports) =>
        portsAround(ports, async (call, _name, args) => {
          await sleepOn(scheduler, 20);
          return call(args);
        }),
    });
    await write(east, 'kept', 'note/a', 'red');
    const body = { id: 'cut-short', stream: 'note/a', events: [{ type: 'Noted', data: { text: 'blue' } }] };
    const working = send(east, 'POST', '/events', { body });
    await scheduler.run(10);

    const failed = expect(working).rejects.toThrow('ended');
    world.region(east).restart();

    await failed;
    await settle();
    expect(await idsIn(east, 'note/a')).toEqual(['kept']);
    for (const region of regions) expect(await rows(region, 'words')).toEqual({ red: 1 });
  });

  it('ends the executions of its state machine, whose transactions the resolver finishes', async () => {
    const { world, scheduler, send, recover, call } = aWorld({ regions, telemetry: silentTelemetry });
    const participants = [0, 1].map((n) => ({ stream: `stock/${n}`, command: 'take', input: 'me' }));
    const sent = send(east, 'POST', '/transactions', {
      headers: { prefer: 'wait=1' },
      body: { id: `${east}:t`, participants },
    });
    sent.catch(() => undefined);
    await scheduler.runUntil(() => world.region(west).counts.intents > 0);

    world.region(east).restart();
    await expect(sent).rejects.toThrow('ended');
    await recover();

    const { body } = await call(east, 'GET', `/transactions/${east}:t`);
    expect(body).toMatchObject({ state: 'aborted' });
    for (const { stream } of participants)
      for (const { tx } of await world.region(stream === 'stock/0' ? east : west).load(stream))
        expect(tx?.state).not.toBe('prepared');
  });
});

describe('a Region with new code', () => {
  it('runs both versions at once for a while, then only the new one', async () => {
    const loud = {
      ...note,
      commands: {
        ...note.commands,
        note: { ...note.commands.note, decide: () => [{ type: 'Noted', data: { text: 'LOUD' } }] },
      },
    };
    const newer = defineDomain({ streams: [loud], views: [] });
    const { world, scheduler, send } = aWorld({ regions, domain: defineDomain({ streams: [note], views: [] }) });
    const region = world.region(east);
    let sent = 0;
    /** Sends so many commands at once. @returns the texts that they have noted */
    const notes = async (count: number) => {
      const stream = `note/${++sent}`;
      const all = Array.from({ length: count }, () =>
        send(east, 'POST', `/streams/${stream}/commands/note`, { body: { text: 'quiet' } }),
      );
      for (const { status } of await scheduler.resolve(Promise.all(all))) expect(status).toBe(200);
      const texts = (await region.load(stream)).flatMap(({ events }) => events.map(({ data }) => textIn(data)));
      return new Set(texts);
    };
    expect(await notes(6)).toEqual(new Set(['quiet']));

    region.deploy(newer);

    const seen: string[] = [];
    for (let i = 0; i < 20; i++) {
      seen.push(...(await notes(1)));
      await scheduler.run(1000);
    }
    expect(seen).toContain('quiet');
    expect(seen.lastIndexOf('quiet')).toBeGreaterThan(seen.indexOf('LOUD'));
    await scheduler.run(60_000);
    expect(await notes(6)).toEqual(new Set(['LOUD']));
  });

  it('delivers the events of other Regions to the projector by the views of the new code', async () => {
    const { world, write, settle, scheduler, rows } = aWorld({
      regions,
      domain: defineDomain({ streams: [note], views: [] }),
      domains: { [west]: toyDomain },
    });
    world.cut(west, east, ['replication']);
    await write(west, 'a', 'note/a', 'red');
    await settle();

    world.region(east).deploy(toyDomain);
    await scheduler.run(61_000);
    await write(west, 'b', 'note/b', 'blue');
    await scheduler.run(5000);

    expect(await rows(east, 'words')).toEqual({ blue: 1 });
  });
});

function textIn(data: unknown): string {
  return z.object({ text: z.string() }).parse(data).text;
}

describe('the wall clock of a Region', () => {
  it('stamps what its functions write, and may jump and drift', async () => {
    const { world, scheduler, write } = aWorld({ regions, clockAhead: { [east]: 1000 } });
    const region = world.region(east);
    const stamp = async (id: string) => {
      await write(east, id, `note/${id}`, 'red');
      const [commit] = await region.load(`note/${id}`);
      return wallTimeOf(commit?.hlc ?? '') - scheduler.now();
    };
    expect(await stamp('a')).toBeCloseTo(1000, -1);
    region.clock.jump(-5000);
    expect(await stamp('b')).toBeCloseTo(-4000, -1);
    region.clock.drift(100_000);
    await scheduler.run(10_000);
    expect(await stamp('c')).toBeCloseTo(-3000, -1);
  });
});
