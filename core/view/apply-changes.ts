import { MeridianError } from '../facts/errors.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { ViewStore } from '../ports/view-store.ts';
import { type Change, sumUp, transactions } from './change.ts';

/**
 * The changes not written: streams whose entries changed in the meantime, and streams that failed, with the reasons.
 */
export interface NotApplied {
  readonly late: readonly string[];
  readonly failed: ReadonlyMap<string, unknown>;
}

interface ApplyPorts {
  readonly views: ViewStore;
  readonly runtime: Pick<Runtime, 'metric'>;
}

/** Writes the changes of one generation in as few transactions as possible. */
export async function applyChanges(ports: ApplyPorts, name: string, changes: readonly Change[]): Promise<NotApplied> {
  return oneByOne(transactions(changes), (chunk) => applyAtOnce(ports, name, chunk));
}

/**
 * Writes changes in one transaction. If the store refuses it, the changes are retried one by one to isolate the cause,
 * except after an outage.
 */
async function applyAtOnce(ports: ApplyPorts, name: string, changes: readonly Change[]): Promise<NotApplied> {
  const entries = changes.map(({ entry }) => entry);
  const streams = entries.map(({ stream }) => stream);
  try {
    if (!(await ports.views.apply(name, entries, sumUp(name, changes)))) return { late: streams, failed: new Map() };
    ports.runtime.metric('Projected', 'Count', entries.length);
    return { late: [], failed: new Map() };
  } catch (error) {
    const isOutage = error instanceof MeridianError && error.retryable;
    if (changes.length > 1 && !isOutage) return oneByOne(changes, (change) => applyAtOnce(ports, name, [change]));
    return { late: [], failed: new Map(streams.map((stream) => [stream, error])) };
  }
}

async function oneByOne<T>(items: readonly T[], step: (item: T) => Promise<NotApplied>): Promise<NotApplied> {
  const late: string[] = [];
  const failed = new Map<string, unknown>();
  for (const item of items) {
    const rest = await step(item);
    late.push(...rest.late);
    for (const [stream, error] of rest.failed) failed.set(stream, error);
  }
  return { late, failed };
}
