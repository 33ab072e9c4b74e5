import { describe, expect, it } from 'vitest';
import type { Append } from '../../../core/facts/append.ts';
import type { Commit } from '../../../core/facts/commit.ts';
import { MeridianError } from '../../../core/index.ts';
import { IDEMPOTENCY_WINDOW_MS, WARM_MS } from '../../../core/limits/budgets.ts';
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
    await warmUp(us);
    const [taken, behind] = [another(us), another(us)];
    await warmUp(behind);
    const first = await appendToStream(another(us), twice);
    await appendToStream(another(us), anAppend({ operation: noted('other') }));
    taken.warm = us.warm;
    expect(await callsOf(taken, async () => expect(await appendToStream(taken, twice)).toEqual(first))).toEqual([
      'put',
    ]);

    const late = anAppend({ operation: noted('late') });
    const second = await appendToStream(another(us), late);
    expect(await callsOf(behind, async () => expect(await appendToStream(behind, late)).toEqual(second))).toEqual([
      'put',
      'loadLog',
    ]);
    expect(await textsOf(us)).toEqual(['once', 'other', 'late']);
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

  it('in another Region that has loaded the stream less than 1 s before it arrived writes a copy too', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    eu.runtime.advance(1);
    await warmUp(eu);
    const first = await appendToStream(us, twice);
    await replicate(STREAM, us, eu);
    expect(await appendToStream(eu, twice)).toMatchObject({ dot: { log: 'eu' } });
    eu.runtime.advance(WARM_MS + 1);
    expect(await appendToStream(eu, twice)).toEqual(first);
    expect(await textsOf(eu)).toEqual(['once']);
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
    await warmUp(stale);
    await appendToStream(us, twice);
    const other = { ...twice, operation: noted('something else') };
    const reused = refusal('id-reused', { details: { log: 'us', position: 1 } });
    await expect(appendToStream(us, other)).rejects.toThrow(reused);
    expect(await callsOf(stale, () => expect(appendToStream(stale, other)).rejects.toThrow(reused))).toEqual(['put']);
    expect(await textsOf(us)).toEqual(['once']);
  });
});
