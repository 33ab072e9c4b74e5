import { client } from '@meridian-es/meridian/client';
import {
  functionUrlEvent,
  type Scheduler,
  seeded,
  sleepOn,
  VirtualScheduler,
  World,
  type WorldOptions,
} from '@meridian-es/meridian/world';
import type { GroceryClient } from '../shop/check-out.ts';
import { domain } from '../streams/index.ts';

export const REGIONS = ['us-east-1', 'us-east-2', 'us-west-2'] as const;

/** The grocery in three Regions of this process, in virtual time. */
export function aGrocery({
  seed = 1,
  ...options
}: Partial<Omit<WorldOptions, 'domain' | 'regions' | 'scheduler'>> = {}) {
  const scheduler = new VirtualScheduler();
  const world = new World({ domain, regions: REGIONS, scheduler, seed, ...options });
  /** Lets time pass until the promise is settled. */
  const during = <T>(promise: Promise<T>): Promise<T> => scheduler.resolve(promise);
  return {
    world,
    scheduler,
    during,
    sleep: (milliseconds: number) => sleepOn(scheduler, milliseconds),
    /** A customer's device or the shop's backend near a Region. */
    near: (region: string, name: string): GroceryClient => clientOf(world, scheduler, region, name),
    /** Lets time pass until nothing is in progress, and no transaction waits to be finished. */
    settle: () => scheduler.runUntil(() => world.recovered),
  };
}

export type Grocery = ReturnType<typeof aGrocery>;

function clientOf(world: World, scheduler: Scheduler, region: string, name: string): GroceryClient {
  const random = seeded([...name].reduce((sum, character) => sum * 31 + character.charCodeAt(0), 7));
  let made = 0;
  return client<typeof domain>({
    endpoints: Object.fromEntries(REGIONS.map((each) => [each, `http://${each}`])),
    region,
    fetch: async (url, { method, headers, body }) => {
      const { hostname, pathname, searchParams } = new URL(url);
      const event = functionUrlEvent({ method, path: pathname, query: searchParams.toString(), headers, body });
      const answer = await world.region(hostname).request(event);
      return { status: answer.statusCode, text: async () => answer.body };
    },
    runtime: {
      now: () => scheduler.now(),
      random,
      newId: () => `${name}-${++made}`,
      sleep: (milliseconds) => sleepOn(scheduler, milliseconds),
    },
  });
}
