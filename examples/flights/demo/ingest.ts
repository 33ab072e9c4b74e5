import { RECEIPT_SOURCE } from '@meridian-es/meridian';
import type { World } from '@meridian-es/meridian/world';
import type { Put } from './input.ts';

/** The outcome of the envelopes that were put. */
export interface Ingested {
  readonly sent: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly quarantined: number;
}

/** The maximum number of envelopes that wait for their receipts: enough to keep every Region busy, too few to queue up. */
const WINDOW = 500;
const BATCH = 10;

/**
 * Puts envelopes on the buses of all Regions at once and waits until nothing is in progress any more.
 * @param onReceipt is called with the number of envelopes that have their receipt
 */
export async function ingestAll(
  world: World,
  puts: Iterable<Put>,
  onReceipt: (receipts: number) => void = () => undefined,
): Promise<Ingested> {
  const counts = { Accepted: 0, Rejected: 0 };
  let sent = 0;
  let wake = (): void => undefined;
  const receipts = () => counts.Accepted + counts.Rejected;
  for (const region of world.regions.values())
    for (const receipt of ['Accepted', 'Rejected'] as const)
      region.bus.addRule(
        { source: [RECEIPT_SOURCE], 'detail-type': [receipt] },
        {
          kind: 'listener',
          listen: () => {
            counts[receipt]++;
            onReceipt(receipts());
            wake();
          },
        },
      );

  for (const { region, batch } of batches(puts)) {
    if (sent - receipts() >= WINDOW) {
      const next = new Promise<void>((resolve) => {
        wake = resolve;
      });
      // A quarantined envelope has no outcome; the wait then ends when the world is idle.
      await Promise.race([next, world.whenIdle()]);
    }
    sent += batch.length;
    const entries = batch.map(({ detailType, detail }) => ({
      source: 'airports',
      detailType,
      detail: JSON.stringify(detail),
    }));
    await world.region(region).bus.put(entries);
  }
  await world.whenIdle();
  const quarantined = world.regions.values().reduce((sum, { quarantine }) => sum + quarantine.bodies.length, 0);
  return { sent, accepted: counts.Accepted, rejected: counts.Rejected, quarantined };
}

/** Splits the envelopes into batches for PutEvents, each for one Region. */
function* batches(puts: Iterable<Put>): Generator<{ readonly region: string; readonly batch: readonly Put[] }> {
  const open = new Map<string, Put[]>();
  for (const put of puts) {
    const batch = open.get(put.region) ?? [];
    batch.push(put);
    open.set(put.region, batch);
    if (batch.length < BATCH) continue;
    yield { region: put.region, batch };
    open.delete(put.region);
  }
  for (const [region, batch] of open) yield { region, batch };
}
