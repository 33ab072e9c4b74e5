import { isDeepStrictEqual } from 'node:util';
import type * as z from 'zod';
import { parseStreamRef } from '../../core/facts/stream-ref.ts';
import { rowPageSchema, streamStateSchema } from '../../core/index.ts';
import { functionUrlEvent, type World } from '../../world/index.ts';

/** What each Region shows of a stream or a view. */
export interface Compared {
  readonly name: string;
  readonly agree: boolean;
  /** A stream's state, or a view's rows, by Region; undefined if the Region could not return it. */
  readonly shown: Readonly<Record<string, unknown>>;
}

/** What the Regions show, and whether they agree. */
export interface Agreement {
  readonly agree: boolean;
  readonly streams: readonly Compared[];
  readonly views: readonly Compared[];
}

/** Compares what the Regions' APIs return at this moment. */
export async function compareRegions(
  world: World,
  { streams, views }: { readonly streams: readonly string[]; readonly views: readonly string[] },
): Promise<Agreement> {
  const compared = await Promise.all(streams.map((stream) => compare(world, stream, readStream)));
  const comparedViews = await Promise.all(views.map((view) => compare(world, view, readView)));
  return {
    agree: [...compared, ...comparedViews].every(({ agree }) => agree),
    streams: compared.map(({ name, agree, shown }) => ({ name, agree, shown: stateOf(shown) })),
    views: comparedViews,
  };
}

type Read = (world: World, region: string, name: string) => Promise<unknown>;

async function compare(world: World, name: string, read: Read): Promise<Compared> {
  const entries = await Promise.all(
    [...world.regions.keys()].map(async (region) => [region, await read(world, region, name)] as const),
  );
  const [[, first] = []] = entries;
  const agree = first !== undefined && entries.every(([, shown]) => isDeepStrictEqual(shown, first));
  return { name, agree, shown: Object.fromEntries(entries) };
}

const seenSchema = streamStateSchema.pick({ state: true, version: true });

/** Includes the version: the same state at another version does not count as agreement. */
async function readStream(world: World, region: string, stream: string): Promise<unknown> {
  const { type, id } = parseStreamRef(stream);
  return get(world, region, { path: `/streams/${type}/${encodeURIComponent(id)}`, schema: seenSchema });
}

function stateOf(shown: Compared['shown']): Compared['shown'] {
  return Object.fromEntries(
    Object.entries(shown).map(([region, seen]) => [region, seenSchema.safeParse(seen).data?.state]),
  );
}

async function readView(world: World, region: string, view: string): Promise<unknown> {
  const rows: { readonly key: string; readonly value: unknown }[] = [];
  for (let query = ''; ; ) {
    const page = await get(world, region, { path: `/views/${view}`, query, schema: rowPageSchema });
    if (!page) return undefined;
    rows.push(...page.rows.map(({ key, value }) => ({ key, value })));
    if (page.next === undefined) return rows;
    query = `after=${encodeURIComponent(page.next)}`;
  }
}

async function get<T>(
  world: World,
  region: string,
  { schema, ...what }: { readonly path: string; readonly query?: string; readonly schema: z.ZodType<T> },
): Promise<T | undefined> {
  const { statusCode, body } = await world.region(region).request(functionUrlEvent({ method: 'GET', ...what }));
  return statusCode === 200 ? schema.parse(JSON.parse(body)) : undefined;
}
