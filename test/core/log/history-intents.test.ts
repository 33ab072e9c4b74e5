import { describe, expect, it } from 'vitest';
import { defineStream } from '../../../core/definition/stream.ts';
import type { Commit } from '../../../core/facts/commit.ts';
import { nextStamp } from '../../../core/facts/hlc.ts';
import { parseStreamRef } from '../../../core/facts/stream-ref.ts';
import { History } from '../../../core/log/history.ts';
import { loadHistory } from '../../../core/log/load.ts';
import { account } from '../../../testing/toy.ts';
import { aCommit, anIntent } from '../../contract/commits.ts';
import { aDecision, anAbort } from '../../contract/decisions.ts';
import { aWorld } from '../transaction/regions.ts';

const STREAM = 'account/us.1';
const START = Date.UTC(2001, 0, 1);
const events = [{ type: 'Deposited', schemaVersion: 2, data: { amount: 5 } }];

function shared(position: number): Partial<Commit> {
  return {
    stream: STREAM,
    log: 'us',
    region: 'us',
    position,
    events,
    context: { us: position - 1 },
    previous: position - 1,
    hlc: nextStamp(START + position),
  };
}
function commit(position: number, of: Partial<Commit> = {}) {
  return aCommit({ ...shared(position), ...of });
}
function intent(position: number, state: 'prepared' | 'committed' | 'aborted' = 'prepared', of: Partial<Commit> = {}) {
  return anIntent({ ...shared(position), commitId: 'us:order-1#1', tx: { state, deadline: START }, ...of });
}

const commits = aDecision({
  transaction: 'us:order-1',
  participants: [{ stream: STREAM, log: 'us', position: 2, version: { us: 2 } }],
});
const aborts = anAbort({ transaction: 'us:order-1' });

const snapshots = { every: 1, codeVersion: 1 };
const withSnapshots = defineStream({ ...account, snapshots });
function histories(all: readonly Commit[]) {
  return new History(account, STREAM, all);
}

describe('a history with an intent', () => {
  it('hides the intent, and the commits after it, while it is undecided', () => {
    const history = histories([commit(1), intent(2), commit(3)]);
    expect(history.seen).toEqual({ us: 1 });
    expect(history.state).toBe(5);
    expect(history.undecided).toHaveLength(1);
    expect(history.hidden).toBe(1);
    expect(history.find('us:order-1#1', 'digest-of-the-request', START)).toBeUndefined();
  });

  it('counts the intent as a taken position, at the end of its log', () => {
    const history = histories([commit(1), intent(2)]);
    expect([history.lastPosition('us'), history.lastDecidedPosition('us')]).toEqual([2, 1]);
    expect(history.latestStamp).toBe(intent(2).hlc);
  });

  it('shows the intent once it is decided as committed, before it is final', () => {
    const history = histories([commit(1), intent(2), commit(3)]);
    history.decide(aDecision({ transaction: 'us:other' }));
    expect(history.seen).toEqual({ us: 1 });
    history.decide(commits);
    history.decide(commits);
    expect(history.seen).toEqual({ us: 3 });
    expect(history.state).toBe(15);
    expect(history.undecided).toEqual([]);
    expect(history.intents).toHaveLength(1);
  });

  it.each(['decided', 'final'])('treats an aborted intent as an empty position: %s', (how) => {
    const history = histories([commit(1), intent(2, how === 'final' ? 'aborted' : 'prepared')]);
    if (how === 'decided') history.decide(aborts);
    history.add([commit(3, { previous: 1 })]);
    expect(history.seen).toEqual({ us: 3 });
    expect(history.state).toBe(10);
    expect(history.find('us:order-1#1', 'digest-of-the-request', START)).toBeUndefined();
    expect(history.hasEventsSince({ us: 1 })).toBe(true);
    expect(histories([commit(1), intent(2, 'aborted')]).hasEventsSince({ us: 1 })).toBe(false);
    expect(histories([commit(1), intent(2, 'aborted')]).lastPositionWithEvents('us')).toBe(1);
  });

  it('is the same whether the intent was prepared first, arrived final, or its preparation arrives late', () => {
    for (const order of [
      [intent(2), intent(2, 'committed')],
      [intent(2, 'committed')],
      [intent(2, 'committed'), intent(2)],
      [intent(2), intent(2), intent(2, 'committed'), intent(2, 'committed'), intent(2)],
    ]) {
      const history = histories([commit(1), ...order]);
      expect(history.seen).toEqual({ us: 2 });
      expect(history.state).toBe(10);
      expect(history.intents).toEqual([]);
    }
  });

  it('is not blocked by an event that only newer code knows, before it is committed', () => {
    const history = histories([intent(1, 'prepared', { events: [{ type: 'Lost', schemaVersion: 1, data: {} }] })]);
    expect(history.unreadable).toBeUndefined();
    history.decide(anAbort({ transaction: 'us:order-1' }));
    expect(history.unreadable).toBeUndefined();
    expect(history.state).toBe(0);
  });

  it('takes no snapshot before the intent is final, even if it is decided', () => {
    const history = new History(withSnapshots, STREAM, [commit(1), intent(2)]);
    expect(history.takeSnapshot(START + 10)).toBeUndefined();
    history.decide(commits);
    expect(history.takeSnapshot(START + 10)).toBeUndefined();
    history.add([intent(2, 'committed')]);
    expect(history.takeSnapshot(START + 10)).toMatchObject({ version: { us: 2 }, state: 10 });
    expect(history.intents).toEqual([]);
    expect(history.find('us:order-1#1', 'digest-of-the-request', START)).toMatchObject({ position: 2 });
    history.add([intent(2)]);
    expect(history.intents).toEqual([]);
  });

  it('continues from a snapshot past an aborted intent', () => {
    const history = new History(withSnapshots, STREAM, [commit(1), intent(2, 'aborted'), commit(3, { previous: 1 })]);
    const snapshot = history.takeSnapshot(START + 10);
    expect(snapshot).toMatchObject({ version: { us: 3 }, state: 10, withEvents: { us: 3 } });
    expect([...(snapshot?.ids.keys() ?? [])]).not.toContain('us:order-1#1');
    history.add([intent(4, 'aborted', { previous: 3 })]);
    expect(history.holds).toBe(true);
    expect(history.seen).toEqual({ us: 4 });
  });
});

describe('loading a stream with an intent that is decided', () => {
  const put = async (region: ReturnType<typeof aWorld>['us'], transaction: string) => {
    await region.table.put(commit(1));
    await region.table.put(intent(2, 'prepared', { commitId: `${transaction}#1` }));
  };
  const committed = aDecision({ ...commits, transaction: 'eu:order-1' });

  it('queries the deciding Region from the home of the stream', async () => {
    const { us, eu, calls } = aWorld({ strong: false });
    await put(us, 'eu:order-1');
    expect((await loadHistory(us, parseStreamRef(STREAM))).seen).toEqual({ us: 1 });
    await eu.decisions.put(committed);
    expect((await loadHistory(us, parseStreamRef(STREAM))).seen).toEqual({ us: 2 });
    expect(calls).toMatchObject([
      { region: 'eu', within: 2000 },
      { region: 'eu', within: 2000 },
    ]);
  });

  it('queries no Region from outside the home of the stream, and uses the local replica', async () => {
    const { ap, eu, calls } = aWorld({ strong: false });
    await put(ap, 'eu:order-1');
    await eu.decisions.put(committed);
    expect((await loadHistory(ap, parseStreamRef(STREAM))).seen).toEqual({ us: 1 });
    ap.decisions.replicate(committed);
    expect((await loadHistory(ap, parseStreamRef(STREAM))).seen).toEqual({ us: 2 });
    expect(calls).toEqual([]);
  });

  it('leaves the intent hidden if the decision cannot be read', async () => {
    const { us, eu, cut } = aWorld({ strong: false });
    await put(us, 'eu:order-1');
    await eu.decisions.put(committed);
    cut.add('eu');
    const history = await loadHistory(us, parseStreamRef(STREAM));
    expect(history.seen).toEqual({ us: 1 });
    expect(history.undecided).toHaveLength(1);
  });

  it('changes nothing in the table: only writers do', async () => {
    const { us } = aWorld();
    await put(us, 'us:order-1');
    await us.decisions.put(commits);
    await loadHistory(us, parseStreamRef(STREAM));
    expect((await us.table.load(STREAM))[1]?.tx?.state).toBe('prepared');
  });
});
