import { expect } from 'vitest';
import * as z from 'zod';
import type { Commit } from '../../core/index.ts';
import { toyDomain } from '../../testing/toy.ts';
import { functionUrlEvent } from '../../world/network/function-url-event.ts';
import { VirtualScheduler } from '../../world/time/scheduler.ts';
import { World, type WorldOptions } from '../../world/world.ts';

const busEventSchema = z.object({
  source: z.string(),
  'detail-type': z.string(),
  detail: z.looseObject({ id: z.string() }),
});

/** A world in virtual time, with helpers for tests. */
export function aWorld({
  scheduler = new VirtualScheduler(),
  ...options
}: Omit<Partial<WorldOptions>, 'scheduler'> & { readonly scheduler?: VirtualScheduler } = {}) {
  const world = new World({ domain: toyDomain, regions: ['us-east-1', 'us-west-2'], scheduler, ...options });
  /** Per Region, the count of every domain event and every outcome on its bus, by `<id>` and by `<outcome> <id>`. */
  const heard = new Map<string, Map<string, number>>();
  for (const [name, { bus }] of world.regions) {
    const counts = new Map<string, number>();
    heard.set(name, counts);
    bus.addRule(
      { source: [{ prefix: 'meridian.' }] },
      {
        kind: 'listener',
        listen: (event) => {
          const { source, 'detail-type': type, detail } = busEventSchema.parse(event);
          const key = source === 'meridian.receipt' ? `${type} ${detail.id}` : detail.id;
          counts.set(key, (counts.get(key) ?? 0) + 1);
        },
      },
    );
  }
  /** A request whose response comes as time passes. */
  const send = async (
    region: string,
    method: string,
    path: string,
    { headers = {}, body }: { readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown } = {},
  ) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const event = functionUrlEvent({ method, path, headers, body: text });
    const { statusCode: status, body: answer } = await world.region(region).request(event);
    const json: unknown = JSON.parse(answer);
    return { status, body: json };
  };
  /** Sends a request, and advances time until its response. */
  const call = (...request: Parameters<typeof send>) => scheduler.resolve(send(...request));
  const put = (region: string, detailType: string, detail: unknown) =>
    world.region(region).bus.put([{ source: 'test', detailType, detail: JSON.stringify(detail) }]);
  return {
    world,
    scheduler,
    heard: (region: string): ReadonlyMap<string, number> => heard.get(region) ?? new Map(),
    settle: () => scheduler.runUntil(() => world.idle),
    recover: () => scheduler.runUntil(() => world.recovered),
    send,
    call,
    get: async (region: string, path: string) => {
      const { status, body } = await call(region, 'GET', path);
      expect(status, JSON.stringify(body)).toBe(200);
      return body;
    },
    /** Appends over the API, one event per text. */
    write: async (region: string, id: string, stream: string, ...texts: readonly string[]) => {
      const events = texts.map((text) => ({ type: 'Noted', data: { text } }));
      const { status, body } = await call(region, 'POST', '/events', { body: { id, stream, events } });
      expect(status, JSON.stringify(body)).toBe(200);
    },
    /** Puts an append on the bus, one event per text. */
    putAppend: (region: string, id: string, stream: string, ...texts: readonly string[]) =>
      put(region, 'meridian.append', {
        id,
        stream,
        events: texts.map((text) => ({ type: 'Noted', data: { text } })),
      }),
    putTake: (region: string, id: string, stream: string) =>
      put(region, 'meridian.command', { id, stream, command: 'take', input: id }),
    put,
    /** Every commit id of a stream in a Region's table. */
    idsIn: async (region: string, stream: string) =>
      (await world.region(region).load(stream)).map(({ commitId }: Commit) => commitId),
    rows: async (region: string, view: string): Promise<Readonly<Record<string, unknown>>> => {
      const { status, body } = await call(region, 'GET', `/views/${view}`);
      expect(status).toBe(200);
      const { rows } = z.object({ rows: z.array(z.object({ key: z.string(), value: z.unknown() })) }).parse(body);
      return Object.fromEntries(rows.map(({ key, value }) => [key, value]));
    },
  };
}
