import { describe, expect, it } from 'vitest';
import { memoryLedger } from '../../../adapters/memory/ledger.ts';
import { countOpenConflicts } from '../../../core/ledger/count-open.ts';
import { MAX_COUNTED_CONFLICTS } from '../../../core/limits/budgets.ts';
import { anEntry } from '../../contract/ledger.contract.ts';
import { fakeRuntime } from '../../runtime.ts';

const hour = 3_600_000;

function aCount() {
  const runtime = fakeRuntime();
  const ledger = memoryLedger();
  const put = (position: number, of: Partial<ReturnType<typeof anEntry>> = {}) =>
    ledger.put(anEntry({ commit: { ...anEntry().commit, position }, status: 'open', at: runtime.now(), ...of }));
  return { runtime, put, count: () => countOpenConflicts({ runtime, ledger, regions: ['us-east-1', 'us-west-2'] }) };
}

describe('open conflicts are counted', () => {
  it('with the age of the oldest, and as none if all are resolved', async () => {
    const { runtime, put, count } = aCount();
    expect(await count()).toEqual({ open: 0, more: false });
    expect(runtime.metrics).toEqual(
      new Map([
        ['OpenConflicts', 0],
        ['OpenConflictAge', 0],
      ]),
    );
    await put(1, { at: runtime.now() - 5 * hour });
    await put(2, { at: runtime.now() - 3 * hour });
    await put(3, { at: runtime.now() - 9 * hour, status: 'resolved' });
    await put(4, { at: runtime.now() - 9 * hour, status: 'superseded' });
    runtime.metrics.clear();
    expect(await count()).toEqual({ open: 2, more: false, oldest: '2000-12-31T19:00:00.000Z' });
    expect(runtime.metrics).toEqual(
      new Map([
        ['OpenConflicts', 2],
        ['OpenConflictAge', 5 * hour],
      ]),
    );
  });

  it('once each: only those of the Region that is responsible', async () => {
    const { put, count } = aCount();
    await put(1);
    await put(1, { writer: 'us-west-2' });
    expect(await count()).toMatchObject({ open: 1 });
  });

  it('with an age that is never negative, whatever the clock of the writer', async () => {
    const { runtime, put, count } = aCount();
    await put(1, { at: runtime.now() + hour });
    await count();
    expect(runtime.metrics.get('OpenConflictAge')).toBe(0);
  });

  it('up to a number, so that the reads of a count have a limit', async () => {
    const { put, count } = aCount();
    for (let i = 1; i <= MAX_COUNTED_CONFLICTS + 1; i++) await put(i);
    expect(await count()).toMatchObject({ open: MAX_COUNTED_CONFLICTS, more: true });
  });
});
