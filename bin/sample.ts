import type { StreamDefinition } from '../core/index.ts';
import { Fold } from '../core/log/fold.ts';

/** An event that can be the first of a stream, and the resulting state. */
export interface FirstEvent {
  readonly event: { readonly type: string; readonly data: unknown };
  readonly state: unknown;
}

/**
 * An id that a stream type accepts, derived from a key. Ids with a Region as prefix are tried too, as most domains with
 * homes use them.
 * @param isHome for a `home` type: returns true if this home is acceptable. @default accepts every Region
 * @returns undefined if the type accepts no such id
 */
export function idOf(
  definition: StreamDefinition,
  regions: readonly string[],
  key: string,
  isHome: (home: string) => boolean = (home) => regions.includes(home),
): string | undefined {
  const candidates = [key, ...regions.flatMap((region) => [`${region}.${key}`, `${region}-${key}`])];
  return candidates.find((id) => {
    try {
      if (definition.mode === 'home') return isHome(definition.home(id, regions));
      definition.checkId?.(id);
      return true;
    } catch {
      return false;
    }
  });
}

/** The first event whose sample can be folded into a stream without events; undefined if there is none. */
export function firstEventOf(definition: StreamDefinition): FirstEvent | undefined {
  for (const [type, { schemaVersion, schema, sample }] of Object.entries(definition.events)) {
    const parsed = schema.safeParse(sample);
    if (!parsed.success) continue;
    try {
      const fold = new Fold(definition);
      fold.apply({
        stream: `${definition.type}/sample`,
        ...{ log: 'here', position: 1, previous: 0, context: {}, region: 'here', meta: {} },
        ...{ commitId: 'sample', fingerprint: 'sample', hlc: '0'.repeat(16) },
        events: [{ type, schemaVersion, data: parsed.data }],
      });
      return { event: { type, data: sample }, state: fold.state };
    } catch {
      // This event cannot be the first of a stream, but another may.
    }
  }
  return undefined;
}
