import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Commit } from '../../../core/facts/commit.ts';
import { MeridianError } from '../../../core/facts/errors.ts';
import { compareKeys, entryFor, placementOf } from '../../../core/facts/placement.ts';
import { versionCovers } from '../../../core/facts/version.ts';
import { PLACEMENT_MS } from '../../../core/limits/budgets.ts';
import { submitAppend } from '../../../core/write/submit.ts';
import { anAppend, command } from '../a-region.ts';
import { aWorld, type Region } from '../transaction/regions.ts';
import { move, processOf, STREAM } from './moves.ts';

const NAMES = ['us', 'eu', 'ap'] as const;
type Name = (typeof NAMES)[number];
const PROCESSES = 2;

type Action =
  /** An append; one that is late puts its commit only when it is released. */
  | { readonly kind: 'append'; readonly at: Name; readonly process: number; readonly isLate: boolean }
  | { readonly kind: 'release' }
  | { readonly kind: 'move'; readonly to: Name }
  | { readonly kind: 'force'; readonly to: Name }
  | { readonly kind: 'deliver'; readonly what: 'log' | 'entries'; readonly from: Name; readonly to: Name }
  /** Everything arrives everywhere, and all processes read the placement again. */
  | { readonly kind: 'settle' }
  | { readonly kind: 'wait' }
  /** The last move is complete, if nothing is left of what was written before it. */
  | { readonly kind: 'complete' };

const name = fc.constantFrom(...NAMES);
const process = fc.nat(PROCESSES - 1);
const moves: readonly fc.WeightedArbitrary<Action>[] = [
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('append' as const), at: name, process, isLate: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'release' as const }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('move' as const), to: name }) },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      what: fc.constantFrom('log', 'entries'),
      from: name,
      to: name,
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'wait' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'settle' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'complete' as const }) },
];
const forced: fc.WeightedArbitrary<Action> = {
  weight: 1,
  arbitrary: fc.record({ kind: fc.constant('force' as const), to: name }),
};

interface Acknowledged {
  readonly commitId: string;
  /** Steps at which the append began and ended. */
  readonly began: number;
  readonly ended: number;
}

/** Runs actions in three Regions, of which each has several processes, and no message arrives unless an action delivers it. */
class Play {
  readonly #world = aWorld();
  readonly #processes: ReadonlyMap<Name, readonly Region[]>;
  readonly #acknowledged: Acknowledged[] = [];
  readonly #running: Promise<unknown>[] = [];
  #gates: (() => void)[] = [];
  /** Nothing is held back any more. */
  #isOver = false;
  #step = 0;
  #ids = 0;
  completions = 0;

  constructor() {
    this.#processes = new Map(
      NAMES.map((at) => [at, Array.from({ length: PROCESSES }, () => processOf(this.#world[at]))]),
    );
  }

  async run(actions: readonly Action[]): Promise<void> {
    for (const action of actions) {
      this.#step++;
      await this.#do(action);
      // Whatever goes on without a release goes on to its end.
      for (let i = 0; i < 50; i++) await Promise.resolve();
    }
    this.#isOver = true;
    this.#release();
    await Promise.all(this.#running);
    await this.#deliverAll();
  }

  async #do(action: Action): Promise<void> {
    switch (action.kind) {
      case 'append':
        return this.#append(action);
      case 'release':
        return this.#release();
      case 'deliver':
        return this.#deliver(action);
      case 'settle':
        await this.#deliverAll();
        return this.#wait();
      case 'wait':
        return this.#wait();
      case 'complete':
        return this.#complete();
      case 'move':
      case 'force':
        return this.#move(action.kind, action.to);
    }
  }

  #wait(): void {
    for (const at of NAMES) this.#world[at].runtime.advance(PLACEMENT_MS + 1);
  }

  async #deliverAll(): Promise<void> {
    for (const from of NAMES)
      for (const to of NAMES) for (const what of ['log', 'entries'] as const) await this.#deliver({ what, from, to });
  }

  async #append({ at, process: index, isLate }: Extract<Action, { kind: 'append' }>): Promise<void> {
    const began = this.#step;
    const commitId = `c${++this.#ids}`;
    const from = this.#processes.get(at)?.[index] ?? this.#world[at];
    const events = isLate
      ? { ...from.events, put: (commit: Commit) => this.#late(() => from.table.put(commit)) }
      : from.events;
    const asked = anAppend({ stream: STREAM, commitId, operation: command('deposit', { amount: 1 }) });
    const done = submitAppend({ ...from, events }, asked).then(
      () => this.#acknowledged.push({ commitId, began, ended: this.#step }),
      (error: unknown) => {
        if (!(error instanceof MeridianError && (error.retryable || error.code === 'misdirected'))) throw error;
      },
    );
    this.#running.push(done);
    if (!isLate) await done;
  }

  async #late<T>(act: () => Promise<T>): Promise<T> {
    if (!this.#isOver)
      await new Promise<void>((open) => {
        this.#gates.push(open);
      });
    return act();
  }

  #release(): void {
    for (const open of this.#gates.splice(0)) open();
  }

  /** Each Region replicates what it wrote: what that depends on may arrive later. */
  async #deliver({ what, from, to }: Omit<Extract<Action, { kind: 'deliver' }>, 'kind'>): Promise<void> {
    const [there, here] = [this.#world[from], this.#world[to]];
    if (from === to) return;
    if (what === 'entries') for (const record of there.placements.items()) here.placements.replicate(record);
    else for (const commit of await there.table.loadLog(STREAM, from, 0)) here.table.replicate(commit);
  }

  async #move(kind: 'move' | 'force', to: Name): Promise<void> {
    const by = kind === 'force' ? to : NAMES.find((each) => this.#actingIn(each).acting === each);
    if (by === undefined) return;
    const { acting, sources, lost } = this.#actingIn(by);
    if (acting === to) return;
    const all = [...new Set([...sources, acting])];
    if (kind === 'force') {
      const gone = [...new Set([...lost, acting])].filter((each) => each !== to);
      await move(this.#world[to], { acting: to, sources: all, kind: 'forced', lost: gone });
    } else await move(this.#world[by], { acting: to, sources: all, lost: lost.filter((each) => each !== to) });
  }

  async #complete(): Promise<void> {
    const by = NAMES.find((each) => this.#actingIn(each).acting === each);
    const entry = by && this.#entryIn(by);
    if (by === undefined || !entry) return;
    const sources = NAMES.filter((each) => entry.sources.includes(each) && each !== by);
    if (this.#gates.length > 0 || sources.some((each) => compareKeys(this.#entryIn(each), entry) !== 0)) return;
    // Every process has to read the placement again.
    this.#wait();
    const here = await this.#world[by].table.load(STREAM);
    for (const source of sources) {
      const there = await this.#world[source].table.loadLog(STREAM, source, 0);
      if (here.filter(({ log }) => log === source).length < there.length) return;
    }
    this.completions++;
    const records = await this.#world[by].placements.records();
    const own = records.find(({ region }) => region === by) ?? { region: by, revision: 0, entries: {} };
    const entries = { ...own.entries, eu: { ...entry, sources: [], lost: [] } };
    await this.#world[by].placements.put({ region: by, revision: own.revision + 1, entries });
  }

  #entryIn(at: Name) {
    return entryFor(placementOf(this.#world[at].placements.items()), 'eu', 'account');
  }

  #actingIn(at: Name) {
    return this.#entryIn(at) ?? { acting: 'eu', sources: [], lost: [] };
  }

  /** The acknowledged appends, each with its commit as every table has it in the end. */
  async acknowledged() {
    const commits = await this.#world.us.table.load(STREAM);
    const byId = new Map(commits.map((commit) => [commit.commitId, commit]));
    return this.#acknowledged.map((each) => {
      const commit = byId.get(each.commitId);
      if (!commit) throw new Error(`${each.commitId} is lost.`);
      return { ...each, commit };
    });
  }

  /** After everything has arrived, every Region can pass an append on to where the stream is written. */
  async canBeWritten(): Promise<boolean> {
    this.#wait();
    const linked = NAMES.map((at) => {
      const region = processOf(this.#world[at]);
      const sleep = async (milliseconds: number) => {
        await this.#deliverAll();
        await this.#world[at].runtime.sleep(milliseconds);
      };
      return { ...region, runtime: { ...region.runtime, sleep } };
    });
    for (const [i, region] of linked.entries()) {
      const asked = anAppend({ stream: STREAM, commitId: `last${i}`, operation: command('deposit', { amount: 1 }) });
      for (let tries = 0; ; tries++)
        try {
          await submitAppend(region, asked);
          break;
        } catch (error) {
          if (tries > 3) throw error;
          await this.#deliverAll();
        }
    }
    return true;
  }
}

type Done = Awaited<ReturnType<Play['acknowledged']>>[number];

function hasSeen({ commit: later }: Done, { commit: earlier }: Done): boolean {
  return versionCovers(later.context, earlier) || (later.log === earlier.log && later.position > earlier.position);
}

describe('a stream whose home moves at any time', () => {
  it('is linearizable, whatever its processes still know, and however late their writes are', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(...moves), { minLength: 10, maxLength: 80 }), async (actions) => {
        const play = new Play();
        await play.run(actions);
        const done = await play.acknowledged();
        for (const a of done)
          for (const b of done) {
            if (a === b) continue;
            // Both are in one order, and that is the order of those that did not overlap.
            expect(hasSeen(a, b) !== hasSeen(b, a)).toBe(true);
            if (a.ended < b.began) expect(hasSeen(b, a)).toBe(true);
          }
        expect(await play.canBeWritten()).toBe(true);
      }),
      { numRuns: 150 },
    ));

  it('loses nothing that was acknowledged, and can be written again, however often the move is forced', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(...moves, forced), { minLength: 10, maxLength: 80 }), async (actions) => {
        const play = new Play();
        await play.run(actions);
        await play.acknowledged();
        expect(await play.canBeWritten()).toBe(true);
      }),
      { numRuns: 100 },
    ));
});
