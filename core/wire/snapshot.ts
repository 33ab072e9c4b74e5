import * as z from 'zod';
import { isJson } from '../facts/json.ts';
import type { Snapshot } from '../facts/snapshot.ts';
import { sameVersion } from '../facts/version.ts';
import { versionVectorSchema } from './schemas.ts';

/** A copy. There may be many: so they have no names, and what is as nearly always is null. */
const rowSchema = z.tuple([
  z.string(), // commitId
  z.string(), // log
  z.number(), // position
  z.string(), // stamp
  z.string(), // fingerprint
  z.nullable(z.string()), // the fingerprint that it counts for, if that is another one
  z.nullable(versionVectorSchema), // its version, if that is more than the commit itself and what its log holds before
]);

export const snapshotSchema = z.object({
  stream: z.string(),
  codeVersion: z.number(),
  schemaVersions: z.record(z.string(), z.number()),
  version: versionVectorSchema,
  latestStamp: z.string(),
  withEvents: versionVectorSchema,
  state: z.unknown(),
  copies: z.array(rowSchema),
});

/** @throws Error when the state is not JSON: read back it would be another one */
export function encodeSnapshot({ ids, ...snapshot }: Snapshot): string {
  if (!isJson(snapshot.state))
    throw new Error(`The state of ${snapshot.stream} is not JSON: mend its type’s evolve, or take its snapshots away.`);
  const copies = [...ids.values()]
    .flat()
    .map(
      ({ commitId, log, position, hlc, fingerprint, countsAs, version }): z.output<typeof rowSchema> => [
        commitId,
        log,
        position,
        hlc,
        fingerprint,
        countsAs === fingerprint ? null : countsAs,
        sameVersion(version, { [log]: position }) ? null : version,
      ],
    );
  return JSON.stringify({ ...snapshot, copies });
}

/** @throws Error when the text is not one of `encodeSnapshot` */
export function decodeSnapshot(text: string): Snapshot {
  const { copies, ...snapshot } = snapshotSchema.parse(JSON.parse(text));
  const known = copies.map(([commitId, log, position, hlc, fingerprint, countsAs, version]) => ({
    commitId,
    log,
    position,
    hlc,
    fingerprint,
    countsAs: countsAs ?? fingerprint,
    version: version ?? { [log]: position },
  }));
  return { ...snapshot, ids: Map.groupBy(known, ({ commitId }) => commitId) };
}
