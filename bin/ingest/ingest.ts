import { pauseMs } from '../../client/retry.ts';
import { platformRuntime } from '../../client/runtime.ts';
import type { Problem } from '../../core/facts/errors.ts';
import { CLIENT_BODY_BYTES, CLIENT_TRIES, MAX_ENVELOPES } from '../../core/limits/budgets.ts';
import { problemDetailsSchema } from '../../core/wire/api.ts';
import { sentence } from '../../project/place.ts';
import { briefOf, isRetryable } from '../client/problem.ts';
import type { Region } from '../client/region.ts';
import { type Lane, laneOf } from './lane.ts';
import type { Envelope, Unreadable } from './lines.ts';

/** The numbers of lines by result. */
export interface Counts {
  accepted: number;
  rejected: number;
  quarantined: number;
}

/** A line that was not accepted. */
export type Fault =
  | { readonly line: number; readonly outcome: 'rejected'; readonly problem: Problem }
  | { readonly line: number; readonly outcome: 'quarantined'; readonly reason: string }
  /** The line cannot be read, and could not be put into the quarantine. */
  | { readonly line: number; readonly outcome: 'rejected'; readonly reason: string };

export interface IngestOptions {
  readonly onFault: (fault: Fault) => void;
  /** Called after every response. */
  readonly onProgress: () => void;
  /** Once it is aborted, no new request starts. */
  readonly signal: AbortSignal;
}

/** The number of requests in progress at a time, one per lane; the lines of a stream go into one lane. */
const LANES = 8;
/** How far to read ahead, in lines and in characters. */
const MAX_AHEAD = 2_000;
const MAX_AHEAD_CHARACTERS = 20_000_000;
const MAX_UNREADABLE = 20;

interface Waiting extends Envelope {
  tries: number;
}

/**
 * Sends envelopes to a Region, up to 100 per request and several requests at a time; the envelopes of one stream are
 * sent in order. Unreadable lines go to the Region's quarantine. Temporary failures are retried, up to six tries; a line that was
 * held up by an earlier one of its stream keeps its tries.
 * @param counts updated after every response
 * @throws CliError, ClientError, MeridianError when the Region cannot be reached, or refuses a whole request
 */
export async function ingestLines(
  region: Region,
  lines: AsyncIterable<Envelope | Unreadable>,
  counts: Counts,
  options: IngestOptions,
): Promise<void> {
  const run = new Run(region, counts, options);
  await run.read(lines);
  await run.end();
}

/** One run: its lanes, how far it has read ahead, and what ended it. */
class Run {
  readonly #region: Region;
  readonly #counts: Counts;
  readonly #options: IngestOptions;
  readonly #lanes: readonly Lane<Waiting>[];
  readonly #unreadable: Lane<Unreadable>;
  readonly #failures: unknown[] = [];
  #ahead = 0;
  #characters = 0;
  #wake = (): void => undefined;

  constructor(region: Region, counts: Counts, options: IngestOptions) {
    this.#region = region;
    this.#counts = counts;
    this.#options = options;
    const stopped = () => this.#stopped;
    this.#lanes = Array.from({ length: LANES }, () =>
      laneOf(
        portionOf,
        this.#guarded((items: readonly Waiting[]) => this.#submit(items)),
        stopped,
      ),
    );
    this.#unreadable = laneOf(
      () => MAX_UNREADABLE,
      this.#guarded((items: readonly Unreadable[]) => this.#isolate(items)),
      stopped,
    );
  }

  get #stopped(): boolean {
    return this.#options.signal.aborted || this.#failures.length > 0;
  }

  /** Puts every line into its lane, and pauses while too much is read ahead. */
  async read(lines: AsyncIterable<Envelope | Unreadable>): Promise<void> {
    try {
      for await (const line of lines) {
        if (this.#stopped) break;
        this.#put(line);
        while ((this.#ahead >= MAX_AHEAD || this.#characters >= MAX_AHEAD_CHARACTERS) && !this.#stopped)
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
      }
    } catch (error) {
      // Leaving the loop is the only way to stop the source.
      if (!this.#options.signal.aborted) this.#failures.push(error);
    }
  }

  /** Waits for the requests in progress. @throws what ended the run */
  async end(): Promise<void> {
    await Promise.all([...this.#lanes, this.#unreadable].map((lane) => lane.rest()));
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  #put(line: Envelope | Unreadable): void {
    this.#ahead++;
    if ('json' in line) {
      this.#characters += line.json.length;
      laneFor(this.#lanes, line.stream).put({ ...line, tries: 0 });
    } else {
      this.#characters += line.body.length;
      this.#unreadable.put(line);
    }
  }

  #done(text: string): void {
    this.#ahead--;
    this.#characters -= text.length;
  }

  /** A request that fails as a whole ends the run. */
  #guarded<T>(step: (items: readonly T[]) => Promise<readonly T[]>): (items: readonly T[]) => Promise<readonly T[]> {
    return async (items) => {
      try {
        return await step(items);
      } catch (error) {
        this.#failures.push(error);
        return items;
      } finally {
        this.#options.onProgress();
        this.#wake();
      }
    };
  }

  /** @returns the lines to be sent again */
  async #submit(items: readonly Waiting[]): Promise<readonly Waiting[]> {
    const outcomes = await this.#region.submitAll(items.map(({ json }) => json));
    const again: Waiting[] = [];
    for (const [i, item] of items.entries()) {
      const outcome = outcomes[i];
      if (!outcome)
        throw new Error(`${this.#region.name} returned results for ${outcomes.length} of ${items.length} envelopes.`);
      if ('problem' in outcome && outcome.problem.retryable) {
        // A line that was only held up behind another one of its stream has not been tried.
        if (problemDetailsSchema.parse(outcome.problem).started !== false) item.tries++;
        if (item.tries < CLIENT_TRIES) {
          again.push(item);
          continue;
        }
      }
      this.#done(item.json);
      if ('problem' in outcome) {
        this.#counts.rejected++;
        this.#options.onFault({ line: item.line, outcome: 'rejected', problem: outcome.problem });
      } else this.#counts.accepted++;
    }
    if (again.length > 0) {
      const retries = Math.max(1, ...again.map(({ tries }) => tries)) - 1;
      await platformRuntime.sleep(pauseMs(platformRuntime, retries));
    }
    return again;
  }

  async #isolate(items: readonly Unreadable[]): Promise<readonly Unreadable[]> {
    const refused = await quarantine(this.#region, items);
    for (const [i, { line, reason, body }] of items.entries()) {
      this.#done(body);
      const why = refused.get(i);
      if (why === undefined) {
        this.#counts.quarantined++;
        this.#options.onFault({ line, outcome: 'quarantined', reason });
      } else {
        this.#counts.rejected++;
        const both = `${sentence(reason)} It could not be put into the quarantine: ${why}`;
        this.#options.onFault({ line, outcome: 'rejected', reason: both });
      }
    }
    return [];
  }
}

/** The number of lines that fit into one request. */
function portionOf(waiting: readonly Envelope[]): number {
  let bytes = 0;
  let size = 0;
  for (const { json } of waiting) {
    bytes += Buffer.byteLength(json) + 1;
    if (size > 0 && (size === MAX_ENVELOPES || bytes > CLIENT_BODY_BYTES)) break;
    size++;
  }
  return size;
}

function laneFor<T>(lanes: readonly Lane<T>[], stream: string): Lane<T> {
  let hash = 0;
  for (let i = 0; i < stream.length; i++) hash = (31 * hash + stream.charCodeAt(i)) % 1_000_003;
  const lane = lanes[hash % lanes.length];
  if (!lane) throw new Error('There are no lanes.');
  return lane;
}

/** @returns why a line was not accepted, by its index */
async function quarantine(region: Region, items: readonly Unreadable[]): Promise<ReadonlyMap<number, string>> {
  try {
    const messages = items.map(({ reason, body }) => ({ reason, body }));
    const { failed } = await region.operate('quarantine-add', { messages });
    return new Map(failed.map(({ index, why }) => [index, why]));
  } catch (error) {
    if (isRetryable(error)) throw error;
    return new Map(items.map((_, i) => [i, briefOf(error)]));
  }
}
