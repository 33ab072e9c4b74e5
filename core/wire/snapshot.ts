import * as z from 'zod';
import { isJson } from '../facts/json.ts';
import type { Snapshot } from '../facts/snapshot.ts';
import { sameVersion } from '../facts/version.ts';
import { pinAtSchema, pinKeySchema } from './pin.ts';
import { entryKeySchema } from './placement.ts';
import { dotShape, versionVectorSchema } from './schemas.ts';

/** A copy of a commit. A snapshot may hold many, so members have no names, and usual values are stored as null. */
const rowSchema = z.tuple([
  z.string(), // commitId
  z.string(), // log
  z.number(), // position
  z.string(), // stamp
  z.string(), // fingerprint
  z.nullable(z.string()), // the fingerprint that it counts for, if different
  z.nullable(versionVectorSchema), // its version, if more than the commit itself and the earlier ones of its log
]);

const sealSchema = z.object({
  key: entryKeySchema,
  acting: z.string(),
  pin: pinKeySchema.exactOptional(),
  region: z.string(),
  ...dotShape,
});

export const snapshotSchema = z.object({
  stream: z.string(),
  codeVersion: z.number(),
  schemaVersions: z.record(z.string(), z.number()),
  version: versionVectorSchema,
  latestStamp: z.string(),
  withEvents: versionVectorSchema,
  state: z.unknown(),
  copies: z.array(rowSchema),
  /** Of each copy: the digest of its events, and its writer's clock if its stamp is ahead of that. Older code reads neither. */
  details: z.array(z.tuple([z.nullable(z.string()), z.nullable(z.number())])).optional(),
  idsSince: z.number().exactOptional(),
  repaired: z.literal(true).exactOptional(),
  seals: z.array(sealSchema).exactOptional(),
  pin: pinAtSchema.exactOptional(),
});

/** @throws Error if the state is not JSON: it would be read back as a different value */
export function encodeSnapshot({ ids, ...snapshot }: Snapshot): string {
  if (!isJson(snapshot.state))
    throw new Error(
      `The state of ${snapshot.stream} is not JSON. Fix its type’s evolve, or remove snapshots from its definition.`,
    );
  const all = [...ids.values()].flat();
  const copies = all.map(
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
  const details = all.map(({ digest, wallTime }) => [digest ?? null, wallTime ?? null]);
  return JSON.stringify({ ...snapshot, copies, details });
}

/** @throws Error if the text does not come from `encodeSnapshot` */
export function decodeSnapshot(text: string): Snapshot {
  const { copies, details = [], ...snapshot } = snapshotSchema.parse(JSON.parse(text));
  const known = copies.map(([commitId, log, position, hlc, fingerprint, countsAs, version], i) => {
    const [digest = null, wallTime = null] = details[i] ?? [];
    return {
      commitId,
      log,
      position,
      hlc,
      ...(wallTime !== null && { wallTime }),
      fingerprint,
      ...(digest !== null && { digest }),
      countsAs: countsAs ?? fingerprint,
      version: version ?? { [log]: position },
    };
  });
  return { ...snapshot, ids: Map.groupBy(known, ({ commitId }) => commitId) };
}
