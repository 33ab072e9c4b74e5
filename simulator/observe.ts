import type { HistoryCommit, LineOf } from '../checkers/history.ts';
import { eventId } from '../core/facts/commit.ts';
import { type Commit, conflictPageSchema, listedPageSchema, rowPageSchema, streamStateSchema } from '../core/index.ts';
import { codeOf, outcomeIn, versionIn } from '../workload/session.ts';
import { useOf } from '../workload/workload.ts';
import { ask } from './ask.ts';
import { fullWorkload } from './domain.ts';
import type { Stage } from './stage.ts';
import { subscribersOf } from './subscribers.ts';

/** What is looked at when a history is over. */
export interface Scene extends Pick<Stage, 'world' | 'scheduler' | 'recorder' | 'named'> {
  /** The streams that were written. */
  readonly streams: readonly string[];
}

/** Writes down what every Region stores, shows and has counted in the end. */
export async function observe(scene: Scene): Promise<void> {
  const { world, recorder, streams } = scene;
  for (const region of world.regions.keys()) {
    for (const stream of streams) await observeStream(scene, region, stream);
    // They are a function of the commits, which are the same everywhere: each stream is asked for in one Region.
    for (const [i, stream] of streams.entries())
      if (i % world.regions.size === [...world.regions.keys()].indexOf(region))
        await observeConflicts(scene, region, stream);
    await observeLedger(scene, region);
    for (const [view, described] of Object.entries(fullWorkload.views)) {
      const values = await rowsOf(scene, region, view);
      recorder.add({ line: 'view', region, view, ...described, values });
    }
    for (const [subscriber, { table, runsIn }] of Object.entries(subscribersOf(scene.named)))
      if (table === 'own') observeSums(scene, region, { subscriber, named: runsIn });
    for (const id of recorder.transactions) await observeOutcome(scene, region, id);
  }
}

async function observeStream(scene: Scene, region: string, stream: string): Promise<void> {
  const { world, recorder } = scene;
  const body = await get(scene, region, `/streams/${stream}`);
  if (body === undefined) return;
  const { state, version } = streamStateSchema.parse(body);
  const stored = await world.region(region).load(stream);
  const commits = stored.map(shown);
  recorder.add({
    ...{ line: 'replica', region, stream, commits, version: versionIn(version) },
    state: useOf(fullWorkload, stream).state(state),
  });
}

async function observeConflicts(scene: Scene, region: string, stream: string): Promise<void> {
  const body = await get(scene, region, `/streams/${stream}/conflicts`, { limit: '1000' });
  if (body === undefined) return;
  const conflicts = conflictPageSchema.parse(body).conflicts.map(({ log, position, kind, open, against }) => ({
    ...{ log, position, twice: kind !== 'concurrent', open },
    against: against.map((dot) => ({ log: dot.log, position: dot.position })),
  }));
  scene.recorder.add({ line: 'conflicts', region, stream, conflicts });
}

async function observeLedger(scene: Scene, region: string): Promise<void> {
  const conflicts: LineOf<'ledger'>['conflicts'] = [];
  for (let after: string | undefined, first = true; first || after !== undefined; first = false) {
    const body = await get(scene, region, '/conflicts', after === undefined ? {} : { after });
    if (body === undefined) return;
    const page = listedPageSchema.parse(body);
    for (const { stream, log, position, kind, open, against, revision } of page.conflicts)
      conflicts.push({ stream, log, position, twice: kind !== 'concurrent', open, against, revision });
    after = page.next;
  }
  scene.recorder.add({ line: 'ledger', region, conflicts });
}

/** A stored commit in the words of the checkers. */
export function shown(commit: Commit): HistoryCommit {
  const { log, position, commitId, region, context, hlc, fingerprint, tx, events, stream, repair } = commit;
  return {
    ...{ log, position, commitId, region, context, hlc, fingerprint },
    state: tx === undefined || tx.state === 'committed' ? 'visible' : tx.state,
    ...(tx && { deadline: tx.deadline }),
    ...(repair && { repair }),
    events: events.map((event, index) => ({
      id: eventId(commit, index),
      type: event.type,
      effect: useOf(fullWorkload, stream).effect(event),
    })),
  };
}

async function rowsOf(scene: Scene, region: string, view: string) {
  const rows: [string, unknown][] = [];
  for (let after: string | undefined, first = true; first || after !== undefined; first = false) {
    const body = await get(scene, region, `/views/${view}`, after === undefined ? {} : { after });
    if (body === undefined) break;
    const page = rowPageSchema.parse(body);
    rows.push(...page.rows.map(({ key, value }): [string, unknown] => [key, value]));
    after = page.next;
  }
  return Object.fromEntries(rows);
}

function observeSums(
  { world, recorder }: Scene,
  region: string,
  { subscriber, named }: { readonly subscriber: string; readonly named: string | undefined },
): void {
  const sums = world.region(region).sumsOf(subscriber);
  const counts = Object.fromEntries([...sums].map(([event, { count = 0 }]) => [event, count]));
  const whose = { region, subscriber, ...(named !== undefined && { named }) };
  recorder.add({ line: 'tallied', ...whose, of: 'events', counts });
}

async function observeOutcome({ world, scheduler, recorder }: Scene, region: string, id: string): Promise<void> {
  const path = `/transactions/${id}`;
  const reply = await scheduler.resolve(ask(world, region, { method: 'GET', path }));
  const state = outcomeIn(reply);
  const at = recorder.now();
  if (state === undefined) recorder.add({ line: 'unanswered', at, region, path, code: codeOf(reply) });
  else recorder.add({ line: 'outcome', at, region, id, state });
}

/** The body of an answer with what was asked for; undefined if there is none, which is written down. */
async function get(
  { world, scheduler, recorder }: Scene,
  region: string,
  path: string,
  query: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const reply = await scheduler.resolve(ask(world, region, { method: 'GET', path, query }));
  if (reply?.status === 200) return reply.body;
  recorder.add({ line: 'unanswered', at: recorder.now(), region, path, code: codeOf(reply) });
  return undefined;
}
