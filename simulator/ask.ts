import type { Recorder } from '../workload/recorder.ts';
import type { Reply, Request, SessionOptions, Surroundings } from '../workload/session.ts';
import { functionUrlEvent } from '../world/network/function-url-event.ts';
import { type Scheduler, sleepOn } from '../world/time/scheduler.ts';
import type { World } from '../world/world.ts';
import { workload } from './domain.ts';

/** Sends a request to the API of a Region. @returns undefined if there was no response */
export async function ask(
  world: World,
  region: string,
  { method, path, query, headers, body }: Request,
): Promise<Reply | undefined> {
  const event = functionUrlEvent({
    method,
    path,
    ...(query && { query: new URLSearchParams(query).toString() }),
    ...(headers && { headers }),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  try {
    const { statusCode, body: text } = await world.region(region).request(event);
    const answer: unknown = JSON.parse(text);
    return { status: statusCode, body: answer };
  } catch {
    return undefined;
  }
}

/** What a session runs in: a world, in its time. */
function inWorld({ world, scheduler }: { readonly world: World; readonly scheduler: Scheduler }): Surroundings {
  return {
    ask: (region, request) => ask(world, region, request),
    put: async (region, detail) => {
      const entry = { source: 'simulator', detailType: 'meridian.command', detail: JSON.stringify(detail) };
      await world.region(region).bus.put([entry]);
    },
    sleep: (milliseconds) => sleepOn(scheduler, milliseconds),
  };
}

/** What the clients of a history have in common. */
export function clientsIn(stage: {
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly recorder: Recorder;
}): Omit<SessionOptions, 'name'> {
  return { workload, surroundings: inWorld(stage), recorder: stage.recorder };
}
