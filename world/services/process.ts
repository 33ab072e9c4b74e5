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
  call<T>(make: () => Promise<T>, onAnswer: () => void = () => undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const arrive = (value: T): void => {
        onAnswer();
        resolve(value);
      };
      this.run(() => {
        make().then(
          (value) => this.run(() => arrive(value)),
          (error: unknown) => this.run(() => reject(error)),
        );
      });
    });
  }
}
