import { describe, expect, it } from 'vitest';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import { MeridianError } from '../../../core/index.ts';
import { LIVE_HELD_MS, LIVE_READ_MS } from '../../../core/limits/budgets.ts';
import { LiveCheck, type LivePorts, readLive } from '../../../core/read/live.ts';
import { fakeRuntime } from '../../runtime.ts';

const region = 'us-east-1';
const live = { region, live: true };
const refused = expect.objectContaining({ code: 'unavailable', retryable: true });

/** A table that counts its reads, and fails or hangs while a test says so. */
function aTable() {
  const table = { reads: 0, state: 'well' as 'well' | 'fails' | 'hangs' };
  const events: LivePorts['events'] = {
    at: async (...place) => {
      table.reads++;
      if (table.state === 'fails') throw new MeridianError('unavailable', 'no such host', { retryable: true });
      return table.state === 'hangs' ? new Promise(() => undefined) : memoryEventStore().at(...place);
    },
  };
  return Object.assign(table, { events });
}

/** A runtime that sleeps only until a test advances its time. */
function aSleeper() {
  const runtime = fakeRuntime();
  return {
    ...runtime,
    sleep: (ms: number) => (ms > LIVE_READ_MS ? runtime.sleep(ms) : new Promise<void>(() => undefined)),
  };
}

describe('whether a Region lives', () => {
  it('is read from its own table, whatever that contains, and says nothing but its name', async () => {
    const { events } = aTable();
    expect(await readLive({ region, events, runtime: aSleeper() })).toEqual(live);
  });

  it('is false if the table fails; the cause is not reported to the caller', async () => {
    const table = aTable();
    table.state = 'fails';
    const failed = readLive({ region, events: table.events, runtime: aSleeper() });
    await expect(failed).rejects.toThrow(refused);
    await expect(failed).rejects.not.toThrow('no such host');
    await expect(failed).rejects.toHaveProperty('cause.message', 'no such host');
  });

  it('is false if the table does not answer within a second', async () => {
    const table = aTable();
    table.state = 'hangs';
    const runtime = fakeRuntime();
    await expect(readLive({ region, events: table.events, runtime })).rejects.toThrow(refused);
    expect(runtime.slept).toEqual([LIVE_READ_MS]);
  });
});

describe('the result that a process holds', () => {
  function aCheck() {
    const table = aTable();
    const runtime = aSleeper();
    return { table, runtime, check: new LiveCheck({ region, events: table.events, runtime }) };
  }

  it('costs one read in five seconds, however many ask', async () => {
    const { table, runtime, check } = aCheck();
    expect(await Promise.all(Array.from({ length: 50 }, () => check.read()))).toEqual(Array(50).fill(live));
    runtime.advance(LIVE_HELD_MS - 1);
    await check.read();
    expect(table.reads).toBe(1);
    runtime.advance(1);
    await check.read();
    expect(table.reads).toBe(2);
  });

  it('is held as long when it is bad: the Region is back five seconds later', async () => {
    const { table, runtime, check } = aCheck();
    table.state = 'fails';
    await expect(check.read()).rejects.toThrow(refused);
    table.state = 'well';
    await expect(check.read()).rejects.toThrow(refused);
    expect(table.reads).toBe(1);
    runtime.advance(LIVE_HELD_MS);
    expect(await check.read()).toEqual(live);
  });

  it('is not kept by a clock that was set back, nor by one that stood still', async () => {
    const { table, runtime, check } = aCheck();
    await check.read();
    runtime.advance(-60_000);
    await check.read();
    expect(table.reads).toBe(2);
    const frozen = { ...runtime, elapsed: () => 0 };
    const other = new LiveCheck({ region, events: table.events, runtime: frozen });
    await other.read();
    runtime.advance(LIVE_HELD_MS);
    await other.read();
    expect(table.reads).toBe(4);
  });
});
