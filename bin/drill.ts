import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isClientError } from '../client/error.ts';
import type { Region } from './client/region.ts';

/** How often a probe is sent, in milliseconds. */
const PROBE_MS = 250;

/** A command that a drill sends again and again, to see when it is accepted. */
export interface Probe {
  readonly stream: string;
  readonly command: string;
  readonly input?: unknown;
}

/** What came of one command that was sent, by the clock of `performance.now`. */
interface Sent {
  readonly begunAt: number;
  readonly endedAt: number;
  /** The log that has it; undefined if it was not written. */
  readonly log: string | undefined;
  readonly code: string | undefined;
}

/** What was measured of a move, in seconds. */
export interface Measured {
  /** From the move to the first command that was accepted in another log than before; undefined if none was. */
  readonly firstAccepted: number | undefined;
  /** The longest time that a command took. */
  readonly longest: number;
  readonly accepted: number;
  /** How many were not accepted, by code. */
  readonly refused: Readonly<Record<string, number>>;
}

/** Sends a command to a Region again and again, one after the other, until it is stopped. */
export class Prober {
  readonly #region: Region;
  readonly #probe: Probe;
  readonly #log: string;
  readonly #sent: Sent[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  /** @param log the log that has the command before any move */
  constructor(region: Region, probe: Probe, log: string) {
    this.#region = region;
    this.#probe = probe;
    this.#log = log;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#sent.push(await this.#send());
      await sleep(PROBE_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  async #send(): Promise<Sent> {
    const begunAt = performance.now();
    try {
      const { log } = await this.#region.submit({ id: `drill-${randomUUID()}`, ...this.#probe });
      return { begunAt, endedAt: performance.now(), log, code: undefined };
    } catch (error) {
      const code = isClientError(error) ? error.code : 'failed';
      return { begunAt, endedAt: performance.now(), log: undefined, code };
    }
  }

  /** Ends with the command that is being sent. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** True if a command was accepted since a time, in another log than the last one before. */
  hasMoved(since: number): boolean {
    return this.measured(since).firstAccepted !== undefined;
  }

  /** What was measured since a time. */
  measured(since: number): Measured {
    const before = this.#sent.findLast(({ endedAt, log }) => endedAt <= since && log !== undefined)?.log ?? this.#log;
    const sent = this.#sent.filter(({ endedAt }) => endedAt >= since);
    const first = sent.find(({ log }) => log !== undefined && log !== before);
    const codes = Map.groupBy(
      sent.flatMap(({ code }) => code ?? []),
      (code) => code,
    );
    return {
      firstAccepted: first && seconds(first.endedAt - since),
      longest: seconds(Math.max(0, ...sent.map(({ begunAt, endedAt }) => endedAt - begunAt))),
      accepted: sent.filter(({ log }) => log !== undefined).length,
      refused: Object.fromEntries([...codes].map(([code, { length }]) => [code, length])),
    };
  }
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds) / 1000;
}
