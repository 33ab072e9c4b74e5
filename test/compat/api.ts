import * as z from 'zod';
import { toyDomain } from '../../testing/toy.ts';
import { functionUrlEvent } from '../../world/network/function-url-event.ts';
import { VirtualScheduler } from '../../world/time/scheduler.ts';
import { World } from '../../world/world.ts';

/** Consecutive requests, in the format of `.http` files. */
const SEPARATOR = '\n###\n';

/**
 * The responses of a Region's API to requests: status, headers and body. It is one of three Regions of a fresh world.
 */
export async function answersTo(requests: string): Promise<readonly unknown[]> {
  const scheduler = new VirtualScheduler();
  const regions = ['us-east-1', 'us-east-2', 'us-west-2'];
  // There is no latency, so ages are 0.
  const world = new World({ domain: toyDomain, regions, scheduler, latency: false });
  const answers: unknown[] = [];
  for (const request of requests.split(SEPARATOR)) {
    const answer = await scheduler.resolve(world.region('us-east-1').request(eventOf(request)));
    answers.push({
      status: answer.statusCode,
      headers: answer.headers,
      body: withoutDetail(JSON.parse(answer.body)),
    });
    await scheduler.runUntil(() => world.idle);
  }
  return answers;
}

/** The sentence in a problem is for people, and may change. */
function withoutDetail(body: unknown): unknown {
  const problem = z.looseObject({ code: z.string(), detail: z.string() }).safeParse(body).data;
  if (!problem) return body;
  const { detail: _detail, ...kept } = problem;
  return kept;
}

/** A request in the format of `.http` files. */
export function eventOf(request: string) {
  const [head = '', body] = request.split('\n\n');
  const [line = '', ...fields] = head.split('\n');
  const [method = '', target = ''] = line.split(' ');
  const [path = '', query = ''] = target.split('?');
  const headers = Object.fromEntries(fields.map((field) => field.split(/: (.*)/, 2)));
  return functionUrlEvent({ method, path, query, headers, body });
}
