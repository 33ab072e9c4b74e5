/**
 * A process of a function. Between two invocations it is frozen: what an invocation left running makes progress only during the
 * next one. Once it has ended nothing that it left running makes progress.
 */
export class Process {
  #state: 'running' | 'frozen' | 'ended' = 'running';
  #held: (() => void)[] = [];
  readonly #now: () => number;
  readonly #onExit: () => void;
  #frozenAt = 0;
  #frozenMs = 0;

  /**
   * @param now the world's time
   * @param onExit called when the process ends by itself
   */
  constructor(now: () => number, onExit: () => void) {
    this.#now = now;
    this.#onExit = onExit;
  }

  /** Milliseconds for which it was frozen, up to now. */
  get frozenMs(): number {
    return this.#frozenMs;
  }

  get hasEnded(): boolean {
    return this.#state === 'ended';
  }

  /** Ends the process from inside, like a crash. */
  readonly exit = (): void => {
    this.end();
    this.#onExit();
  };

  /** Ends the process from outside. */
  end(): void {
    this.#state = 'ended';
    this.#held = [];
  }

  freeze(): void {
    if (this.#state !== 'running') return;
    this.#state = 'frozen';
    this.#frozenAt = this.#now();
  }

  thaw(): void {
    if (this.#state !== 'frozen') return;
    this.#state = 'running';
    this.#frozenMs += this.#now() - this.#frozenAt;
    const held = this.#held;
    this.#held = [];
    for (const step of held) step();
  }

  /** Runs a step at once, or when the process is thawed; never if it has ended. */
  run(step: () => void): void {
    if (this.#state === 'running') step();
    else if (this.#state === 'frozen') this.#held.push(step);
  }

  /** Makes a call, whose result arrives only while the process runs. @param onAnswer called when a result arrives */
  async call<T>(make: () => T | Promise<T>, onAnswer?: () => void): Promise<T> {
    if (this.#state !== 'running') await this.#thawed();
    let answer: T;
    try {
      answer = await make();
    } finally {
      if (this.#state !== 'running') await this.#thawed();
    }
    onAnswer?.();
    return answer;
  }

  /** Resolves when the process runs; never if it has ended. */
  async #thawed(): Promise<void> {
    while (this.#state !== 'running') await new Promise<void>((resolve) => this.run(resolve));
  }
}
