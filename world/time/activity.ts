/**
 * Counts activity in the world: messages, deliveries, calls and executions of state machines. Messages held back by a
 * cut link do not count, nor do messages to a resolver that are not due yet.
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

  /** Resolves when there is no activity. */
  whenIdle(): Promise<void> {
    return this.idle ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }
}
