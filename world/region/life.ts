import { Activity } from '../time/activity.ts';
import type { Scheduler } from '../time/scheduler.ts';

/**
 * What keeps a Region going: its timers, and its part of the world's activity. When the Region is lost, nothing in it
 * happens any more, and nobody waits for what was under way there.
 */
export class Life {
  readonly scheduler: Scheduler;
  readonly activity: PartOfActivity;
  readonly later: PartOfActivity;
  readonly #requests = new Set<(reason: Error) => void>();
  #ended = false;

  /** @param world the world's own */
  constructor(world: { readonly scheduler: Scheduler; readonly activity: Activity; readonly later: Activity }) {
    const { scheduler } = world;
    this.scheduler = {
      now: () => scheduler.now(),
      after: (milliseconds, run) =>
        scheduler.after(milliseconds, () => {
          if (!this.#ended) run();
        }),
      ...(scheduler.hold && { hold: (work: Promise<unknown>) => scheduler.hold?.(work) }),
    };
    this.activity = new PartOfActivity(world.activity);
    this.later = new PartOfActivity(world.later);
  }

  /** True if the Region is lost. */
  get ended(): boolean {
    return this.#ended;
  }

  end(): void {
    this.#ended = true;
    this.activity.stop();
    this.later.stop();
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
  #count = 0;
  #stopped = false;

  constructor(whole: Activity) {
    super();
    this.#whole = whole;
  }

  override begin(): void {
    if (this.#stopped) return;
    this.#count++;
    this.#whole.begin();
  }

  override end(): void {
    if (this.#stopped) return;
    this.#count--;
    this.#whole.end();
  }

  override get idle(): boolean {
    return this.#count === 0;
  }

  /** What has begun here counts as ended. */
  stop(): void {
    this.#stopped = true;
    for (; this.#count > 0; this.#count--) this.#whole.end();
  }
}
