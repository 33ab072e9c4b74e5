import type { Domain, StreamDefinition } from '../../core/index.ts';
import { Fold } from '../../core/log/fold.ts';
import { functionUrlEvent, type World } from '../../world/index.ts';

/** A first event for a stream, so that there is something to see. */
export interface Sample {
  readonly stream: string;
  readonly event: { readonly type: string; readonly data: unknown };
  /** The Regions that write it, at the same time. */
  readonly regions: readonly string[];
}

/** Why a stream type has no sample. */
export interface NoSample {
  readonly type: string;
  readonly why: string;
}

/** A sample of each stream type: for a `merge` stream, an event in every Region at the same time. */
export function samplesOf(
  domain: Domain,
  regions: readonly string[],
): { readonly samples: readonly Sample[]; readonly missing: readonly NoSample[] } {
  const samples: Sample[] = [];
  const missing: NoSample[] = [];
  for (const [i, definition] of [...domain.streams.values()].entries()) {
    const { type } = definition;
    const id = idOf(definition, [...regions.slice(i % regions.length), ...regions]);
    const event = eventOf(definition);
    if (!event) missing.push({ type, why: 'no event that can start a stream has a `sample`' });
    else if (id === undefined)
      missing.push({ type, why: `it refuses ids such as sample and ${regions[0]}.sample; append an event yourself` });
    else
      samples.push({
        stream: `${type}/${id}`,
        event,
        regions: definition.mode === 'merge' ? regions : regions.slice(0, 1),
      });
  }
  return { samples, missing };
}

/** In most domains with homes, ids start with their Region. */
function idOf(definition: StreamDefinition, regions: readonly string[]): string | undefined {
  const candidates = ['sample', ...regions.flatMap((region) => [`${region}.sample`, `${region}-sample`])];
  return candidates.find((id) => {
    try {
      if (definition.mode === 'home') return regions.includes(definition.home(id, regions));
      definition.checkId?.(id);
      return true;
    } catch {
      return false;
    }
  });
}

/** The first event whose sample can be folded onto the initial state. */
function eventOf(definition: StreamDefinition): Sample['event'] | undefined {
  for (const [type, { schemaVersion, schema, sample }] of Object.entries(definition.events)) {
    const parsed = schema.safeParse(sample);
    if (!parsed.success) continue;
    try {
      new Fold(definition).apply({
        stream: `${definition.type}/sample`,
        ...{ log: 'here', position: 1, previous: 0, context: {}, region: 'here', meta: {} },
        ...{ commitId: 'sample', fingerprint: 'sample', hlc: '0'.repeat(16) },
        events: [{ type, schemaVersion, data: parsed.data }],
      });
      return { type, data: sample };
    } catch {
      // Another event may be able to start the stream.
    }
  }
  return undefined;
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
