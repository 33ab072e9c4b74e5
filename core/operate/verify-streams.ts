// What a Region has of streams, and what is wrong with their rows and intents there.

import { streamTypeOf } from '../definition/domain.ts';
import { shardOf, type ViewDefinition } from '../definition/view.ts';
import { inChunks } from '../facts/chunks.ts';
import type { Commit } from '../facts/commit.ts';
import { MeridianError, messageOf } from '../facts/errors.ts';
import { canonicalJson } from '../facts/fingerprint.ts';
import { wallTimeOf } from '../facts/hlc.ts';
import { parseStreamRef, type StreamRef } from '../facts/stream-ref.ts';
import { emptyVersion, positionIn, versionOf } from '../facts/version.ts';
import type { ViewEntry } from '../facts/view-entry.ts';
import { MAX_DIGESTS, STEP_MS } from '../limits/budgets.ts';
import { History } from '../log/history.ts';
import { withDecisions } from '../log/load.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { GenerationStore } from '../ports/generation-store.ts';
import type { ViewStore } from '../ports/view-store.ts';
import { replacement } from '../view/change.ts';
import { readGenerations } from '../view/current-generations.ts';
import { type Target, targetOf } from '../view/generation.ts';
import type { ActionRequest, ActionResult } from '../wire/operate.ts';
import type { Finding } from '../wire/verify.ts';
import { isIntact, itemDigest } from './item-digest.ts';
import { intentFindings, type VerifyIntentsPorts } from './verify-intents.ts';
import { isServed } from './verify-view.ts';

export interface VerifyStreamsPorts extends VerifyIntentsPorts {
  readonly events: VerifyIntentsPorts['events'] & EventStore;
  readonly views: ViewStore & GenerationStore;
}

/** Streams that are loaded at a time. */
const LOADS = 10;

/** Missing commits that are named per log: more of them would say no more. */
const GAPS = 10;

type Result = ActionResult<'verify-streams'>;
type Look = Result['streams'][number];

/**
 * Loads streams from this Region's table alone, without snapshots, and compares their rows and intents with that.
 * Starts nothing new after {@link STEP_MS}.
 * @throws MeridianError `unavailable`, `quorum-unreachable`
 */
export async function verifyStreams(
  ports: VerifyStreamsPorts,
  { streams, until: time }: ActionRequest<'verify-streams'>,
): Promise<Result> {
  const deadline = ports.runtime.elapsed() + STEP_MS;
  const until = Date.parse(time);
  const refs = streams.map(parseStreamRef);
  const targets = await targetsFor(ports, new Set(refs.map(({ type }) => type)));
  const found: { readonly look?: Look; readonly findings: readonly Finding[] }[] = [];
  let rest: readonly StreamRef[] = refs;
  while (rest.length > 0 && (found.length === 0 || ports.runtime.elapsed() < deadline)) {
    const some = rest.slice(0, LOADS);
    rest = rest.slice(LOADS);
    // Rows are read before their streams: what they have is then in the table, unless it has come another way.
    const rows = await Promise.all(targets.map((target) => rowsIn(ports, target, some)));
    found.push(...(await Promise.all(some.map((ref) => lookAt(ports, ref, { until, rows })))));
  }
  return {
    streams: found.flatMap(({ look }) => look ?? []),
    findings: found.flatMap(({ findings }) => findings),
    rest: rest.map(({ name }) => name),
  };
}

/** A generation, and its entries for some streams. */
interface Rows {
  readonly target: Target;
  readonly entries: ReadonlyMap<string, ViewEntry>;
}

/** The generations that reads use, of the views of these stream types, if this code keeps them up to date. */
async function targetsFor({ domain, views }: VerifyStreamsPorts, types: ReadonlySet<string>): Promise<Target[]> {
  const asked: readonly ViewDefinition[] = [...domain.views.values()].filter(({ of }) => types.has(of.type));
  if (asked.length === 0) return [];
  const known = await readGenerations(views, asked);
  return known.filter(isServed).map(({ view, generations }) => targetOf(view, generations.active));
}

async function rowsIn({ views }: VerifyStreamsPorts, target: Target, refs: readonly StreamRef[]): Promise<Rows> {
  const places = refs
    .filter(({ type }) => type === target.view.of.type)
    .map(({ name }) => ({ stream: name, shard: shardOf(target.shards, name) }));
  return { target, entries: places.length > 0 ? await views.entries(target.name, places) : new Map() };
}

async function lookAt(
  ports: VerifyStreamsPorts,
  ref: StreamRef,
  { until, rows }: { readonly until: number; readonly rows: readonly Rows[] },
): Promise<{ readonly look?: Look; readonly findings: readonly Finding[] }> {
  const { name: stream, type } = ref;
  const { domain, runtime } = ports;
  try {
    const commits = (await ports.events.load(stream)).toSorted(byPlace);
    const changed = commits.filter((commit) => !isIntact(runtime, commit)).map(placeOf);
    const findings: Finding[] = [
      ...changed.map((place) => ({ kind: 'changed' as const, ...place })),
      ...gapsIn(commits).map((place) => ({ kind: 'gap' as const, stream, ...place })),
      ...(await intentFindings(ports, commits, until)),
    ];
    const own = rows.filter(({ target }) => target.view.of.type === type);
    if (own.length > 0) {
      const history = await withDecisions(ports, new History(streamTypeOf(domain, type), stream, commits));
      for (const { target, entries } of own)
        findings.push(...rowFinding(target, ref, { history, entry: entries.get(stream), until }));
    }
    return { look: lookOf(ports, stream, { commits, until }), findings };
  } catch (error) {
    if (error instanceof MeridianError && error.retryable) throw error;
    return { findings: [{ kind: 'unreadable', stream, why: messageOf(error) }] };
  }
}

/** By log, then position, the same in every Region. */
function byPlace(a: Commit, b: Commit): number {
  if (a.log !== b.log) return a.log < b.log ? -1 : 1;
  return a.position - b.position;
}

function placeOf({ stream, log, position }: Commit) {
  return { stream, log, position };
}

function lookOf(
  { runtime }: VerifyStreamsPorts,
  stream: string,
  { commits, until }: { readonly commits: readonly Commit[]; readonly until: number },
): Look {
  const old = commits.filter(({ hlc }) => wallTimeOf(hlc) <= until);
  const hash = old.reduce(
    (hash, commit) =>
      runtime.digest(`${hash} ${commit.log} ${commit.position} ${commit.tx?.state} ${itemDigest(runtime, commit)}`),
    '',
  );
  return {
    ...{ stream, hash, commits: old.length },
    heads: { ...versionOf(new Map(commits.map(({ log, position }) => [log, position]))) },
  };
}

/** The commits that are missing before others of their log, or that others depend on: the first ones of each log. */
function gapsIn(commits: readonly Commit[]): readonly { readonly log: string; readonly position: number }[] {
  const wanted = new Map<string, number>();
  const positions = new Map<string, Set<number>>();
  for (const { log, position, context } of commits) {
    for (const [of, at] of [...Object.entries(context), [log, position] as const])
      wanted.set(of, Math.max(wanted.get(of) ?? 0, at));
    const own = positions.get(log) ?? new Set();
    positions.set(log, own.add(position));
  }
  return [...wanted].flatMap(([log, last]) => {
    const own = positions.get(log) ?? new Set();
    const missing: { log: string; position: number }[] = [];
    for (let position = 1; position <= last && missing.length < GAPS; position++)
      if (!own.has(position)) missing.push({ log, position });
    return missing;
  });
}

/** Compares an entry with the fold of its stream, at the entry's own version: what arrives meanwhile makes no difference. */
function rowFinding(
  target: Target,
  ref: StreamRef,
  of: { readonly history: History; readonly entry: ViewEntry | undefined; readonly until: number },
): readonly Finding[] {
  const { history, entry, until } = of;
  const [view, stream] = [target.view.name, ref.name];
  try {
    const lacking = history.since(entry?.version ?? emptyVersion).some(({ hlc }) => wallTimeOf(hlc) <= until);
    if (!entry) return lacking ? [{ kind: 'row-missing', view, stream }] : [];
    const { version: seen } = entry;
    const ahead = Object.keys(seen).filter((log) => positionIn(seen, log) > positionIn(history.seen, log));
    if (ahead.length > 0)
      return ahead.map((log) => ({
        ...{ kind: 'row-ahead', view, stream, log },
        position: positionIn(history.seen, log) + 1,
      }));
    const { entry: given } = replacement(target, ref, { seen, state: history.stateAt(seen) }, entry);
    if (contentOf(given) !== contentOf(entry)) return [{ kind: 'row-wrong', view, stream }];
    return lacking ? [{ kind: 'row-behind', view, stream }] : [];
  } catch (error) {
    return [{ kind: 'unreadable', stream, view, why: messageOf(error) }];
  }
}

function contentOf({ row, totals }: ViewEntry): string {
  return canonicalJson({ row, totals });
}

/**
 * The commits of one log, with their digests, so that those that differ between Regions can be found.
 * @throws MeridianError `unavailable`, `quorum-unreachable`
 */
export async function verifyCommits(
  { events, runtime }: Pick<VerifyStreamsPorts, 'events' | 'runtime'>,
  { stream, log, after, until }: ActionRequest<'verify-commits'>,
): Promise<ActionResult<'verify-commits'>> {
  const following = (await events.loadLog(stream, log, after)).toSorted(byPlace);
  const [page = [], next] = inChunks(following, MAX_DIGESTS);
  const last = page.at(-1);
  return {
    commits: page
      .filter(({ hlc }) => wallTimeOf(hlc) <= Date.parse(until))
      .map((commit) => ({
        position: commit.position,
        digest: itemDigest(runtime, commit),
        ...(commit.tx && { state: commit.tx.state }),
        region: commit.region,
        intact: isIntact(runtime, commit),
      })),
    ...(next && last && { next: last.position }),
  };
}
