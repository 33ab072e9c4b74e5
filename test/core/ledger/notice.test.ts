import { describe, expect, it } from 'vitest';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import { memoryLedger } from '../../../adapters/memory/ledger.ts';
import { writtenAt } from '../../../core/facts/commit.ts';
import { defineDomain } from '../../../core/index.ts';
import { type NoticePorts, noticeConcurrent } from '../../../core/ledger/notice.ts';
import { STRANGE_LOG_MS } from '../../../core/limits/budgets.ts';
import { account, note, toyDomain } from '../../../testing/toy.ts';
import { aCommit } from '../../contract/commits.ts';
import { fakeRuntime } from '../../runtime.ts';

const stream = 'note/n';

function at(log: string, position: number, context: Readonly<Record<string, number>>, region = log) {
  return aCommit({ ...{ stream, log, position, region }, context: { ...context, [log]: position - 1 } });
}

/** The Region us, one of three, whose table holds these commits. */
function ports(...commits: readonly ReturnType<typeof at>[]) {
  const events = memoryEventStore();
  for (const commit of commits) events.replicate(commit);
  const asked: number[] = [];
  return {
    ...{ region: 'us', regions: ['us', 'eu', 'ap'], log: 'us', logs: ['us', 'eu', 'ap'] },
    events: {
      taken: async (...of: Parameters<typeof events.taken>) => {
        asked.push(of[0].length);
        return events.taken(...of);
      },
    },
    domain: toyDomain,
    ledger: memoryLedger(),
    runtime: fakeRuntime(),
    asked,
  } satisfies NoticePorts & { asked: number[] };
}

const noticed = async (of: NoticePorts, ...commits: readonly ReturnType<typeof at>[]) => [
  ...(await noticeConcurrent(of, commits)).now,
];

const repaired = { domain: defineDomain({ streams: [{ ...note, reconcile: () => [] }], views: [] }) };

describe('the streams that are looked at for conflicts', () => {
  it('are also those of two commits of other Regions, in the Region that repairs them', async () => {
    const [one, other] = [at('eu', 1, {}), at('ap', 1, {})];
    expect(await noticed(ports(one, other), one)).toEqual([]);
    const repairing = { ...ports(one, other), ...repaired };
    expect(await noticed(repairing, one)).toEqual([stream]);
    expect(repairing.asked).toEqual([2]);
    expect(await noticed({ ...ports(one, other), ...repaired, region: 'eu', log: 'eu' }, other)).toEqual([stream]);
    const elsewhere = ports(one, other);
    expect(await noticed({ ...elsewhere, ...repaired, regions: ['ap', 'us', 'eu'] }, one)).toEqual([]);
    expect(elsewhere.asked).toEqual([1]);
  });

  it('are also those of two commits of other Regions of a home stream with repairs, in every Region: its home may have moved', async () => {
    const home = 'account/eu.1';
    const [one, other] = [at('eu', 1, {}), at('ap', 1, {})].map((commit) => ({ ...commit, stream: home }));
    if (!one || !other) throw new Error('There are no commits.');
    const withRepairs = defineDomain({ streams: [{ ...account, reconcile: () => [] }], views: [] });
    expect(await noticed({ ...ports(one, other), domain: withRepairs }, one)).toEqual([home]);
    expect(await noticed(ports(one, other), one)).toEqual([]);
  });

  it('are those of all commits that had not seen another one, if the Region that repairs cannot be found out', async () => {
    const reconcileIn = () => {
      throw new Error('no');
    };
    const failing = { domain: defineDomain({ streams: [{ ...note, reconcile: () => [], reconcileIn }], views: [] }) };
    const [one, other] = [at('eu', 1, {}), at('ap', 1, {})];
    expect(await noticed({ ...ports(one, other), ...failing }, one)).toEqual([stream]);
    const gone = { domain: defineDomain({ streams: [], views: [] }) };
    expect(await noticed({ ...ports(one, other), ...gone }, one)).toEqual([]);
  });

  it('are none of commits that have seen everything', async () => {
    const [first, second] = [at('us', 1, {}), at('eu', 1, { us: 1 })];
    const third = at('us', 2, { eu: 1 });
    expect(await noticed(ports(first), first)).toEqual([]);
    expect(await noticed(ports(first, second), second)).toEqual([]);
    expect(await noticed(ports(first, second, third), third)).toEqual([]);
    expect(await noticed(ports())).toEqual([]);
  });

  it('are those of a commit of another Region that had not seen one of this Region', async () => {
    const [own, other] = [at('us', 1, {}), at('eu', 1, {})];
    expect(await noticed(ports(own, other), other)).toEqual([stream]);
  });

  it('are those of a commit of this Region that had not seen one that had arrived', async () => {
    const [own, other] = [at('us', 1, {}), at('eu', 1, {})];
    expect(await noticed(ports(own, other), own)).toEqual([stream]);
    expect(await noticed(ports(own), own)).toEqual([]);
  });

  it('are not those of two other Regions, which notice it themselves', async () => {
    const [eu, ap] = [at('eu', 1, {}), at('ap', 1, {})];
    expect(await noticed(ports(eu, ap), eu, ap)).toEqual([]);
  });

  it('are those of a commit that had not seen the one before it in its own log', async () => {
    const [first, second] = [at('us', 1, {}), aCommit({ ...at('us', 2, {}), context: {} })];
    expect(await noticed(ports(first, second), second)).toEqual([stream]);
    const elsewhere = aCommit({ ...at('eu', 2, {}), context: {} });
    expect(await noticed(ports(elsewhere), elsewhere)).toEqual([]);
  });

  it('include those of an earlier log of this Region, and those of a Region that has left', async () => {
    const [old, other] = [at('us-old', 2, {}, 'us'), at('eu', 1, { 'us-old': 1 })];
    expect(await noticed(ports(old, other), other)).toEqual([stream]);
    const [left, late] = [at('sa', 1, {}), at('ap', 1, {})];
    expect(await noticed(ports(left, late), left)).toEqual([stream]);
  });

  it('are those of the first commit in a renamed log whose writer named a version from before all others', async () => {
    const [old, first] = [at('us', 1, {}), at('us-2', 1, {}, 'us')];
    const renamed = { log: 'us-2', logs: ['us-2', 'eu', 'ap'] };
    expect(await noticed({ ...ports(old, first), ...renamed }, first)).toEqual([stream]);
    expect(await noticed({ ...ports(first), ...renamed }, first)).toEqual([]);
  });

  describe('of a commit in a log that this function does not know, because it has run since before its Region got it', () => {
    const strange = at('eu-2', 1, {}, 'eu');

    it('are looked at, and again later, in whatever order the commits are read that had not seen each other', async () => {
      for (const table of [[strange], [strange, at('us', 1, {})]]) {
        const found = await noticeConcurrent(ports(...table), [strange]);
        expect(found).toEqual({ now: new Set([stream]), again: new Set([stream]) });
      }
      // The other one, read afterwards, does not find it: this is what the second look is for.
      expect(await noticed(ports(strange, at('us', 1, {})), at('us', 1, {}))).toEqual([]);
    });

    it('are looked at again also if nothing can be found out, with others that are not', async () => {
      const failing = { events: { taken: () => Promise.reject(new Error('The table does not respond.')) } };
      const other = aCommit({ ...at('eu', 1, {}), stream: 'note/other' });
      const found = await noticeConcurrent({ ...ports(), ...failing }, [strange, other]);
      expect(found).toEqual({ now: new Set([stream, 'note/other']), again: new Set([stream]) });
    });

    it('are left alone if it was written long ago: the log is an old one', async () => {
      const of = ports(strange);
      of.runtime.advance(writtenAt(strange) - of.runtime.now() + STRANGE_LOG_MS);
      expect((await noticeConcurrent(of, [strange])).again).toEqual(new Set([stream]));
      of.runtime.advance(1);
      expect(await noticeConcurrent(of, [strange])).toEqual({ now: new Set(), again: new Set() });
    });

    it('are not looked at again for a log that has the name of a Region, or that this function writes', async () => {
      const renamed = { ...ports(), log: 'us-2', logs: ['us', 'eu-2', 'ap'] };
      const known = [at('us-2', 1, {}, 'us'), at('us', 1, {}), at('eu', 1, {}), strange];
      expect((await noticeConcurrent(renamed, known)).again).toEqual(new Set());
    });
  });

  it('are also those of a commit that is read so late that one which has seen it is here', async () => {
    const [first, second] = [at('us', 1, {}), at('eu', 1, { us: 1 })];
    expect(await noticed(ports(first, second), first)).toEqual([stream]);
  });

  it('are found where no list of Regions is known', async () => {
    const [own, other] = [at('us', 1, {}), at('eu', 1, {})];
    expect(await noticed({ ...ports(own, other), regions: [] }, own)).toEqual([stream]);
  });

  it('are those that the Region watches', async () => {
    const of = ports();
    await of.ledger.watch(stream, 'us', 'token');
    await of.ledger.watch('note/other', 'eu', 'token');
    const other = aCommit({ ...at('eu', 1, {}), stream: 'note/other' });
    expect(await noticed(of, at('eu', 1, {}), other)).toEqual([stream]);
  });

  it('are all if it cannot be found out', async () => {
    const of = ports();
    const taken = () => Promise.reject(new Error('The table does not respond.'));
    expect(await noticed({ ...of, events: { taken } }, at('eu', 1, {}))).toEqual([stream]);
    expect(of.runtime.unexpectedErrors).toHaveLength(1);
  });

  it('are found with one position of each log that matters: one for another Region, two for this one of three', async () => {
    const of = ports();
    await noticed(of, at('eu', 1, {}));
    await noticed(of, at('us', 1, {}));
    expect(of.asked).toEqual([1, 2]);
  });
});
