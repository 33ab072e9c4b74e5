import { streamModeOf, viewOf } from './definition/domain.ts';
import type { Mode } from './definition/stream.ts';
import { type Sums, shardOf, type ViewDefinition } from './definition/view.ts';
import { MeridianError } from './errors.ts';
import { type Commit, splitStream } from './log/commit.ts';
import { wallTimeOf } from './log/hlc.ts';
import { type LoadPorts, loadAtLeast, loadWhole } from './log/load.ts';
import { empty, join, type Version } from './log/version.ts';
import type { Row, Runtime, Sightings, ViewStore } from './ports.ts';
import { generationsOf } from './view/current-generations.ts';
import { storedAs } from './view/generation.ts';

export interface StreamState {
  readonly state: unknown;
  readonly version: Version;
  readonly mode: Mode;
}

/**
 * The state of a stream as this Region has seen it; a stream without commits has its type's initial state.
 * @param atLeast waits up to 2 s until this Region has seen that version
 * @throws MeridianError `unknown-stream-type`; `not-caught-up`, with how far this Region is; `unavailable`
 */
export async function readStream(ports: LoadPorts, stream: string, atLeast?: Version): Promise<StreamState> {
  const mode = streamModeOf(ports.domain, stream);
  const { state, seen } = await loadAtLeast(ports, stream, atLeast);
  return { state, version: seen, mode };
}

export interface CommitPage {
  readonly commits: readonly Commit[];
  /** What the reader knows with this page, to be given as `after` for the next. */
  readonly version: Version;
  readonly more: boolean;
}

/**
 * The seen commits that `after` does not cover, in fold order. A page is a causally closed step, so following a stream
 * by `after` misses nothing: a commit that arrives late comes late, wherever its stamp places it.
 * @throws MeridianError as `readStream`
 */
export async function readCommits(
  ports: LoadPorts,
  stream: string,
  after: Version = empty,
  limit = 100,
): Promise<CommitPage> {
  // From the start there is nothing that a snapshot could save.
  const loaded = Object.keys(after).length > 0 ? await loadAtLeast(ports, stream, after) : undefined;
  const history = loaded?.reaches(after) ? loaded : await loadWhole(ports, stream);
  const unread = history.since(after);
  const commits = unread.slice(0, limit);
  const version = commits.reduce((known, { log, position }) => join(known, { [log]: position }), after);
  return { commits, version, more: unread.length > limit };
}

interface ViewPorts extends Pick<LoadPorts, 'domain'> {
  readonly views: ViewStore;
}

export interface RowPage {
  readonly rows: readonly Row[];
  readonly more: boolean;
}

/**
 * Rows of a view in the order of their keys: those of its active generation.
 * @param after the last key of the page before; it stands for the same place in every generation
 * @throws MeridianError `unknown-view`; `unavailable`
 */
export async function readRows(
  { domain, views }: ViewPorts,
  name: string,
  after?: string,
  limit = 100,
): Promise<RowPage> {
  const view = viewOf(domain, name);
  const { stored, kind, shards } = await activeOf(views, view);
  const rows =
    kind === 'totals'
      ? (await views.totals(stored, shards, after, limit + 1)).map(({ key, sums }) => ({
          key,
          value: shown(view, sums),
        }))
      : (await views.rows(stored, shards, after && `${view.of.type}/${after}`, limit + 1)).map(({ key, value }) => ({
          key: splitStream(key).id,
          value,
        }));
  return { rows: rows.slice(0, limit), more: rows.length > limit };
}

/** @throws MeridianError `unknown-view`; `not-found`; `unavailable` */
export async function readRow({ domain, views }: ViewPorts, name: string, key: string): Promise<Row> {
  const view = viewOf(domain, name);
  const active = await activeOf(views, view);
  const value = await (active.kind === 'totals' ? totalOf(views, view, active, key) : rowOf(views, view, active, key));
  if (value === undefined) throw new MeridianError('not-found', `View ${name} has no row ${key}.`);
  return { key, value };
}

type Active = Awaited<ReturnType<typeof activeOf>>;

/** What is read of a view, and as what it was built. */
async function activeOf(views: ViewStore, view: ViewDefinition) {
  const { active } = await generationsOf(views, view);
  return { stored: storedAs(view.name, active), kind: active.kind, shards: active.shards };
}

async function totalOf(
  views: ViewStore,
  view: ViewDefinition,
  { stored, shards }: Active,
  key: string,
): Promise<unknown> {
  const sums = await views.total(stored, shards, key);
  return sums && shown(view, sums);
}

function shown(view: ViewDefinition, sums: Sums): unknown {
  return view.kind === 'totals' && view.present ? view.present(sums) : sums;
}

async function rowOf(
  views: ViewStore,
  { of }: ViewDefinition,
  { stored, shards }: Active,
  key: string,
): Promise<unknown> {
  const stream = `${of.type}/${key}`;
  return (await views.entries(stored, [{ stream, shard: shardOf(shards, stream) }])).get(stream)?.row;
}

interface HealthPorts {
  readonly region: string;
  readonly regions: readonly string[];
  readonly sightings: Sightings;
  readonly runtime: Pick<Runtime, 'now'>;
}

/** What reading needs, of streams, views and the Region itself. */
export type ReadPorts = LoadPorts & ViewPorts & HealthPorts;

/** What a Region has seen of every Region, and how old that is. An idle Region's stamp ages too: nothing new came. */
export interface Health {
  readonly region: string;
  readonly seen: Readonly<Record<string, { readonly at: string; readonly ageMs: number } | null>>;
}

/** One of which nothing has arrived yet is null. @throws MeridianError `unavailable` */
export async function readHealth({ region, regions, sightings, runtime }: HealthPorts): Promise<Health> {
  const stamps = await sightings.all();
  const sightingOf = (of: string) => {
    const stamp = stamps.get(of);
    if (stamp === undefined) return null;
    const at = wallTimeOf(stamp);
    return { at: new Date(at).toISOString(), ageMs: Math.max(0, runtime.now() - at) };
  };
  return { region, seen: Object.fromEntries(regions.map((of) => [of, sightingOf(of)])) };
}
