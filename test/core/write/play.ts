// Runs actions on one stream in three Regions, whose home moves at any time.

import type { Commit } from '../../../core/facts/commit.ts';
import { MeridianError } from '../../../core/facts/errors.ts';
import { compareKeys, isComplete, joinPlacements, type Placement, placementOf } from '../../../core/facts/placement.ts';
import { versionCovers } from '../../../core/facts/version.ts';
import { PLACEMENT_MS } from '../../../core/limits/budgets.ts';
import { moveHomes } from '../../../core/operate/placement.ts';
import { moveStream } from '../../../core/write/pin.ts';
import { submitAppend } from '../../../core/write/submit.ts';
import { anAppend, command } from '../a-region.ts';
import { aWorld, type Region } from '../transaction/regions.ts';
import { processOf, STREAM } from './moves.ts';

export const NAMES = ['us', 'eu', 'ap'] as const;
export type Name = (typeof NAMES)[number];
export const PROCESSES = 2;

/** Where an action runs; one that is late puts its commit only when it is released. */
interface Run {
  readonly at: Name;
  readonly process: number;
  readonly isLate: boolean;
}

export type Action =
  | ({ readonly kind: 'append' } & Run)
  /** The home of the stream itself moves. */
  | ({ readonly kind: 'pin'; readonly to: Name } & Run)
  | { readonly kind: 'release' }
  /** What a Region writes is moved. */
  | { readonly kind: 'move' | 'force'; readonly from: Name; readonly to: Name }
  | { readonly kind: 'deliver'; readonly what: 'log' | 'entries'; readonly from: Name; readonly to: Name }
  /** Everything arrives everywhere, and all processes read the placement again. */
  | { readonly kind: 'settle' }
  | { readonly kind: 'wait' }
  /** The last moves are complete, if nothing is left of what was written before them. */
  | { readonly kind: 'complete' };

interface Acknowledged {
  readonly commitId: string;
  /** Steps at which the append began and ended. */
  readonly began: number;
  readonly ended: number;
}

/** Runs actions in three Regions, of which each has several processes, and no message arrives unless an action delivers it. */
export class Play {
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
  pins = 0;

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
      case 'pin':
        return this.#pin(action);
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
        return this.#move(action);
    }
  }

  #wait(): void {
    for (const at of NAMES) this.#world[at].runtime.advance(PLACEMENT_MS + 1);
  }

  async #deliverAll(): Promise<void> {
    for (const from of NAMES)
      for (const to of NAMES) for (const what of ['log', 'entries'] as const) await this.#deliver({ what, from, to });
  }

  async #append(action: Run): Promise<void> {
    const began = this.#step;
    const commitId = `c${++this.#ids}`;
    const asked = anAppend({ stream: STREAM, commitId, operation: command('deposit', { amount: 1 }) });
    await this.#run(action, async (region) => {
      await submitAppend(region, asked);
      this.#acknowledged.push({ commitId, began, ended: this.#step });
    });
  }

  async #pin(action: Extract<Action, { kind: 'pin' }>): Promise<void> {
    await this.#run(action, async (region) => {
      const { moved } = await moveStream(region, { stream: STREAM, to: action.to, dryRun: false });
      if (moved) this.pins++;
    });
  }

  async #run({ at, process: index, isLate }: Run, act: (region: Region) => Promise<void>): Promise<void> {
    const from = this.#processes.get(at)?.[index] ?? this.#world[at];
    const events = isLate
      ? { ...from.events, put: (commit: Commit) => this.#late(() => from.table.put(commit)) }
      : from.events;
    const done = act({ ...from, events }).catch((error: unknown) => {
      if (!(error instanceof MeridianError && (error.retryable || error.code === 'misdirected'))) throw error;
    });
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

  /** Moves what a Region writes, if it writes anything. */
  async #move({ kind, from, to }: Extract<Action, { kind: 'move' | 'force' }>): Promise<void> {
    const region = this.#world[kind === 'force' ? to : from];
    const known = NAMES.map((each) => this.#placementIn(each)).reduce(joinPlacements);
    const asked = { from, to, kind: kind === 'force' ? ('forced' as const) : ('planned' as const), known };
    await moveHomes(region, { ...asked, acceptLossWindow: kind === 'force' }).catch((error: unknown) => {
      if (!(error instanceof MeridianError && error.code === 'validation')) throw error;
    });
  }

  async #complete(): Promise<void> {
    if (this.#gates.length > 0) return;
    const known = this.#placementIn('us');
    const shown = NAMES.every((each) =>
      [...Object.keys(known), ...Object.keys(this.#placementIn(each))].every(
        (scope) => compareKeys(this.#placementIn(each)[scope], known[scope]) === 0,
      ),
    );
    if (!shown) return;
    // Every process has to read the placement again.
    this.#wait();
    const tables = await Promise.all(NAMES.map((each) => this.#world[each].table.load(STREAM)));
    if (new Set(tables.map((commits) => commits.length)).size > 1) return;
    for (const [scope, entry] of Object.entries(known)) {
      if (isComplete(entry)) continue;
      this.completions++;
      const { placements } = this.#world[NAMES.find((each) => each === entry.acting) ?? 'us'];
      const own = (await placements.records()).find(({ region }) => region === entry.acting);
      const entries = { ...own?.entries, [scope]: { ...entry, sources: [], lost: [] } };
      await placements.put({ region: entry.acting, revision: (own?.revision ?? 0) + 1, entries });
    }
  }

  #placementIn(at: Name): Placement {
    return placementOf(this.#world[at].placements.items());
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

export type Done = Awaited<ReturnType<Play['acknowledged']>>[number];

export function hasSeen({ commit: later }: Done, { commit: earlier }: Done): boolean {
  return versionCovers(later.context, earlier) || (later.log === earlier.log && later.position > earlier.position);
}
