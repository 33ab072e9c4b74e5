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

/** How likely faults are, by Region. Every message and every call asks, so that no key is made for it. */
class Rates {
  readonly #byFault = new Map<Fault, Map<string, number>>();

  get(fault: Fault, region: string): number | undefined {
    return this.#byFault.get(fault)?.get(region);
  }

  set(fault: Fault, region: string, rate: number): void {
    const regions = this.#byFault.get(fault) ?? new Map<string, number>();
    if (rate > 0) regions.set(region, rate);
    else regions.delete(region);
    if (regions.size > 0) this.#byFault.set(fault, regions);
    else this.#byFault.delete(fault);
  }

  get isEmpty(): boolean {
    return this.#byFault.size === 0;
  }
}

/** How likely each fault is, by Region. Nothing happens unless it is set: then no random number is drawn either. */
export class Weather {
  readonly #random: Random;
  #rates = new Rates();
  /** How likely faults are at single calls of ports, by call. */
  readonly #aimed = new Map<string, Rates>();
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
    const rates = call === undefined ? this.#rates : (this.#aimed.get(call) ?? new Rates());
    rates.set(fault, region, rate);
    if (call === undefined) return;
    if (rates.isEmpty) this.#aimed.delete(call);
    else this.#aimed.set(call, rates);
  }

  /** No fault happens any more. */
  calm(): void {
    this.#rates = new Rates();
    this.#aimed.clear();
  }

  /** True if no fault can happen, in any Region. */
  get isCalm(): boolean {
    return this.#rates.isEmpty && this.#aimed.size === 0;
  }

  /** Whether a fault can happen in this Region. */
  mayHappen(fault: Fault, region: string): boolean {
    return [this.#rates, ...this.#aimed.values()].some((rates) => rates.get(fault, region) !== undefined);
  }

  /** Whether a fault happens now, in this Region. If so it is counted. */
  happens(fault: Fault, region: string): boolean {
    return this.#draw(fault, this.#rates.get(fault, region));
  }

  /** Whether a fault happens at a call of a port, everywhere or there alone. */
  happensAt(fault: Fault, region: string, call: string): boolean {
    return this.happens(fault, region) || this.#draw(fault, this.#aimed.get(call)?.get(fault, region));
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
