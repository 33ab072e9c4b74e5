import * as z from 'zod';
import { RECEIPT_SOURCE } from '../../core/index.ts';
import type { World } from '../../world/world.ts';

const heardSchema = z.object({
  source: z.string(),
  'detail-type': z.string(),
  detail: z.looseObject({ id: z.string() }),
});

type Heard = z.output<typeof heardSchema>;

/** What each Region's bus carried: events, announcements and receipts. */
export class Journal {
  readonly #heard = new Map<string, Heard[]>();

  /** Listens on the buses of a world. */
  listen(world: World): void {
    for (const [region, { bus }] of world.regions) {
      const heard = this.#heard.get(region) ?? [];
      this.#heard.set(region, heard);
      bus.addRule(
        { source: [{ prefix: 'meridian.' }] },
        { kind: 'listener', listen: (event) => void heard.push(heardSchema.parse(event)) },
      );
    }
  }

  /** The events and announcements on a Region's bus since the last time: their ids, and how often each was delivered. */
  events(region: string): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { detail } of this.#take(region, ({ source }) => source !== RECEIPT_SOURCE))
      counts.set(detail.id, (counts.get(detail.id) ?? 0) + 1);
    return counts;
  }

  /** The receipts on a Region's bus since the last time. */
  receipts(region: string): readonly Heard[] {
    return this.#take(region, ({ source }) => source === RECEIPT_SOURCE);
  }

  #take(region: string, isMeant: (heard: Heard) => boolean): readonly Heard[] {
    const all = this.#heard.get(region) ?? [];
    const taken = all.filter(isMeant);
    all.splice(0, all.length, ...all.filter((heard) => !isMeant(heard)));
    return taken;
  }
}
