import { describe, expect, it, vi } from 'vitest';
import { client } from '../../client/index.ts';
import { FUNCTION_CLIENT_MS } from '../../core/limits/budgets.ts';
import {
  clientOptions,
  type FunctionClientOptions,
  type SubscriberFunctions,
  subscriber,
} from '../../lambdas/index.ts';
import { toyDomain } from '../../testing/toy.ts';
import { functionUrlEvent } from '../../world/network/function-url-event.ts';
import { realScheduler } from '../../world/time/scheduler.ts';
import { World } from '../../world/world.ts';
import { aWorld } from './a-world.ts';

const regions = ['us-east-1', 'us-east-2', 'us-west-2'];

/** For each event of a note, takes a piece from a stock whose home is the third Region, under the event's key as the id. */
const taker: SubscriberFunctions['handle'] = async ({ id }, { key, environment }) => {
  const shop = client<typeof toyDomain>(await clientOptions(environment));
  await shop.stream('stock', '2').command('take', id, { id: key });
};

function subscribed(handle: NonNullable<SubscriberFunctions['handle']>, needs: readonly ('api' | 'bus')[]) {
  const taker = { entry: '/not/loaded.ts', streamTypes: ['note'], needs, handler: subscriber({ handle }) };
  return { regions, subscribers: { taker } };
}

/** Telemetry that collects the reasons in the warnings of a world. */
function aLog() {
  const reasons: string[] = [];
  const log = {
    info: () => undefined,
    warn: (_what: string, { why }: { readonly why?: string }) => reasons.push(why ?? ''),
    error: () => undefined,
  };
  return { reasons, telemetry: { log, middlewares: [] } };
}

describe('in a world, a subscriber that needs the API', () => {
  it('reaches every Region with client(await clientOptions(environment)), in the time of the world, even if events are delivered twice', async () => {
    const options = { seed: 4, duplicates: 0.5, reorders: true, ...subscribed(taker, ['api']) };
    const { world, scheduler, settle, write, get } = aWorld(options);
    const begun = scheduler.now();
    for (const region of regions) await write(region, region, 'note/a', 'red');
    await settle();
    for (const region of regions) {
      expect(await get(region, '/streams/stock/2')).toMatchObject({
        state: expect.arrayContaining(regions.map((log) => `note/a@${log}.1.0`)),
      });
      expect(world.region(region).deadLettersOf('taker').bodies).toEqual([]);
    }
    expect((await world.region('us-west-2').load('stock/2')).length).toBe(regions.length);
    expect(scheduler.now() - begun).toBeGreaterThan(500);
  });

  it('asks its own Region first, and the others over links that can be cut', async () => {
    const asked: string[] = [];
    const handle: SubscriberFunctions['handle'] = async (_event, { environment, region }) => {
      const options = await clientOptions({ ...environment, COPIED: 'yes' });
      const note = client<typeof toyDomain>(options).stream('note', 'b');
      const [first, second = ''] = Object.keys(options.endpoints);
      await note.read();
      const elsewhere = client<typeof toyDomain>({
        ...options,
        region: second,
        regions: [second],
        retry: { tries: 2 },
      });
      const outcome = await elsewhere
        .stream('note', 'b')
        .read()
        .then(
          () => 'reached',
          (error) => error.code,
        );
      asked.push([region, first, second, outcome].join(' '));
    };
    const { world, scheduler, write } = aWorld(subscribed(handle, ['api']));
    world.cut('us-west-2', 'us-east-1');
    await write('us-east-2', 'one', 'note/a', 'red');
    await scheduler.run(10_000);
    expect(asked.toSorted()).toEqual([
      'us-east-1 us-east-1 us-east-2 reached',
      'us-east-2 us-east-2 us-east-1 reached',
      'us-west-2 us-west-2 us-east-1 broken',
    ]);
  });

  it('has clients that all avoid a Region which did not respond to one of them, and wait as long as a function can', async () => {
    const options: FunctionClientOptions[] = [];
    const handle: SubscriberFunctions['handle'] = async (_event, { environment, region }) => {
      if (region === 'us-east-1') options.push(await clientOptions(environment));
    };
    const { settle, write } = aWorld(subscribed(handle, ['api']));
    await write('us-east-1', 'one', 'note/a', 'red');
    await write('us-east-1', 'two', 'note/a', 'blue');
    await settle();
    expect(options).toHaveLength(2);
    expect(options[0]?.avoided).toBe(options[1]?.avoided);
    expect(options[0]?.retry).toEqual({ requestMs: FUNCTION_CLIENT_MS });
  });

  it('reaches every Region in real time too, and leaves no timer behind', async () => {
    const { now, after } = realScheduler();
    /** The durations of pending timers, in milliseconds. */
    const waiting: number[] = [];
    const end = (milliseconds: number) => waiting.splice(waiting.indexOf(milliseconds), 1);
    const scheduler = {
      now,
      after: (milliseconds: number, run: () => void) => {
        waiting.push(milliseconds);
        const callOff = after(milliseconds, () => {
          end(milliseconds);
          run();
        });
        return () => {
          end(milliseconds);
          callOff();
        };
      },
    };
    const world = new World({ domain: toyDomain, scheduler, latency: false, ...subscribed(taker, ['api']) });
    await world.ready;
    const body = JSON.stringify({ id: 'a', stream: 'note/a', events: [{ type: 'Noted', data: { text: 'red' } }] });
    const event = functionUrlEvent({ method: 'POST', path: '/events', body });
    expect((await world.region('us-east-1').request(event)).statusCode).toBe(200);
    await world.whenIdle();
    expect(await world.region('us-east-1').load('stock/2')).toHaveLength(1);
    await vi.waitFor(() => expect(waiting).toEqual([]));
  });

  it.each([[[]], [['bus' as const]]])(
    'reports how to reach the API if it is defined with needs: %j, without api',
    async (needs) => {
      const { reasons, telemetry } = aLog();
      const { settle, write } = aWorld({ telemetry, ...subscribed(taker, needs) });
      await write('us-east-1', 'one', 'note/a', 'red');
      await settle();
      expect(reasons[0]).toContain(
        'AWS_REGION: is missing; MERIDIAN_REGIONS: is missing; MERIDIAN_API_URL: is missing',
      );
      expect(reasons[0]).toContain("needs: ['api']");
      expect(reasons[0]).toContain('clientOptions(environment)');
    },
  );
});

describe('in a world, a subscriber that needs the bus', () => {
  it('fails when it reads BUS_NAME, and reports what to do instead', async () => {
    const { reasons, telemetry } = aLog();
    const handle: SubscriberFunctions['handle'] = (_event, { environment }) => {
      expect({ ...environment }).toEqual({});
      return [{ key: environment.BUS_NAME ?? 'no bus', sums: { n: 1 } }];
    };
    const { world, settle, write } = aWorld({ telemetry, ...subscribed(handle, ['bus']) });
    await write('us-east-1', 'one', 'note/a', 'red');
    await settle();
    expect(world.region('us-east-1').deadLettersOf('taker').bodies).toHaveLength(1);
    expect(reasons[0]).toContain('Subscriber taker reads BUS_NAME: in a world there is no EventBridge to call.');
    expect(reasons[0]).toContain('client(await clientOptions(environment))');
  });
});
