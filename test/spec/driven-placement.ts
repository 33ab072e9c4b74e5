import type { Commit } from '../../core/facts/commit.ts';
import { MeridianError } from '../../core/facts/errors.ts';
import {
  type EntryKey,
  entryFor,
  isComplete,
  type PlacementEntry,
  type PlacementRecord,
  parseScope,
  placementOf,
  sealIn,
} from '../../core/facts/placement.ts';
import { parseStreamRef } from '../../core/facts/stream-ref.ts';
import type { VersionVector } from '../../core/facts/version.ts';
import { COMPLETE_AFTER_MS } from '../../core/limits/budgets.ts';
import { loadHistory } from '../../core/log/load.ts';
import { completeMoves, moveHomes } from '../../core/operate/placement.ts';
import { completionsIn, KnownPlacement } from '../../core/placement/known-placement.ts';
import { Draft } from '../../core/write/draft.ts';
import { sealLog } from '../../core/write/seal.ts';
import { obstacleTo } from '../../core/write/take-over.ts';
import { command } from '../core/a-region.ts';
import { aWorld, type Region } from '../core/transaction/regions.ts';
import { type ModelStep, sorted } from './traces.ts';

// The shipped core on memory adapters, driven by the steps of a trace of `spec/placement.qnt`: each step is one call.

/** The Regions of the model, and those of the toy. Their names have the same order. */
const REGIONS = { S: 'us', T: 'eu', U: 'ap' } as const;
type Name = keyof typeof REGIONS;
const NAMES: readonly Name[] = ['S', 'T', 'U'];
const RANKS: Readonly<Record<Name, number>> = { S: 3, T: 2, U: 1 };

/** The stream, and its home. */
const STREAM = parseStreamRef('account/us.1');
const HOME = REGIONS.S;

/** As the model has it before the first move. */
const FIRST = {
  epoch: 0,
  forces: 0,
  writer: 'S',
  acting: 'S',
  isForced: false,
  isMoving: false,
  sources: [],
  lost: [],
};

/** A request that has loaded the stream, and puts its commit later. */
interface Open {
  readonly draft: Draft;
  readonly commit: Commit;
}

interface Place {
  readonly region: Region;
  /** A process that appends: it knows what it read last. */
  readonly writer: Region;
  open: Open | undefined;
}

interface Acknowledged {
  readonly log: Name;
  readonly position: number;
  readonly key: number;
}

export class DrivenPlacement {
  readonly #places: Readonly<Record<Name, Place>>;
  /** Each record as it was when it had an entry first, by the entry's key and whether the move is complete. */
  readonly #records = new Map<string, PlacementRecord>();
  /** The key of the entry under which each commit was started. */
  readonly #keys = new Map<string, number>();
  readonly #acked: Acknowledged[] = [];
  #ids = 0;

  constructor() {
    const { us: S, eu: T, ap: U } = aWorld();
    this.#places = { S: placeOf(S), T: placeOf(T), U: placeOf(U) };
  }

  /** Lets the processes read the placement for the first time. */
  async start(): Promise<void> {
    for (const name of NAMES) await this.#refresh(name);
  }

  async step({ action, picks: { region, f } }: ModelStep): Promise<void> {
    const [at, other] = [nameOf(region), nameOf(f)];
    switch (action) {
      case 'begin':
        return this.#begin(at);
      case 'finish':
        return this.#finish(at);
      case 'seal':
        return this.#seal(at, other);
      case 'deliver':
        return this.#deliver(at, other);
      case 'learn':
        return this.#show(at, await this.#entryIn(other));
      case 'refresh':
        return this.#refresh(at);
      case 'plan':
        return this.#move(at, { from: REGIONS[at], to: REGIONS[other], kind: 'planned' });
      case 'force':
        return this.#move(at, { from: REGIONS[other], to: REGIONS[at], kind: 'forced' });
      case 'complete':
        return this.#complete(at);
      case '':
        return undefined;
      default:
        throw new Error(`There is no call for ${action}.`);
    }
  }

  /** The Regions that may append now. */
  async writers(): Promise<readonly Name[]> {
    const may = await Promise.all(NAMES.map((name) => this.#mayWrite(name)));
    return NAMES.filter((_, i) => may[i]);
  }

  async state(): Promise<unknown> {
    const each = async (of: (name: Name) => unknown) =>
      Object.fromEntries(await Promise.all(NAMES.map(async (name) => [name, await of(name)])));
    return {
      logs: await each(async (name) => (await this.#log(name)).map((commit) => this.#commitOf(commit))),
      seen: await each(async (name) => vectorOf((await loadHistory(this.#places[name].region, STREAM)).seen)),
      known: await each(async (name) => entryOf(await this.#entryIn(name))),
      cached: await each((name) => entryOf(this.#cachedIn(name))),
      open: await each((name) => openOf(this.#places[name])),
      acked: this.#acked,
    };
  }

  async #mayWrite(name: Name): Promise<boolean> {
    const { writer, open } = this.#places[name];
    if (open) return false;
    const loaded = { history: await loadHistory(writer, STREAM), completions: completionsIn(writer.placement) };
    try {
      return obstacleTo(writer, STREAM, loaded) === undefined;
    } catch (error) {
      if (error instanceof MeridianError && error.code === 'misdirected') return false;
      throw error;
    }
  }

  async #begin(name: Name): Promise<void> {
    const place = this.#places[name];
    const commitId = `c${++this.#ids}`;
    const operation = command('deposit', { amount: 1 });
    const asked = { stream: STREAM, commitId, isNew: true as const, operation, meta: {}, fingerprint: commitId };
    const draft = await Draft.open({ ...place.writer, warm: new Map() }, asked);
    const drafted = await draft.next();
    if (drafted.kind !== 'commit') throw new Error(`The append in ${name} is ${drafted.kind}.`);
    this.#keys.set(commitId, rankOf(this.#cachedIn(name)));
    place.open = { draft, commit: drafted.commit };
  }

  async #finish(name: Name): Promise<void> {
    const place = this.#places[name];
    if (!place.open) throw new Error(`No append is open in ${name}.`);
    const { draft, commit } = place.open;
    place.open = undefined;
    if (await draft.put(commit)) return;
    this.#acked.push({ log: name, position: commit.position, key: this.#keyOf(commit) });
  }

  /** A source that knows of a newer entry refuses. In any case, it has the entry then. */
  async #seal(name: Name, source: Name): Promise<void> {
    const entry = this.#cachedIn(name);
    const { region } = this.#places[source];
    if (!entry) throw new Error(`No home has moved as far as ${name} knows.`);
    const receiver = processOf(region);
    await receiver.placement.reread();
    try {
      await sealLog(receiver, { stream: STREAM.name, placement: { [HOME]: entry } });
    } catch (error) {
      if (!(error instanceof MeridianError && error.code === 'misdirected')) throw error;
    }
    this.#show(source, entry);
  }

  async #deliver(to: Name, from: Name): Promise<void> {
    const { table } = this.#places[to].region;
    const here = await table.loadLog(STREAM.name, REGIONS[from], 0);
    const next = (await this.#log(from))[here.length];
    if (!next) throw new Error(`There is nothing to deliver from ${from} to ${to}.`);
    table.replicate(next);
  }

  /** Lets a Region's replica show an entry. */
  #show(name: Name, entry: PlacementEntry | undefined): void {
    const record = entry && this.#records.get(stageOf(entry));
    if (record) this.#places[name].region.placements.replicate(record);
  }

  async #refresh(name: Name): Promise<void> {
    await this.#places[name].writer.placement.reread();
  }

  async #move(name: Name, move: { readonly from: string; readonly to: string; readonly kind: 'planned' | 'forced' }) {
    const { region } = this.#places[name];
    const known = placementOf(region.placements.items());
    await moveHomes(region, { ...move, home: HOME, known, acceptLossWindow: true });
    this.#keep(name);
  }

  async #complete(name: Name): Promise<void> {
    const { region } = this.#places[name];
    const placement = placementOf(region.placements.items());
    const entries = Object.fromEntries(
      Object.entries(placement).filter(
        ([scope, entry]) => parseScope(scope).home === HOME && entry.acting === region.region && !isComplete(entry),
      ),
    );
    await completeMoves(region, { entries, compared: false });
    region.runtime.advance(COMPLETE_AFTER_MS);
    await completeMoves(region, { entries, compared: true });
    this.#keep(name);
  }

  /** Keeps the record that a Region has written, as others may receive it later. */
  #keep(name: Name): void {
    const { region } = this.#places[name];
    const record = region.placements.items().find((each) => each.region === region.region);
    const entry = record && entryFor(record.entries, HOME, STREAM.type);
    if (entry) this.#records.set(stageOf(entry), record);
  }

  async #entryIn(name: Name): Promise<PlacementEntry | undefined> {
    return entryFor(placementOf(this.#places[name].region.placements.items()), HOME, STREAM.type);
  }

  #cachedIn(name: Name): PlacementEntry | undefined {
    return entryFor(this.#places[name].writer.placement.known, HOME, STREAM.type);
  }

  #log(name: Name): Promise<readonly Commit[]> {
    return this.#places[name].region.table.loadLog(STREAM.name, REGIONS[name], 0);
  }

  #commitOf(commit: Commit): unknown {
    const seal = sealIn(commit);
    return {
      key: seal ? rankOf(seal.key) : this.#keyOf(commit),
      isSeal: seal !== undefined,
      names: seal ? nameOf(seal.acting) : '',
      context: vectorOf(commit.context),
    };
  }

  #keyOf({ commitId }: Commit): number {
    return this.#keys.get(commitId) ?? 0;
  }
}

function placeOf(region: Region): Place {
  return { region, writer: processOf(region), open: undefined };
}

/** Another process of a Region. It reads the placement when the model says so, and not because time has passed. */
function processOf(region: Region): Region {
  const stopped = { now: () => 0, elapsed: () => 0 };
  return { ...region, warm: new Map(), placement: new KnownPlacement(region.placements, stopped) };
}

function nameOf(region: unknown): Name {
  const found = NAMES.find((name) => name === region || REGIONS[name] === region);
  if (!found) throw new Error(`There is no Region ${region}.`);
  return found;
}

/** An entry's place in the order of all, as the model has it. */
function rankOf(key: EntryKey | undefined): number {
  return key ? 32 * key.forced + 8 * key.epoch + RANKS[nameOf(key.by)] : RANKS.S;
}

function stageOf(entry: PlacementEntry): string {
  return `${rankOf(entry)} ${isComplete(entry)}`;
}

function entryOf(entry: PlacementEntry | undefined): unknown {
  if (!entry) return FIRST;
  return {
    ...{ epoch: entry.epoch, forces: entry.forced, writer: nameOf(entry.by), acting: nameOf(entry.acting) },
    ...{ isForced: entry.kind === 'forced', isMoving: !isComplete(entry) },
    ...{ sources: sorted(entry.sources.map(nameOf)), lost: sorted(entry.lost.map(nameOf)) },
  };
}

function vectorOf(version: VersionVector): unknown {
  return Object.fromEntries(NAMES.map((name) => [name, version[REGIONS[name]] ?? 0]));
}

function openOf({ open }: Place): unknown {
  return open
    ? { isOpen: true, position: open.commit.position, context: vectorOf(open.commit.context) }
    : { isOpen: false };
}
