/**
 * Counts what is under way in the world: messages, deliveries, calls and executions of state machines. What a cut link
 * holds back does not count, nor a message to a resolver that is not due yet.
 */
export class Activity {
  #count = 0;
  #waiting: (() => void)[] = [];

  get idle(): boolean {
    return this.#count === 0;
  }

  begin(): void {
    this.#count++;
  }

  end(): void {
    this.#count--;
    if (this.#count > 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Resolves as soon as nothing is under way. */
  whenIdle(): Promise<void> {
    return this.idle ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }
}
