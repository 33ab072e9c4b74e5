import { further } from '../../core/delivery/log-order.ts';
import type { Place, Progress } from '../../core/index.ts';

/** A subscriber's progress in a replica of a global table: the places of other Regions arrive. */
export interface MemorySharedProgress<Effect> extends Progress<Effect> {
  /** Takes over a place that another Region has written, unless a later one is here. */
  replicate(stream: string, log: string, place: Place): void;
}

/** @param own what this Region writes */
export function memorySharedProgress<Effect>(own: Progress<Effect>): MemorySharedProgress<Effect> {
  /** The furthest places of the other Regions, by `<stream>@<log>`. */
  const others = new Map<string, Place>();
  return {
    ...own,
    last: async (stream, log) => further(await own.last(stream, log), others.get(`${stream}@${log}`)),
    advance: async (handled, _before, effects) => {
      const { stream, meta } = handled;
      const last = await own.last(stream, meta.log);
      return last && further(last, meta) === last ? false : own.advance(handled, last, effects);
    },
    replicate: (stream, log, place) => {
      const key = `${stream}@${log}`;
      others.set(key, further(others.get(key), place) ?? place);
    },
  };
}
