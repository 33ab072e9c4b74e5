import type { World } from '@meridian-es/meridian/world';
import { functionUrlEvent } from '@meridian-es/meridian/world';
import * as z from 'zod';
import { type FlightRow, flightOf } from './input.ts';

/** What two Regions did that could not reach each other, and what came of it. */
export interface Partitioned {
  readonly stream: string;
  /** The two Regions, with the delay in minutes that each reported and showed while they were cut off. */
  readonly sides: readonly { readonly region: string; readonly delay: number; readonly shown: number }[];
  /** The delay that each Region shows after the link has healed. */
  readonly after: ReadonlyMap<string, number>;
  /** The conflict as the last Region of the list lists it; undefined: it is not listed. */
  readonly listed: Listed | undefined;
  /** Every Region shows the same, one of the two delays, and the conflict is listed as resolved. */
  readonly agree: boolean;
}

const dotSchema = z.object({ log: z.string(), position: z.number() });
const listedSchema = dotSchema.extend({
  kind: z.string(),
  open: z.boolean(),
  against: z.array(dotSchema),
  about: z.array(z.object({ part: z.string(), rule: z.string() })),
});
type Listed = z.output<typeof listedSchema>;
const pageSchema = z.object({ conflicts: z.array(listedSchema) });
const stateSchema = z.object({ state: z.object({ departed: z.object({ delay: z.number() }) }) });

/** By how many minutes each of the two Regions corrects the delay. */
const CORRECTIONS = [10, 25] as const;

/**
 * Cuts the link between the first two Regions, has both correct the departure delay of one flight, heals the link, and reads in every
 * Region what came of it. Nothing else may be in progress.
 */
export async function partition(world: World, row: FlightRow): Promise<Partitioned> {
  const regions = [...world.regions.keys()];
  const [one = '', two = '', last = two] = regions;
  const stream = `flight/${flightOf(row)}`;
  world.cut(one, two);
  world.cut(two, one);
  const sides = [];
  for (const [i, region] of [one, two].entries()) {
    const delay = row.delay + (CORRECTIONS[i] ?? 0);
    await report(world, region, stream, { airport: row.origin, delay, scheduled: row.scheduled });
    sides.push({ region, delay });
  }
  const shown = await Promise.all(
    sides.map(async (side) => ({ ...side, shown: await delayIn(world, side.region, stream) })),
  );
  world.healAll();
  await world.whenIdle();
  const after = new Map<string, number>();
  for (const region of regions) after.set(region, await delayIn(world, region, stream));
  const query = new URLSearchParams({ stream }).toString();
  const { conflicts } = pageSchema.parse(await get(world, last, '/conflicts', query));
  const [listed] = conflicts;
  const [result, ...others] = new Set(after.values());
  const agree = others.length === 0 && sides.some(({ delay }) => delay === result) && listed?.open === false;
  return { stream, sides: shown, after, listed, agree };
}

async function report(world: World, region: string, stream: string, input: object): Promise<void> {
  const { statusCode, body } = await world.region(region).request(
    functionUrlEvent({
      method: 'POST',
      path: `/streams/${stream}/commands/depart`,
      headers: { 'idempotency-key': `start.partition-${region}` },
      body: JSON.stringify(input),
    }),
  );
  if (statusCode !== 200) throw new Error(`${region} could not report a delay: ${statusCode} ${body}`);
}

async function delayIn(world: World, region: string, stream: string): Promise<number> {
  return stateSchema.parse(await get(world, region, `/streams/${stream}`)).state.departed.delay;
}

async function get(world: World, region: string, path: string, query = ''): Promise<unknown> {
  const { body } = await world.region(region).request(functionUrlEvent({ method: 'GET', path, query }));
  return JSON.parse(body);
}

/** What happened, in words. */
export function renderPartition({ stream, sides, after, listed, agree }: Partitioned): string {
  const [one, two] = sides;
  const [minutes] = after.values();
  const dot = ({ log, position }: z.output<typeof dotSchema>) => `${log}.${position}`;
  const conflict =
    listed &&
    `${dot(listed)} against ${listed.against.map(dot).join(', ')}: ${listed.about.map(({ part, rule }) => `${part} (${rule})`).join(', ')}, ${listed.kind}, ${listed.open ? 'open' : 'resolved'}`;
  return `
The link between ${one?.region} and ${two?.region} is cut. Both correct the departure delay of ${stream}:
  ${sides.map(({ region, shown }) => `${region} shows ${shown} minutes`).join(', ')}.
The link heals. GET /conflicts lists what they did without having seen each other:
  ${conflict ?? 'nothing'}.
${agree ? `Every Region shows ${minutes} minutes: the later report counts, and the earlier one is still in the stream.` : `The Regions do not agree: ${[...after].map(String).join('; ')}.`}`;
}
