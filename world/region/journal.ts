import type { EventsChange, EventsItem } from '../../adapters/memory/event-store.ts';
import type { WriteStamp } from '../../adapters/memory/last-writer.ts';
import type { Scheduler } from '../time/scheduler.ts';

/** Every change of a table, so that it can be restored to any time (point-in-time recovery). */
export class Journal {
  readonly #scheduler: Pick<Scheduler, 'now'>;
  #entries: (EventsItem & { readonly madeAt: number })[] = [];

  constructor(scheduler: Pick<Scheduler, 'now'>) {
    this.#scheduler = scheduler;
  }

  add(change: EventsChange, write: WriteStamp): void {
    this.#entries.push({ change, write, madeAt: this.#scheduler.now() });
  }

  /** Forgets what was changed after a time. @returns the changes up to then, oldest first */
  backTo(time: number): readonly EventsItem[] {
    this.#entries = this.#entries.filter(({ madeAt }) => madeAt <= time);
    return this.#entries;
  }
}
