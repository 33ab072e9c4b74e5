import { comparePlaces } from '../../core/delivery/log-order.ts';
import type { Parked, Place, Progress } from '../../core/index.ts';
import { QUEUE_RETENTION_S } from '../../core/limits/budgets.ts';
import { frozenCopy } from './frozen.ts';

/** A subscriber's progress in one log of a stream. */
interface LogProgress {
  last?: Place;
  /** The parked events, in log order. */
  parked: readonly Kept[];
}

interface Kept extends Parked {
  readonly look: number;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/**
 * A subscriber's progress in memory. A parked event disappears as soon as a table's time to live could have deleted it.
 * @param write writes an effect; it must not throw
 * @param now milliseconds since 1970
 * @param places the last place handled in each log, by `<stream>@<log>`
 */
export function memoryProgress<Effect>(
  write: (effect: Effect) => void,
  now: () => number,
  places: ReadonlyMap<string, Place> = new Map(),
): Progress<Effect> {
  const logs = new Map<string, LogProgress>([...places].map(([key, last]) => [key, { last, parked: [] }]));
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
      log.parked = log.parked.filter(({ event }) => comparePlaces(event.meta, meta) > 0);
      for (const effect of effects) write(effect);
      return true;
    },
    park: async (event, since, { look, latest }) => {
      const log = logOf(event.stream, event.meta.log);
      const waiting = unexpired(log, now());
      const known = waiting.find(({ event: { id } }) => id === event.id);
      if (known && known.look > latest) return { since: known.since, isCopy: true };
      const kept = { ...(known ?? frozenCopy({ event, since })), look, expires: since + QUEUE_RETENTION_S * 1000 };
      log.parked = [...waiting.filter((each) => each !== known), kept].sort((a, b) =>
        comparePlaces(a.event.meta, b.event.meta),
      );
      return { since: kept.since, isCopy: false };
    },
    parked: async (stream, log, behind, limit) =>
      unexpired(logOf(stream, log), now())
        .filter(({ event }) => comparePlaces(event.meta, behind) > 0)
        .slice(0, limit)
        .map(({ event, since }) => ({ event, since })),
  };
}

function unexpired({ parked }: LogProgress, now: number): readonly Kept[] {
  return parked.filter(({ expires }) => expires > now);
}
