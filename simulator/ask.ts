import type { Recorder } from '../workload/recorder.ts';
import type { Reply, Request, SessionOptions, Surroundings } from '../workload/session.ts';
import { sendRequest } from '../world/simulator/api.ts';
import { type Scheduler, sleepOn } from '../world/time/scheduler.ts';
import type { World } from '../world/world.ts';
import { fullWorkload } from './domain.ts';

/** Sends a request to the API of a Region. @returns undefined if there was no response */
export async function ask(world: World, region: string, { query, ...request }: Request): Promise<Reply | undefined> {
  const asked = { ...request, ...(query && { query: new URLSearchParams(query).toString() }) };
  try {
    const { status, answer } = await sendRequest(world, region, asked);
    return { status, body: answer };
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
  return { workload: fullWorkload, surroundings: inWorld(stage), recorder: stage.recorder };
}
