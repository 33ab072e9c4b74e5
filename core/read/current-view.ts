import { shardOf, type ViewDefinition } from '../definition/view.ts';
import { invalid, MeridianError } from '../facts/errors.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { emptyVersion, type VersionVector, versionDominates } from '../facts/version.ts';
import { isKey, type ViewEntry, type ViewKind } from '../facts/view-entry.ts';
import { CATCH_UP_MS, MAX_STREAMS_AT_LEAST } from '../limits/budgets.ts';
import type { LoadPorts } from '../log/load.ts';
import type { GenerationStore } from '../ports/generation-store.ts';
import type { ViewStore } from '../ports/view-store.ts';
import { Retries } from '../retry.ts';
import { generationsOf } from '../view/current-generations.ts';
import { storedAs } from '../view/generation.ts';
import { encodeVersionToken } from '../wire/version-token.ts';

export interface ViewPorts extends Pick<LoadPorts, 'domain' | 'runtime'> {
  readonly views: ViewStore & GenerationStore;
}

/** What a reader of a view has seen. */
export interface SeenOptions {
  /** Versions that the view must include, by stream. @default none */
  readonly atLeast?: ReadonlyMap<string, VersionVector> | undefined;
  /** Milliseconds to wait for them. @default `CATCH_UP_MS` */
  readonly waitMs?: number | undefined;
}

/** A view's active generation: where it is stored, and the kind and shards that it was built with. */
export interface CurrentView {
  readonly stored: string;
  readonly kind: ViewKind;
  readonly shards: number;
  /** The entries of the streams that the reader named, and of the row. */
  readonly entries: ReadonlyMap<string, ViewEntry>;
}

/**
 * A view's active generation, once it includes what the reader has seen. Every stream that was projected has an entry with
 * the version that it was computed at, even if it has no row and contributes to no total.
 * @param row the stream whose row is wanted, if the generation has rows
 * @throws MeridianError `validation`: a version is of another type's stream, or too many streams are named; `not-caught-up`,
 *   with the version that the view has of the first stream that it is behind with; `unavailable`
 */
export async function currentView(
  { views, runtime }: ViewPorts,
  view: ViewDefinition,
  { atLeast = new Map(), waitMs = CATCH_UP_MS }: SeenOptions,
  row?: string,
): Promise<CurrentView> {
  checkStreams(view, [...atLeast.keys()]);
  const retries = new Retries(runtime, waitMs);
  for (;;) {
    // A rebuild may have replaced the generation meanwhile: the one that was waited for is no longer kept up to date then.
    const { active } = await generationsOf(views, view);
    const { kind, shards } = active;
    const stored = storedAs(view.name, active);
    // A text that is too long for a key is the name of no stream.
    const ofRow = row !== undefined && isKey(row) && kind === 'rows' ? [row] : [];
    const streams = new Set([...atLeast.keys(), ...ofRow]);
    const places = [...streams].map((stream) => ({ stream, shard: shardOf(shards, stream) }));
    const entries = places.length > 0 ? await views.entries(stored, places) : new Map<string, ViewEntry>();
    const behind = [...atLeast].flatMap(([stream, wanted]) => {
      const seen = entries.get(stream)?.version ?? emptyVersion;
      return versionDominates(seen, wanted) ? [] : [{ stream, seen, wanted }];
    });
    const [first] = behind;
    if (!first) return { stored, kind, shards, entries };
    if (!(await retries.pause()))
      throw new MeridianError(
        'not-caught-up',
        `The view ${view.name} of this Region does not include that version of ${first.stream} yet. Retry.`,
        {
          retryable: true,
          details: {
            seen: encodeVersionToken(first.stream, first.seen),
            wanted: encodeVersionToken(first.stream, first.wanted),
            behind: behind.map(({ stream }) => stream),
          },
        },
      );
  }
}

function checkStreams({ name, of }: ViewDefinition, streams: readonly string[]): void {
  const other = streams.find((stream) => parseStreamRef(stream).type !== of.type);
  if (other !== undefined)
    throw invalid([
      { path: 'atLeast', message: `is a version of ${other}, but the view ${name} is of streams ${of.type}/…` },
    ]);
  if (streams.length > MAX_STREAMS_AT_LEAST)
    throw invalid([{ path: 'atLeast', message: `has ${streams.length} streams; at most ${MAX_STREAMS_AT_LEAST}` }]);
}
