import { Activity } from '../time/activity.ts';
import type { Scheduler } from '../time/scheduler.ts';

interface Surroundings {
  readonly scheduler: Scheduler;
  readonly activity: Activity;
  /** Counts what is not due yet. */
  readonly later: Activity;
}

/**
 * What keeps a Region going: its timers, and its part of the world's activity. When the Region is lost, nothing in it
 * happens any more, and nothing waits for what was in progress there.
 */
export class Life {
  /** What replaces the world's own in this Region. */
  readonly clockwork: Surroundings;
  readonly #activities: readonly PartOfActivity[];
  readonly #requests = new Set<(reason: Error) => void>();
  #ended = false;

  /** @param world the world's own */
  constructor({ scheduler: time, ...world }: Surroundings) {
    const scheduler: Scheduler = {
      now: () => time.now(),
      after: (milliseconds, run) =>
        time.after(milliseconds, () => {
          if (!this.#ended) run();
        }),
    };
    const [activity, later] = [new PartOfActivity(world.activity), new PartOfActivity(world.later)];
    this.#activities = [activity, later];
    this.clockwork = { scheduler, activity, later };
  }

  /** True if the Region is lost. */
  get ended(): boolean {
    return this.#ended;
  }

  end(): void {
    this.#ended = true;
    for (const activity of this.#activities) activity.stop();
    for (const fail of this.#requests) fail(new Error('The Region is lost.'));
    this.#requests.clear();
  }

  /** The answer to a request from outside the Region. @throws Error when the Region is lost */
  answer<T>(request: () => Promise<T>): Promise<T> {
    if (this.#ended) return Promise.reject(new Error('The Region is lost.'));
    return new Promise((resolve, reject) => {
      this.#requests.add(reject);
      request()
        .then(resolve, reject)
        .finally(() => this.#requests.delete(reject));
    });
  }
}

/** The part of the world's activity that is in one Region. */
class PartOfActivity extends Activity {
  readonly #whole: Activity;
  #stopped = false;

  constructor(whole: Activity) {
    super();
    this.#whole = whole;
  }

  override begin(): void {
    if (this.#stopped) return;
    super.begin();
    this.#whole.begin();
  }

  override end(): void {
    if (this.#stopped) return;
    super.end();
    this.#whole.end();
  }

  /** What is in progress here counts as ended. */
  stop(): void {
    while (!this.idle) this.end();
    this.#stopped = true;
  }
}
