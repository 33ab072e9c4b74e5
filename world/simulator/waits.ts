import { type Commit, type Decision, parseAttemptId } from '../../core/index.ts';
import type { FaultyPorts } from '../region/faults.ts';
import { type Scheduler, sleepOn } from '../time/scheduler.ts';

/** How often writers waited for each other, and what came of it. */
export interface Waits {
  /** Marks of intents: a transaction is next in line. */
  readonly marks: number;
  /** Turns: a transaction waits for a stream while it holds nothing. */
  readonly turns: number;
  /** Attempts that a waiting writer ended, because they had held its stream for too long. */
  readonly earlyEnds: number;
  /** Attempts that a waiting writer tried to end, but that were committed at the same moment. */
  readonly lateEnds: number;
}

export const noWaits: Waits = { marks: 0, turns: 0, earlyEnds: 0, lateEnds: 0 };

export function sumOfWaits(all: readonly Waits[]): Waits {
  return all.reduce(
    (sum, { marks, turns, earlyEnds, lateEnds }) => ({
      marks: sum.marks + marks,
      turns: sum.turns + turns,
      earlyEnds: sum.earlyEnds + earlyEnds,
      lateEnds: sum.lateEnds + lateEnds,
    }),
    noWaits,
  );
}

/** How long a driver stalls at most: longer than an attempt may hold a stream, and shorter than its function's timeout. */
const STALL_MS = 8_000;

export interface WatchOptions {
  readonly scheduler: Scheduler;
  /** The transaction under test. */
  readonly transaction: string;
  readonly participants: number;
  /** Whether its driver stalls before its first decision, until another writer ends the attempt. */
  readonly stalls: boolean;
}

/** Sees, through the ports of all functions, when the first attempt holds its streams and which attempts are ended early. */
export class Watch {
  readonly ends = { earlyEnds: 0, lateEnds: 0 };
  readonly #options: WatchOptions;
  readonly #streams = new Set<string>();
  readonly #held = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Resolves when the first attempt holds all of its streams. */
  get held(): Promise<void> {
    return this.#held.promise;
  }

  /** Lets the driver no longer stall. */
  stop(): void {
    this.#ended.resolve();
  }

  /** The ports of one instance of the function with this name. */
  around(ports: FaultyPorts, name: string): FaultyPorts {
    const { events, decisions } = ports;
    const put = async (commit: Commit) => {
      const taken = await events.put(commit);
      if (!taken && commit.tx) this.#prepared(commit);
      return taken;
    };
    const decide = name === 'coordinate' ? this.#drive : this.#end;
    return { ...ports, events: { ...events, put }, decisions: { ...decisions, put: decide(decisions) } };
  }

  #prepared({ commitId, stream }: Commit): void {
    const { transaction, participants } = this.#options;
    if (parseAttemptId(commitId).transaction === transaction) this.#streams.add(stream);
    if (this.#streams.size === participants) this.#held.resolve();
  }

  /** A decision of the driver. */
  readonly #drive =
    ({ put }: FaultyPorts['decisions']) =>
    async (decision: Decision) => {
      const { scheduler, stalls, transaction } = this.#options;
      if (stalls && decision.transaction === transaction && decision.attempt === 1)
        await Promise.race([this.#ended.promise, sleepOn(scheduler, STALL_MS)]);
      return put(decision);
    };

  /** A decision of any other function: a promise, the end of a transaction, or the early end of an attempt. */
  readonly #end =
    ({ put }: FaultyPorts['decisions']) =>
    async (decision: Decision) => {
      if (decision.attempt === 0 || decision.final) return put(decision);
      this.#ended.resolve();
      const standing = await put(decision);
      if (!standing) this.ends.earlyEnds++;
      else if (standing.state === 'committed') this.ends.lateEnds++;
      return standing;
    };
}
