import { inChunks } from '../../core/facts/chunks.ts';
import { MAX_VERIFIED } from '../../core/limits/budgets.ts';
import type { ActionResult } from '../../core/wire/operate.ts';
import { CliError } from '../client/cli-error.ts';
import { type Found, foundIn, keyOf, type Verified, withoutRepeated } from './found.ts';
import { lookAtStreams, lookAtTransactions } from './look.ts';
import { isSamePart, type Place } from './place.ts';
import { lookAtView } from './view.ts';

export interface VerifyOptions {
  /** Stream types. @default all streams */
  readonly types?: readonly string[] | undefined;
  /** A difference counts only if it is older than this many milliseconds, and still there after as long. */
  readonly grace: number;
  /** Pages at most. @default all */
  readonly pages?: number | undefined;
  /** Whether these are all Regions. If not, a row that is ahead is not taken back: its commits may be on their way from another one. */
  readonly whole: boolean;
  /** Where to continue. @default from the beginning */
  readonly from?: Place | undefined;
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
  /** Aborted when no more pages are wanted. */
  readonly stop?: AbortSignal | undefined;
}

/** How much was looked at. */
export interface Looked {
  streams: number;
  /** In all Regions together. */
  commits: number;
  decisions: number;
  entries: number;
  totals: number;
  /** Totals that changed meanwhile, and were not compared. */
  changing: number;
}

export interface Report {
  readonly looked: Looked;
  /** What is wrong. */
  readonly found: readonly Found[];
  /** What was seen once, and not looked at again, because the run was ended. */
  readonly unconfirmed: readonly Found[];
  /** Where to continue; undefined: everything was looked at. */
  readonly next?: Place | undefined;
}

type View = ActionResult<'verify-scan'>['views'][number];

/** Streams that are remembered as compared, so that they are not compared again when another Region names them. */
const MAX_COMPARED = 1_000_000;

/** A run over all tables of some Regions. */
export class Verification {
  readonly regions: readonly Verified[];
  readonly options: VerifyOptions;
  readonly until: string;
  readonly #looked: Looked = { streams: 0, commits: 0, decisions: 0, entries: 0, totals: 0, changing: 0 };
  readonly #compared = new Set<string>();
  readonly #suspects = new Map<string, Found>();
  #views: readonly View[] = [];

  constructor(regions: readonly Verified[], options: VerifyOptions) {
    this.regions = regions;
    this.options = options;
    this.until = new Date(options.now() - options.grace).toISOString();
  }

  async run(): Promise<Report> {
    const { grace, sleep, stop } = this.options;
    const next = await this.#pages();
    const [looked, suspects] = [this.#looked, withoutRepeated([...this.#suspects.values()])];
    const end = { looked, ...(next && { next }) };
    if (suspects.length === 0) return { ...end, found: [], unconfirmed: [] };
    if (!stop?.aborted) await sleep(grace);
    if (stop?.aborted) return { ...end, found: [], unconfirmed: suspects };
    const again = new Set((await this.again(suspects)).map(keyOf));
    return { ...end, found: suspects.filter((each) => again.has(keyOf(each))), unconfirmed: [] };
  }

  /** Looks again at what was found. */
  async again(found: readonly Found[]): Promise<readonly Found[]> {
    const ofTransactions = found.filter(({ kind }) => kind.startsWith('transaction-') || kind.startsWith('intent-'));
    const streams = new Set(found.flatMap(({ stream }) => stream ?? []));
    const transactions = new Set(ofTransactions.flatMap(({ transaction }) => transaction ?? []));
    const now: Found[] = [];
    for (const some of inChunks([...streams], MAX_VERIFIED))
      now.push(...(await lookAtStreams(this.regions, some, this.until)).found);
    now.push(...(await lookAtTransactions(this.regions, [...transactions], this.until)));
    const views = found.filter(({ stream, view }) => stream === undefined && view !== undefined);
    for (const each of Map.groupBy(views, ({ region, view }) => `${region} ${view}`).values()) {
      const [region, view] = [
        this.#regionNamed(each[0]?.region),
        this.#views.find(({ view }) => view === each[0]?.view),
      ];
      if (view) now.push(...(await lookAtView(region, view)).found);
    }
    return withoutRepeated(now);
  }

  /** The stream type that a view is made of. */
  typeOf(view: string | undefined): string | undefined {
    return this.#views.find((each) => each.view === view)?.type;
  }

  /** @returns where the next page starts, if not all were wanted */
  async #pages(): Promise<Place | undefined> {
    const { from, pages = Number.POSITIVE_INFINITY, stop } = this.options;
    this.#views = (await this.#first().operate('verify-scan', { until: this.until, types: this.#types() })).views;
    const places = this.#places();
    const start = from ? places.findIndex((place) => isSamePart(place, from)) : 0;
    if (start === -1)
      throw new CliError(
        'no-place',
        'The cursor names a Region or a view that does not exist now. Start from the beginning.',
      );
    let used = 0;
    for (const [i, place] of places.slice(start).entries()) {
      let cursor = i === 0 ? from?.cursor : undefined;
      do {
        if (used++ >= pages || stop?.aborted) return { ...place, ...(cursor !== undefined && { cursor }) };
        cursor = await this.#page(place, cursor);
      } while (cursor !== undefined);
    }
    return undefined;
  }

  #places(): readonly Place[] {
    const names = this.regions.map(({ name }) => name);
    return [
      ...names.flatMap((region): Place[] => [
        { part: 'streams', region },
        { part: 'decisions', region },
      ]),
      ...names.flatMap((region) => this.#views.map(({ view }): Place => ({ part: 'views', region, view }))),
    ];
  }

  async #page({ part, region: name, view: named }: Place, cursor: string | undefined): Promise<string | undefined> {
    const region = this.#regionNamed(name);
    const looked = this.#looked;
    if (part === 'views') {
      const view = this.#views.find(({ view }) => view === named);
      if (!view) return undefined;
      const { found, ahead, entries, totals, changing } = await lookAtView(region, view);
      looked.entries += entries;
      looked.totals += totals;
      looked.changing += changing;
      this.#suspect(found);
      for (const streams of inChunks(ahead, MAX_VERIFIED))
        this.#suspect((await lookAtStreams(this.regions, streams, this.until)).found);
      return undefined;
    }
    if (part === 'decisions') {
      const page = await region.operate('verify-decisions', { until: this.until, cursor });
      looked.decisions += page.scanned;
      this.#suspect(page.findings.map((finding) => foundIn(name, finding)));
      return page.cursor;
    }
    const page = await region.operate('verify-scan', { until: this.until, cursor, types: this.#types() });
    this.#suspect(page.findings.map((finding) => foundIn(name, finding)));
    const streams = page.streams.filter((stream) => !this.#compared.has(stream));
    if (streams.length > 0) {
      const { found, commits } = await lookAtStreams(this.regions, streams, this.until);
      looked.streams += streams.length;
      looked.commits += commits;
      this.#suspect(found);
    }
    if (this.#compared.size > MAX_COMPARED) this.#compared.clear();
    for (const stream of streams) this.#compared.add(stream);
    return page.cursor;
  }

  #suspect(found: readonly Found[]): void {
    for (const each of found) if (this.#isAsked(each)) this.#suspects.set(keyOf(each), each);
  }

  #isAsked({ stream }: Found): boolean {
    const { types } = this.options;
    return types === undefined || stream === undefined || types.includes(stream.slice(0, stream.indexOf('/')));
  }

  #types(): string[] | undefined {
    return this.options.types && [...this.options.types];
  }

  #first(): Verified {
    const [first] = this.regions;
    if (first) return first;
    throw new CliError('no-region', 'No Region responds.');
  }

  #regionNamed(name: string | undefined): Verified {
    return this.regions.find((region) => region.name === name) ?? this.#first();
  }
}
