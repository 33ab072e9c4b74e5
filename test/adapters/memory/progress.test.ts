import { describe, expect, it } from 'vitest';
import { memoryProgress } from '../../../adapters/memory/progress.ts';
import { QUEUE_RETENTION_S } from '../../../core/limits/budgets.ts';
import { parseSubscribedEvent } from '../../../core/wire/bus-event.ts';
import { bodyAt } from '../../core/delivery/subscribe-fixture.ts';

const KEPT = QUEUE_RETENTION_S * 1000;
const START = { position: 0, index: 0, count: 1 };

describe('a parked event in memory', () => {
  const event = parseSubscribedEvent(JSON.parse(bodyAt(2)));

  /** A progress with a clock that the test sets. */
  function aProgress() {
    let now = 1000;
    const progress = memoryProgress<never>(
      () => undefined,
      () => now,
    );
    return {
      park: (at: number) => {
        now = at;
        return progress.park(event, at, { look: at, latest: at });
      },
      parkedAt: (at: number) => {
        now = at;
        return progress.parked(event.stream, event.meta.log, START, 10);
      },
    };
  }

  it('disappears as soon as the table may have deleted it', async () => {
    const { park, parkedAt } = aProgress();
    await park(1000);
    expect(await parkedAt(1000 + KEPT - 1)).toEqual([{ event, since: 1000 }]);
    expect(await parkedAt(1000 + KEPT)).toEqual([]);
  });

  it('is kept longer when it is parked again, and its wait counts from the first time', async () => {
    const { park, parkedAt } = aProgress();
    await park(1000);
    await park(5000);
    expect(await parkedAt(5000 + KEPT - 1)).toEqual([{ event, since: 1000 }]);
    expect(await parkedAt(5000 + KEPT)).toEqual([]);
  });

  it('that has disappeared and is parked again counts its wait from the second time', async () => {
    const { park, parkedAt } = aProgress();
    await park(1000);
    await park(1000 + KEPT);
    expect(await parkedAt(1000 + KEPT)).toEqual([{ event, since: 1000 + KEPT }]);
  });
});
