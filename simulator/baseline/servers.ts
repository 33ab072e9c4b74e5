import { hash } from 'node:crypto';
import { streamTypeOf } from '../../core/definition/domain.ts';
import { MeridianError } from '../../core/index.ts';
import { encodeVersionToken } from '../../core/wire/version-token.ts';
import type { Reply, Request, Surroundings } from '../../workload/session.ts';
import { callOver } from '../../world/network/call.ts';
import { sleepOn } from '../../world/time/scheduler.ts';
import { REGIONS } from '../plan.ts';
import type { Stage } from '../stage.ts';
import { appendShared, type Command, SHARED } from './shared-log.ts';

/** Where a shared log is written: in the Region that gets the request, or in one Region for each stream. */
export type WrittenIn = 'any-region' | 'one-region';

/** The Region that writes a stream if only one does. */
function homeOf(stream: string): string {
  return REGIONS[Number(stream.at(-1)) % REGIONS.length] ?? REGIONS[0];
}

/** The servers of a design with shared logs, as a client reaches them: they take the requests that append. */
export function sharedLogServers({ world, scheduler }: Pick<Stage, 'world' | 'scheduler'>, writtenIn: WrittenIn) {
  const tables = new Map(REGIONS.map((region) => [region as string, world.region(region).eventsFor('shared-log')]));

  async function append(region: string, asked: Command): Promise<Reply> {
    const events = tables.get(region);
    if (!events) throw new Error(`No server runs in ${region}.`);
    const { stream } = asked;
    const { clock, domain } = world.region(region);
    const ports = {
      region,
      events,
      now: () => clock.now(),
      digest: (text: string) => hash('sha256', text, 'base64url'),
    };
    const definition = streamTypeOf(domain, stream.slice(0, stream.indexOf('/')));
    try {
      const version = await appendShared(ports, definition, asked);
      if (version === undefined) return { status: 503, body: {} };
      const token = encodeVersionToken(stream, { [SHARED]: version });
      return { status: 200, body: { version: token, log: SHARED, position: version } };
    } catch (error) {
      if (!(error instanceof MeridianError)) throw error;
      return { status: error.retryable ? 503 : 422, body: {} };
    }
  }

  /** Passes an append on to the Region that writes the stream. Over a link that is cut, it is not answered. */
  async function passOn(region: string, asked: Command): Promise<Reply | undefined> {
    const home = homeOf(asked.stream);
    if (writtenIn === 'any-region' || home === region) return append(region, asked);
    const [there, back] = [world.region(region).linksTo(home).invoke, world.region(home).linksTo(region).invoke];
    const way = { scheduler, weather: world.weather, region, there, back };
    return callOver(way, () => append(home, asked)).catch(() => undefined);
  }

  return {
    ask: (region, request) => passOn(region, commandIn(request)),
    put: () => Promise.reject(new Error('These servers take no commands from the bus.')),
    sleep: (milliseconds) => sleepOn(scheduler, milliseconds),
  } satisfies Surroundings;
}

/** The command that a session sends: `/streams/<type>/<id>/commands/<command>`. */
function commandIn({ path, headers, body }: Request): Command {
  const [, , type, id, , command] = path.split('/').map(decodeURIComponent);
  const commitId = headers?.['idempotency-key'];
  if (!type || !id || !command || !commitId) throw new Error(`These servers only take commands, not ${path}.`);
  return { stream: `${type}/${id}`, commitId, command, input: body };
}
