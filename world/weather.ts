import type { Random } from './time/randomness.ts';

/** The faults that services have by chance, with what happens. */
export const FAULTS = {
  'clock.stops': 'the monotonic clock of a process stops while it is frozen',
  'port.slow': 'a call is made late',
  'port.refused': 'a call fails before it takes effect',
  'port.answer-lost': 'a call takes effect, and its answer is lost',
  'port.late-effect': 'a call is given up, and takes effect up to a minute later',
  'process.dies': 'a process ends at a call, before or after it takes effect',
  'process.stalls': 'a process is frozen for seconds before its next call',
  'table.torn': 'a query of several pages reads each page at another time',
  'table.stale': 'an eventually consistent read misses recent writes',
  'table.conflict': 'a transaction meets another one on an item: TransactionConflict',
  'table.throttled': 'a partition is throttled',
  'table.unresolved': "a Region's DynamoDB cannot be reached, and its functions live",
  'decisions.stale': 'a local read of a strongly consistent table misses recent writes',
  'decisions.write-conflict': 'a write of a strongly consistent table is refused: ReplicatedWriteConflictException',
  'replication.late': 'an item takes minutes',
  'replication.coalesced': 'only the newest of several states of an item arrives',
  'invoke.slow': 'a request takes seconds',
  'invoke.lost': 'a request does not arrive',
  'invoke.answer-lost': 'a request arrives, and its answer does not',
  'client.lost': 'a request of a client does not arrive',
  'client.answer-lost': 'a request of a client arrives, and its answer does not',
  'bus.dropped': 'an event is not forwarded to another bus',
  'bus.partial': 'some entries of a batch are refused',
  'stream.again': 'a batch of records is redelivered after later ones',
  'queue.again': 'a message is redelivered minutes after it was processed',
  'queue.refused': 'some messages of a batch are refused',
  'lambda.any-instance': 'an invocation goes to any idle instance, not to the last one used',
  'lambda.throttled': 'an invocation is throttled',
  'machine.twice': 'an execution is started twice',
  'machine.task-twice': 'a task is run twice at once',
  'machine.throttled': 'the start of an execution is throttled',
  'machine.dies': 'an execution ends at a step',
} as const;

export type Fault = keyof typeof FAULTS;

export function isFault(name: unknown): name is Fault {
  return typeof name === 'string' && Object.hasOwn(FAULTS, name);
}

function keyOf(fault: Fault, region: string): string {
  return `${region} ${fault}`;
}

/** How likely each fault is, by Region. Nothing happens unless it is set: then no random number is drawn either. */
export class Weather {
  readonly #random: Random;
  readonly #rates = new Map<string, number>();
  /** How likely faults are at single calls of ports, by call. */
  readonly #aimed = new Map<string, Map<string, number>>();
  /** How often each fault has happened. */
  readonly counts = new Map<Fault, number>();

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * @param rate the fraction of cases in which it happens, 0 to 1; the last one set for a Region counts there
   * @param call the only call of a port at which it happens, like `turn events.mark`. @default all of them
   */
  set(fault: Fault, rate: number, region: string, call?: string): void {
    const key = keyOf(fault, region);
    if (call !== undefined) this.#aim(key, rate, call);
    else if (rate > 0) this.#rates.set(key, rate);
    else this.#rates.delete(key);
  }

  #aim(key: string, rate: number, call: string): void {
    const calls = this.#aimed.get(key) ?? new Map<string, number>();
    if (rate > 0) calls.set(call, rate);
    else calls.delete(call);
    if (calls.size > 0) this.#aimed.set(key, calls);
    else this.#aimed.delete(key);
  }

  /** No fault happens any more. */
  calm(): void {
    this.#rates.clear();
    this.#aimed.clear();
  }

  /** True if no fault can happen, in any Region. */
  get isCalm(): boolean {
    return this.#rates.size === 0 && this.#aimed.size === 0;
  }

  /** Whether a fault can happen in this Region. */
  mayHappen(fault: Fault, region: string): boolean {
    const key = keyOf(fault, region);
    return this.#rates.has(key) || this.#aimed.has(key);
  }

  /** Whether a fault happens now, in this Region. If so it is counted. */
  happens(fault: Fault, region: string): boolean {
    if (this.isCalm) return false; // in a calm world every message and every call asks
    return this.#draw(fault, this.#rates.get(keyOf(fault, region)));
  }

  /** Whether a fault happens at a call of a port, everywhere or there alone. */
  happensAt(fault: Fault, region: string, call: string): boolean {
    if (this.happens(fault, region)) return true;
    return this.#aimed.size > 0 && this.#draw(fault, this.#aimed.get(keyOf(fault, region))?.get(call));
  }

  #draw(fault: Fault, rate: number | undefined): boolean {
    if (rate === undefined || this.#random() >= rate) return false;
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
    return true;
  }

  /** A whole number from `low` to `high`. */
  between(low: number, high: number): number {
    return low + Math.floor(this.#random() * (high - low + 1));
  }
}
