import { describe, expect, it } from 'vitest';
import type { Append } from '../../../core/facts/append.ts';
import type { Commit } from '../../../core/facts/commit.ts';
import { MeridianError } from '../../../core/index.ts';
import { IDEMPOTENCY_WINDOW_MS } from '../../../core/limits/budgets.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { anAppend, aRegion, command, noted, replicate } from '../a-region.ts';
import {
  ACCOUNT,
  another,
  callsOf,
  commitsOf,
  deposit,
  refusal,
  STREAM,
  stateOf,
  textsOf,
  warmUp,
  withdraw,
} from './append-fixture.ts';

describe('a retried append', () => {
  const twice = anAppend({ commitId: 'id', operation: noted('once') });

  it('returns the same result and writes nothing, on a warm or a cold stream', async () => {
    const us = aRegion();
    const first = await appendToStream(us, twice);
    await appendToStream(us, anAppend({ operation: noted('other') }));
    expect(await callsOf(us, async () => expect(await appendToStream(us, twice)).toEqual(first))).toEqual([]);
    const cold = another(us);
    expect(await callsOf(cold, async () => expect(await appendToStream(cold, twice)).toEqual(first))).toEqual(['load']);
    expect(await textsOf(us)).toEqual(['once', 'other']);
    expect(us.runtime.metrics.get('Appended')).toBe(2);
  });

  it('is the same whatever the order of its keys', async () => {
    const us = aRegion();
    const keys = (data: object): Append => ({ ...twice, operation: command('after', data) });
    await appendToStream(us, anAppend({ operation: noted('a') }));
    const first = await appendToStream(us, keys({ text: 'b', after: 'a' }));
    expect(await appendToStream(us, keys({ after: 'a', text: 'b' }))).toEqual(first);
  });

  it('succeeds if the response of its first put was lost', async () => {
    const us = aRegion();
    let lost = 0;
    const losing = {
      ...us,
      events: {
        ...us.events,
        put: async (commit: Commit) => {
          const taken = await us.events.put(commit);
          if (lost++ === 0) throw new MeridianError('unavailable', 'The response was lost.', { retryable: true });
          return taken;
        },
      },
    };
    await warmUp(us);
    await expect(appendToStream(losing, twice)).rejects.toThrow(refusal('unavailable'));
    expect(await appendToStream(losing, twice)).toMatchObject({ dot: { log: 'us', position: 1 }, version: { us: 1 } });
    expect(await textsOf(us)).toEqual(['once']);
  });

  it('succeeds if another process appended it at the next position, or after commits missing from the warm copy', async () => {
    const us = aRegion();
    await warmUp(us, ACCOUNT);
    const [taken, behind] = [another(us), another(us)];
    await warmUp(behind, ACCOUNT);
    const twice = anAppend({ stream: ACCOUNT, operation: deposit(1) });
    const first = await appendToStream(another(us), twice);
    await appendToStream(another(us), anAppend({ stream: ACCOUNT, operation: deposit(10) }));
    taken.warm = us.warm;
    expect(await callsOf(taken, async () => expect(await appendToStream(taken, twice)).toEqual(first))).toEqual([
      'put',
    ]);

    const late = anAppend({ stream: ACCOUNT, operation: deposit(100) });
    const second = await appendToStream(another(us), late);
    expect(await callsOf(behind, async () => expect(await appendToStream(behind, late)).toEqual(second))).toEqual([
      'put',
      'loadLog',
    ]);
    expect(await stateOf(us, ACCOUNT)).toBe(111);
  });

  it('is not decided again: a command that would now be refused returns its earlier result', async () => {
    const us = aRegion();
    await appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(5) }));
    const asked = anAppend({ stream: ACCOUNT, operation: withdraw(5) });
    const first = await appendToStream(us, asked);
    expect(await appendToStream(us, asked)).toEqual(first);
    expect(await appendToStream(us, { ...asked, expected: { us: 1 } })).toEqual(first);
    expect(await stateOf(us, ACCOUNT)).toBe(0);
  });

  it('in another Region returns the first commit, once that has arrived', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    const first = await appendToStream(us, twice);
    await replicate(STREAM, us, eu);
    expect(await appendToStream(eu, twice)).toEqual(first);
    expect(await commitsOf(eu)).toHaveLength(1);
  });

  it('in another Region before the first commit has arrived writes a copy, which no Region folds', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    await appendToStream(us, twice);
    expect(await appendToStream(eu, twice)).toMatchObject({ dot: { log: 'eu', position: 1 } });
    await replicate(STREAM, us, eu);
    await replicate(STREAM, eu, us);
    for (const region of [us, eu]) {
      expect(await textsOf(region)).toEqual(['once']);
      expect(await appendToStream(another(region), twice)).toHaveProperty('dot');
      expect(await commitsOf(region)).toHaveLength(2);
    }
  });

  it('returns the first result in another Region as soon as its commit is there, although the copy in memory lacks it', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    await warmUp(eu);
    const first = await appendToStream(us, twice);
    await replicate(STREAM, us, eu);
    expect(await appendToStream(eu, twice)).toEqual(first);
    expect(await textsOf(eu)).toEqual(['once']);
  });

  it('is the same although a stamp 30 days ahead is in the stream: its writer keeps its own wall time', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    us.runtime.advance(30 * 24 * 3_600_000);
    await appendToStream(us, anAppend({ operation: noted('ahead') }));
    await replicate(STREAM, us, eu);
    const first = await appendToStream(eu, twice);
    expect((await commitsOf(eu)).find(({ log }) => log === 'eu')).toMatchObject({ wallTime: eu.runtime.now() });
    const ap = { ...aRegion('ap'), runtime: eu.runtime };
    expect(await appendToStream(ap, twice)).toMatchObject({ dot: { log: 'ap' } });
    for (const region of [us, eu]) await replicate(STREAM, region, ap);
    expect(await textsOf(ap)).toEqual(['once', 'ahead']);
    eu.runtime.advance(IDEMPOTENCY_WINDOW_MS);
    expect(await appendToStream(eu, twice)).toEqual(first);
    eu.runtime.advance(1);
    expect(await appendToStream(eu, twice)).toMatchObject({ dot: { position: 2 } });
  });

  it('is a new append more than 14 days after its last copy', async () => {
    const us = aRegion();
    await appendToStream(us, twice);
    us.runtime.advance(IDEMPOTENCY_WINDOW_MS);
    expect(await appendToStream(us, twice)).toMatchObject({ dot: { position: 1 } });
    us.runtime.advance(1);
    expect(await appendToStream(us, twice)).toMatchObject({ dot: { position: 2 } });
    expect(await textsOf(us)).toEqual(['once', 'once']);
  });

  it('with other content is refused, whether the commit is in memory or is found by the write', async () => {
    const us = aRegion();
    const stale = another(us);
    await warmUp(stale, ACCOUNT);
    const twice = anAppend({ stream: ACCOUNT, operation: deposit(1) });
    await appendToStream(us, twice);
    const other = { ...twice, operation: deposit(2) };
    const reused = refusal('id-reused', { details: { log: 'us', position: 1 } });
    await expect(appendToStream(us, other)).rejects.toThrow(reused);
    expect(await callsOf(stale, () => expect(appendToStream(stale, other)).rejects.toThrow(reused))).toEqual([
      'put',
      'load',
    ]);
    expect(await stateOf(us, ACCOUNT)).toBe(1);
  });
});
