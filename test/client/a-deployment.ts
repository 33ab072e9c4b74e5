import { client } from '../../client/client.ts';
import type { ClientOptions, ClientRuntime, Fetch } from '../../client/options.ts';
import { MeridianError, toProblem } from '../../core/facts/errors.ts';
import { toyDomain } from '../../testing/toy.ts';
import { functionUrlEvent } from '../../world/network/function-url-event.ts';
import { seeded } from '../../world/time/randomness.ts';
import { VirtualScheduler } from '../../world/time/scheduler.ts';
import { World, type WorldOptions } from '../../world/world.ts';

export const regions = ['us-east-1', 'us-east-2', 'us-west-2'] as const;

/** What happens to a request on its way. */
export type Fate =
  /** The connection is refused: nothing listens there. */
  | 'unreachable'
  /** The connection breaks before the request arrives. */
  | 'lost'
  /** The request is carried out, but its response is lost. */
  | 'unanswered'
  /** The connection breaks at once, and the request is carried out ten seconds later. */
  | 'late'
  /** The request never arrives, and the connection stays open. */
  | 'silent'
  /** The Function URL responds instead of its function. */
  | 'throttled'
  | 'down'
  /** The Region's table does not respond to its function. */
  | 'unavailable'
  /** The request is carried out, but the response does not come from a Region. */
  | 'garbled'
  /** The request is carried out, and the Region returns versions in a form that only newer clients read. */
  | 'newer'
  /** The Region reports a transaction as undecided. */
  | 'undecided'
  | undefined;

export interface Sent {
  readonly region: string;
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
}

const LATE_MS = 10_000;
const noTable = new MeridianError('unavailable', 'The table does not respond.', { retryable: true });

function broken(code: string): TypeError {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
}

/** A world in virtual time, clients of it, and the fates of their requests. */
export function aDeployment({
  startsMachines = (start) => start(),
  ...options
}: Partial<WorldOptions> & {
  /** Decides when the state machine of a transaction starts. @default at once */
  readonly startsMachines?: (start: () => Promise<void>, scheduler: VirtualScheduler) => Promise<void>;
} = {}) {
  const scheduler = new VirtualScheduler();
  const withFaults: WorldOptions['withFaults'] = (_region, ports) => ({
    ...ports,
    machine: { start: (input) => startsMachines(() => ports.machine.start(input), scheduler) },
  });
  const world = new World({ domain: toyDomain, regions, scheduler, withFaults, ...options });
  const sent: Sent[] = [];
  let fateOf: (request: Sent) => Fate = () => undefined;
  const deliver = async ({ region, method, path, body }: Sent, query: string, headers: Record<string, string>) => {
    const event = functionUrlEvent({ method, path, query, headers, body });
    const { statusCode, body: text } = await world.region(region).request(event);
    return { status: statusCode, text: async () => text };
  };
  const fetch: Fetch = async (url, { method, headers, body }) => {
    const { hostname: region, pathname: path, search } = new URL(url);
    const request = { region, method, path, body };
    sent.push(request);
    const answer = () => deliver(request, search.slice(1), headers);
    switch (fateOf(request)) {
      case 'unreachable':
        throw broken('ECONNREFUSED');
      case 'lost':
        throw broken('ECONNRESET');
      case 'unanswered':
        await answer();
        throw broken('ECONNRESET');
      case 'late':
        scheduler.after(LATE_MS, () => void answer());
        throw broken('ECONNRESET');
      case 'silent':
        return new Promise(() => undefined);
      case 'throttled':
        return { status: 429, text: async () => '{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded"}' };
      case 'down':
        return { status: 502, text: async () => '{"message":"Internal Server Error"}' };
      case 'unavailable':
        return { status: 503, text: async () => JSON.stringify(toProblem(noTable)) };
      case 'garbled':
        await answer();
        return { status: 200, text: async () => '<html>' };
      case 'newer': {
        const { status, text } = await answer();
        const newer = (await text()).replaceAll(/"version":"[^"]*"/g, '"version":"v2.newer"');
        return { status, text: async () => newer };
      }
      case 'undecided': {
        const id = decodeURIComponent(path.split('/').at(-1) ?? '');
        return { status: 200, text: async () => JSON.stringify({ id, state: 'undecided' }) };
      }
      case undefined:
        return answer();
    }
  };
  const random = seeded(7);
  let made = 0;
  const runtime: ClientRuntime = {
    now: () => scheduler.now(),
    random,
    newId: () => `made-${++made}`,
    sleep: (milliseconds, signal) =>
      new Promise((resolve) => {
        const callOff = scheduler.after(milliseconds, resolve);
        signal?.addEventListener('abort', () => {
          callOff();
          resolve();
        });
      }),
  };
  return {
    world,
    scheduler,
    /** Every request that was sent, with any outcome. */
    sent,
    fates: (of: typeof fateOf) => {
      fateOf = of;
    },
    /** Fates of the next requests, in turn. */
    next: (...fates: readonly Fate[]) => {
      const left = [...fates];
      fateOf = () => left.shift();
    },
    client: (given: Partial<ClientOptions> = {}) =>
      client<typeof toyDomain>({
        endpoints: Object.fromEntries(regions.map((region) => [region, `https://${region}/`])),
        region: regions[0],
        fetch,
        runtime,
        ...given,
      }),
    /** A promise's result; time advances until it is available. */
    result: <T>(promise: Promise<T>): Promise<T> => scheduler.resolve(promise),
    /** What a promise is rejected with. */
    failure: <T>(promise: Promise<T>): Promise<unknown> =>
      scheduler.resolve(
        promise.then(
          () => undefined,
          (error: unknown) => error,
        ),
      ),
    /** Heals every link, and lets time pass until all requests have arrived and all transactions have ended. */
    settle: async () => {
      world.healAll();
      await scheduler.run(LATE_MS);
      await scheduler.runUntil(() => world.recovered);
    },
  };
}
