import {
  type Domain,
  decodeEventData,
  type EventVersion,
  encodeEventData,
  parseEvents,
  type StreamDefinition,
} from '../core/index.ts';
import { Fold } from '../core/log/fold.ts';

/**
 * The faults in the versions and samples of a domain's events, a line each. Every version from 1 on must exist, with a
 * sample that its schema accepts, that can be sent, and that can be folded from its stored form.
 */
export function sampleFaults(domain: Domain): readonly string[] {
  return [...domain.streams.values()].flatMap((stream) =>
    Object.entries(stream.events).flatMap(([type, { earlier = [], ...current }]) => {
      const versions: readonly EventVersion[] = [...earlier, current];
      const missing = Array.from({ length: current.schemaVersion - versions.length }, (_, i) => i + 1);
      return [
        ...missing.map(
          (version) => `${stream.type}.${type}.${version} is missing: make the next version with nextVersion`,
        ),
        ...versions.flatMap((version) =>
          version.sample === undefined
            ? `${nameOf(stream, type, version)} has no sample: give it one`
            : (faultOf(stream, type, version) ?? []),
        ),
      ];
    }),
  );
}

/** The samples that exist and cannot be used, a line each with the reason. */
export function unusableSamples(domain: Domain): readonly string[] {
  return [...domain.streams.values()].flatMap((stream) =>
    Object.entries(stream.events).flatMap(([type, { earlier = [], ...current }]) =>
      [...earlier, current].flatMap((version) =>
        version.sample === undefined ? [] : (faultOf(stream, type, version) ?? []),
      ),
    ),
  );
}

function nameOf({ type }: StreamDefinition, event: string, { schemaVersion }: EventVersion): string {
  return `${type}.${event}.${schemaVersion}`;
}

function faultOf(stream: StreamDefinition, type: string, version: EventVersion): string | undefined {
  const { schemaVersion, schema, sample } = version;
  const name = nameOf(stream, type, version);
  try {
    parseEvents(stream, [{ type, schemaVersion, data: sample }]);
    const stored = decodeEventData(encodeEventData(schema.parse(sample)));
    new Fold(stream).apply({
      stream: `${stream.type}/sample`,
      log: 'here',
      position: 1,
      commitId: name,
      fingerprint: name,
      events: [{ type, schemaVersion, data: stored }],
      context: {},
      previous: 0,
      hlc: '0'.repeat(16),
      region: 'here',
      meta: {},
    });
    return undefined;
  } catch (error) {
    return `${name}: its sample is not usable: ${error instanceof Error ? error.message : error}`;
  }
}
