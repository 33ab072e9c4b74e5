import * as z from 'zod';
import { briefOf, isRetryable, type ProblemDocument } from '../client/problem.ts';
import type { Region } from '../client/region.ts';
import { pause, TRIES } from '../client/retry.ts';
import { type Lane, laneOf } from './lane.ts';
import type { Envelope, Unreadable } from './lines.ts';

/** What became of the lines. */
export interface Counts {
  accepted: number;
  rejected: number;
  quarantined: number;
}

/** A line that was not accepted. */
export type Fault =
  | { readonly line: number; readonly outcome: 'rejected'; readonly problem: ProblemDocument }
  | { readonly line: number; readonly outcome: 'quarantined'; readonly reason: string }
  /** It cannot be read, and the quarantine did not take it. */
  | { readonly line: number; readonly outcome: 'rejected'; readonly reason: string };

export interface IngestOptions {
  readonly onFault: (fault: Fault) => void;
  /** Called after every answer. */
  readonly onProgress: () => void;
  /** Aborted, nothing new is begun. */
  readonly signal: AbortSignal;
}

/** Requests under way at a time; the lines of one stream go into one lane. */
const LANES = 8;
const MAX_ENVELOPES = 100;
const MAX_REQUEST_BYTES = 4_000_000;
/** What is read ahead, in lines and in characters. */
const MAX_AHEAD = 2_000;
const MAX_AHEAD_CHARACTERS = 20_000_000;
const MAX_UNREADABLE = 20;

const addedSchema = z.object({ failed: z.array(z.object({ index: z.number(), why: z.string() })) });

interface Waiting extends Envelope {
  tries: number;
}

/**
 * Hands envelopes to a Region, up to 100 a request and several requests at a time; those of one stream in their order.
 * What cannot be read goes to the Region's quarantine. What may pass is tried up to six times.
 * @param counts is kept up to date
 * @throws CliError, MeridianError, ProblemError when the Region cannot be reached, or does not take a whole request
 */
export async function ingest(
  region: Region,
  lines: AsyncIterable<Envelope | Unreadable>,
  counts: Counts,
  { onFault, onProgress, signal }: IngestOptions,
): Promise<void> {
  const failures: unknown[] = [];
  const stopped = () => signal.aborted || failures.length > 0;
  let ahead = 0;
  let characters = 0;
  let wake = (): void => undefined;
  const done = (text: string): void => {
    ahead--;
    characters -= text.length;
  };
  /** What fails as a whole ends it all. */
  const guarded =
    <T>(step: (items: readonly T[]) => Promise<readonly T[]>) =>
    async (items: readonly T[]): Promise<readonly T[]> => {
      try {
        return await step(items);
      } catch (error) {
        failures.push(error);
        return items;
      } finally {
        onProgress();
        wake();
      }
    };

  const submit = guarded(async (items: readonly Waiting[]): Promise<readonly Waiting[]> => {
    const outcomes = await region.submitAll(items.map(({ json }) => json));
    const again: Waiting[] = [];
    for (const [i, item] of items.entries()) {
      const outcome = outcomes[i];
      if (!outcome) throw new Error(`${region.name} answered ${outcomes.length} of ${items.length} envelopes.`);
      if ('problem' in outcome && outcome.problem.retryable && ++item.tries < TRIES) {
        again.push(item);
        continue;
      }
      done(item.json);
      if ('problem' in outcome) {
        counts.rejected++;
        onFault({ line: item.line, outcome: 'rejected', problem: outcome.problem });
      } else counts.accepted++;
    }
    if (again.length > 0) await pause(Math.max(...again.map(({ tries }) => tries)) - 1);
    return again;
  });

  const isolate = guarded(async (items: readonly Unreadable[]): Promise<readonly Unreadable[]> => {
    const refused = await quarantine(region, items);
    for (const [i, { line, reason, body }] of items.entries()) {
      done(body);
      const why = refused.get(i);
      if (why === undefined) {
        counts.quarantined++;
        onFault({ line, outcome: 'quarantined', reason });
      } else {
        counts.rejected++;
        onFault({ line, outcome: 'rejected', reason: `${reason} It could not be put into the quarantine: ${why}` });
      }
    }
    return [];
  });

  const lanes = Array.from({ length: LANES }, () => laneOf(portionOf, submit, stopped));
  const unreadable = laneOf(() => MAX_UNREADABLE, isolate, stopped);
  try {
    for await (const line of lines) {
      if (stopped()) break;
      ahead++;
      if ('json' in line) {
        characters += line.json.length;
        laneFor(lanes, line.stream).put({ ...line, tries: 0 });
      } else {
        characters += line.body.length;
        unreadable.put(line);
      }
      while ((ahead >= MAX_AHEAD || characters >= MAX_AHEAD_CHARACTERS) && !stopped())
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } catch (error) {
    // To stop a source is to break it.
    if (!signal.aborted) failures.push(error);
  }
  await Promise.all([...lanes, unreadable].map((lane) => lane.rest()));
  if (failures.length > 0) throw failures[0];
}

/** As many as one request holds. */
function portionOf(waiting: readonly Envelope[]): number {
  let bytes = 0;
  let size = 0;
  for (const { json } of waiting) {
    bytes += Buffer.byteLength(json) + 1;
    if (size > 0 && (size === MAX_ENVELOPES || bytes > MAX_REQUEST_BYTES)) break;
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

/** @returns why a line was not taken, by its index */
async function quarantine(region: Region, items: readonly Unreadable[]): Promise<ReadonlyMap<number, string>> {
  try {
    const messages = items.map(({ reason, body }) => ({ reason, body }));
    const { failed } = await region.operate(addedSchema, 'quarantine-add', { messages });
    return new Map(failed.map(({ index, why }) => [index, why]));
  } catch (error) {
    if (isRetryable(error)) throw error;
    return new Map(items.map((_, i) => [i, briefOf(error)]));
  }
}
