import type { Domain } from '../../core/index.ts';
import { functionUrlEvent, type World } from '../../world/index.ts';
import { firstEventOf, idOf } from '../sample.ts';

/** The first event of a new stream, written so that a new project has something to show. */
export interface Sample {
  readonly stream: string;
  readonly event: { readonly type: string; readonly data: unknown };
  /** The Regions that write the event, concurrently. */
  readonly regions: readonly string[];
}

/** Why a stream type has no sample. */
export interface NoSample {
  readonly type: string;
  readonly why: string;
}

/** A sample for each stream type. For a `merge` type every Region writes one, concurrently. */
export function samplesOf(
  domain: Domain,
  regions: readonly string[],
): { readonly samples: readonly Sample[]; readonly missing: readonly NoSample[] } {
  const samples: Sample[] = [];
  const missing: NoSample[] = [];
  for (const [i, definition] of [...domain.streams.values()].entries()) {
    const { type } = definition;
    const id = idOf(definition, [...regions.slice(i % regions.length), ...regions], 'sample');
    const first = firstEventOf(definition);
    if (!first) missing.push({ type, why: 'no event with a `sample` can be the first of a stream' });
    else if (id === undefined)
      missing.push({ type, why: `neither sample nor ${regions[0]}.sample is a valid id; append an event yourself` });
    else
      samples.push({
        stream: `${type}/${id}`,
        event: first.event,
        regions: definition.mode === 'merge' ? regions : regions.slice(0, 1),
      });
  }
  return { samples, missing };
}

/** Writes samples through the Regions' APIs. @throws Error if one is refused */
export async function writeSamples(world: World, samples: readonly Sample[]): Promise<void> {
  await Promise.all(
    samples.flatMap(({ stream, event, regions }) =>
      regions.map(async (region) => {
        const body = JSON.stringify({ stream, events: [event] });
        const answer = await world.region(region).request(functionUrlEvent({ method: 'POST', path: '/events', body }));
        if (answer.statusCode >= 300) throw new Error(`The sample of ${stream} was refused: ${answer.body}`);
      }),
    ),
  );
}
