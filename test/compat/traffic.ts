import * as z from 'zod';
import type { BusEntry } from '../../core/wire/bus.ts';
import { toyDomain } from '../../testing/toy.ts';
import { portsAround } from '../../world/region/faults.ts';
import { VirtualScheduler } from '../../world/time/scheduler.ts';
import { World, type WorldOptions } from '../../world/world.ts';
import { eventOf } from './api.ts';

const REGION = 'us-east-1';

/** Three Regions in which nothing has happened yet. */
function aWorld(options: Pick<WorldOptions, 'withFaults'> = {}) {
  const scheduler = new VirtualScheduler();
  const regions = [REGION, 'us-east-2', 'us-west-2'];
  return { scheduler, world: new World({ domain: toyDomain, regions, scheduler, latency: false, ...options }) };
}

const eventSchema = z.object({ source: z.string(), 'detail-type': z.string(), detail: z.unknown() });

/**
 * The contents of a Region's bus after producers' entries were processed in order.
 * @throws Error if an entry was refused, or no function accepts it
 */
export async function takenIn(entries: readonly BusEntry[]): Promise<readonly unknown[]> {
  const { world, scheduler } = aWorld();
  const { bus, quarantine } = world.region(REGION);
  const heard: z.output<typeof eventSchema>[] = [];
  bus.addRule({}, { kind: 'listener', listen: (event) => heard.push(eventSchema.parse(event)) });
  for (const entry of entries) {
    const before = heard.length + 1;
    await bus.put([entry]);
    await scheduler.runUntil(() => world.idle);
    if (heard.length === before) throw new Error(`No function accepts a ${entry.detailType} of ${entry.source}.`);
  }
  if (quarantine.bodies.length > 0 || heard.some((event) => event['detail-type'] === 'Rejected'))
    throw new Error(`It was refused: ${JSON.stringify([quarantine.bodies, heard])}`);
  return heard;
}

/** The ports whose requests are recorded: those of queues and the bus have separate samples. */
const ASKING = ['remote.', 'participants.', 'turns.', 'machine.'];

interface Requests {
  /** The called Region. */
  readonly region: string;
  /** In order, in the format of `.http` files. */
  readonly requests: readonly string[];
}

/** Every call between functions while a Region handles requests, with its response, in order. */
export async function trafficOf({ region, requests }: Requests): Promise<readonly unknown[]> {
  const calls: unknown[] = [];
  const { world, scheduler } = aWorld({
    withFaults: (from, ports) =>
      portsAround(ports, async (call, name, args) => {
        if (!ASKING.some((port) => name.startsWith(port))) return call(args);
        // How long the caller waits is not sent.
        const parts = args.filter((arg) => typeof arg !== 'number');
        const sent: Record<string, unknown> = { from, by: name, asked: withoutDetail(parts) };
        calls.push(sent);
        const answer = await call(args);
        if (answer !== undefined) sent.answer = withoutDetail(answer);
        return answer;
      }),
  });
  for (const request of requests) {
    await scheduler.resolve(world.region(region).request(eventOf(request)));
    await scheduler.runUntil(() => world.recovered);
  }
  return calls;
}

/** The sentence in a problem is for people, and may change. */
function withoutDetail(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, part) => (key === 'detail' ? undefined : part));
}
