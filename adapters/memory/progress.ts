import type { Parked, Place, Progress } from '../../core/index.ts';
import { frozenCopy } from './frozen.ts';

/** A log of a stream, as far as a subscriber has got with it. */
interface LogProgress {
  last?: Place;
  /** In their order. */
  parked: readonly Parked[];
}

/** A subscriber's progress in memory. @param write writes an effect; it must not throw */
export function memoryProgress<Effect>(write: (effect: Effect) => void): Progress<Effect> {
  const logs = new Map<string, LogProgress>();
  const logOf = (stream: string, log: string): LogProgress => {
    const key = `${stream}@${log}`;
    const known = logs.get(key) ?? { parked: [] };
    logs.set(key, known);
    return known;
  };
  return {
    last: async (stream, log) => logs.get(`${stream}@${log}`)?.last,
    advance: async ({ stream, meta }, before, effects) => {
      const log = logOf(stream, meta.log);
      if (log.last?.position !== before?.position || log.last?.index !== before?.index) return false;
      const { position, index, count } = meta;
      log.last = Object.freeze({ position, index, count });
      log.parked = log.parked.filter(({ event }) => compare(event.meta, meta) > 0);
      for (const effect of effects) write(effect);
      return true;
    },
    park: async (event, since) => {
      const log = logOf(event.stream, event.meta.log);
      if (log.parked.some(({ event: { id } }) => id === event.id)) return;
      log.parked = [...log.parked, frozenCopy({ event, since })].sort((a, b) => compare(a.event.meta, b.event.meta));
    },
    parked: async (stream, log, behind, limit) =>
      logOf(stream, log)
        .parked.filter(({ event }) => compare(event.meta, behind) > 0)
        .slice(0, limit),
  };
}

function compare(a: Omit<Place, 'count'>, b: Omit<Place, 'count'>): number {
  return a.position - b.position || a.index - b.index;
}
