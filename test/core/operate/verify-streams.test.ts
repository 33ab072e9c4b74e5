import { describe, expect, it } from 'vitest';
import { MeridianError } from '../../../core/facts/errors.ts';
import { nextStamp } from '../../../core/facts/hlc.ts';
import { STEP_MS } from '../../../core/limits/budgets.ts';
import {
  ask,
  aVerifiedRegion,
  NOW,
  noted,
  project,
  put,
  STREAM,
  three,
  UNTIL,
  type VerifiedRegion,
} from './verify-fixture.ts';

function look({ ports }: VerifiedRegion, ...streams: readonly string[]) {
  return ask(ports, 'verify-streams', { until: UNTIL, streams: streams.length > 0 ? [...streams] : [STREAM] });
}

async function hashOf(...commits: readonly ReturnType<typeof noted>[]): Promise<string | undefined> {
  const region = aVerifiedRegion();
  await put(region, ...commits);
  return (await look(region)).streams[0]?.hash;
}

async function entryOf({ views }: VerifiedRegion, view = 'latest') {
  for (let shard = 0; shard < 100; shard++) {
    const entry = (await views.entries(view, [{ stream: STREAM, shard }])).get(STREAM);
    if (entry) return entry;
  }
  throw new Error('There is no entry.');
}

describe('what a Region has of a stream', () => {
  it('is a hash over its commits, and the last position of each log', async () => {
    const region = aVerifiedRegion();
    await put(region, ...three, noted(1, { log: 'eu', region: 'eu-west-1' }));
    expect(await look(region, STREAM, 'note/none')).toMatchObject({
      streams: [
        { stream: STREAM, commits: 4, heads: { eu: 1, 'us-east-1': 3 } },
        { stream: 'note/none', commits: 0, heads: {}, hash: '' },
      ],
      rest: [],
    });
  });

  it('is the same whatever the order in which the commits have arrived, and without what is younger', async () => {
    const young = noted(4, { hlc: nextStamp(NOW) });
    const eu = noted(1, { log: 'eu', region: 'eu-west-1' });
    const region = aVerifiedRegion();
    const load = async () => [eu, ...three, young].toReversed();
    const reversed = { ...region, ports: { ...region.ports, events: { ...region.table, load } } };
    expect((await look(reversed)).streams[0]?.hash).toBe(await hashOf(...three, eu));
  });

  it.each([
    ['an event', { text: 'other' }],
    ['a stamp', { hlc: nextStamp(NOW - 3_000_000) }],
    ['the context', { context: {} }],
    ['what caused it', { meta: { actor: 'ann' } }],
    ['the time of an intent', { tx: { state: 'committed', deadline: 1 } }],
  ] as const)('is another one if %s differs', async (_, change) => {
    expect(await hashOf(...three.with(1, noted(2, change)))).not.toBe(await hashOf(...three));
  });

  it('is another one with another state of an intent, and the same with another transaction that waits', async () => {
    const [prepared, committed, aborted] = (['prepared', 'committed', 'aborted'] as const).map((state) =>
      noted(2, { tx: { state, deadline: 1 } }),
    );
    const marked = noted(2, { tx: { state: 'prepared', deadline: 1, next: { transaction: 'us-east-1:t', began: 1 } } });
    const hashes = [prepared, committed, aborted].map(async (intent) => intent && (await hashOf(noted(1), intent)));
    expect(new Set(await Promise.all(hashes)).size).toBe(3);
    expect(await hashOf(noted(1), marked)).toBe(await hashes[0]);
  });
});

describe('a stream in one Region', () => {
  it('of a healthy Region has no findings', async () => {
    const region = aVerifiedRegion();
    await put(region, ...three);
    await project(region, ...three);
    expect((await look(region)).findings).toEqual([]);
  });

  it('has gaps where a log or a context names commits that are missing', async () => {
    const region = aVerifiedRegion();
    await put(region, noted(1), noted(3), noted(1, { log: 'eu', context: { ap: 1 } }));
    const gaps = (await look(region)).findings.filter(({ kind }) => kind === 'gap');
    expect(gaps).toEqual([
      { kind: 'gap', stream: STREAM, log: 'ap', position: 1 },
      { kind: 'gap', stream: STREAM, log: 'us-east-1', position: 2 },
    ]);
  });

  it('names the first of many gaps only', async () => {
    const region = aVerifiedRegion();
    await put(region, noted(1_000_000));
    expect((await look(region)).findings.filter(({ kind }) => kind === 'gap')).toHaveLength(10);
  });

  it('shows events that do not match their digest, unless older code wrote none', async () => {
    const region = aVerifiedRegion();
    const { digest: _none, ...older } = noted(1);
    await put(region, older, { ...noted(2), digest: noted(3).digest ?? '' });
    expect((await look(region)).findings.filter(({ kind }) => kind === 'changed')).toEqual([
      { kind: 'changed', stream: STREAM, log: 'us-east-1', position: 2 },
    ]);
  });

  it('that cannot be loaded is named with the reason, and the others are looked at', async () => {
    const region = aVerifiedRegion();
    const { ports, table } = region;
    const load = (stream: string) => {
      if (stream === STREAM) throw new MeridianError('internal', 'This item is not a commit.');
      return table.load(stream);
    };
    const answer = await look({ ...region, ports: { ...ports, events: { ...table, load } } }, STREAM, 'note/m');
    expect(answer).toMatchObject({
      streams: [{ stream: 'note/m' }],
      findings: [{ kind: 'unreadable', stream: STREAM, why: 'This item is not a commit.' }],
    });
  });

  it('fails alone if loading it hits a bug', async () => {
    const region = aVerifiedRegion();
    const load = () => {
      throw new TypeError('A bug.');
    };
    const { streams, findings } = await look({
      ...region,
      ports: { ...region.ports, events: { ...region.table, load } },
    });
    expect([streams, findings]).toEqual([[], [{ kind: 'unreadable', stream: STREAM, why: 'A bug.' }]]);
  });

  it('is compared with the views of its own type only', async () => {
    const region = aVerifiedRegion();
    const tails = Array.from({ length: 10 }, (_, i) => `tail/${i}`);
    await put(region, noted(1), ...tails.map((stream) => noted(1, { stream, log: 'global' })));
    const { findings } = await look(region, ...tails, STREAM);
    expect(findings.map((finding) => 'view' in finding && finding.view)).toEqual([
      ...tails.map(() => 'tails'),
      ...['latest', 'words'],
    ]);
  });

  it('is not taken for unreadable while its table does not respond', async () => {
    const region = aVerifiedRegion();
    const load = () => {
      throw new MeridianError('unavailable', 'Throttled.', { retryable: true });
    };
    const down = { ...region, ports: { ...region.ports, events: { ...region.table, load } } };
    await expect(look(down)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('of a type that the domain no longer has is compared as well', async () => {
    const region = aVerifiedRegion();
    await put(region, noted(1, { stream: 'gone/1' }));
    expect(await look(region, 'gone/1')).toMatchObject({ streams: [{ commits: 1 }], findings: [] });
  });
});

describe('a call', () => {
  it('starts nothing more after its time, and names the streams that are left', async () => {
    const region = aVerifiedRegion();
    const streams = Array.from({ length: 25 }, (_, i) => `note/${i}`);
    const load = async (stream: string) => {
      region.runtime.advance(STEP_MS / 10);
      return region.table.load(stream);
    };
    const slow = { ...region, ports: { ...region.ports, events: { ...region.table, load } } };
    const { streams: looks, rest } = await look(slow, ...streams);
    expect(looks.map(({ stream }) => stream)).toEqual(streams.slice(0, 10));
    expect(rest).toEqual(streams.slice(10));
  });

  it('makes one request for the generations, one for the entries of ten streams in each view, and one for each stream', async () => {
    const region = aVerifiedRegion();
    const calls: string[] = [];
    const counting = <T extends object>(port: T): T =>
      new Proxy(port, {
        get: (of, name) => {
          const method: unknown = Reflect.get(of, name);
          if (typeof method !== 'function') return method;
          return (...args: unknown[]) => {
            calls.push(String(name));
            return Reflect.apply(method, of, args);
          };
        },
      });
    const { ports, table, views } = region;
    const streams = Array.from({ length: 20 }, (_, i) => `note/${i}`);
    await look({ ...region, ports: { ...ports, events: counting(table), views: counting(views) } }, ...streams);
    const number = (name: string) => calls.filter((call) => call === name).length;
    expect([number('generations'), number('entries'), number('load'), calls.length]).toEqual([1, 4, 20, 25]);
  });
});

describe('a row', () => {
  it('is missing, and so is a contribution, until it is projected', async () => {
    const region = aVerifiedRegion();
    await put(region, ...three);
    const missing = ['latest', 'words'].map((view) => ({ kind: 'row-missing', view, stream: STREAM }));
    expect((await look(region)).findings).toEqual(missing);
    await project(region, ...three);
    expect((await look(region)).findings).toEqual([]);
  });

  it('is behind if it lacks an old commit, but not a young one', async () => {
    const region = aVerifiedRegion();
    const young = noted(4, { hlc: nextStamp(NOW) });
    await put(region, noted(1), noted(2));
    await project(region, noted(2));
    await put(region, noted(3), young);
    expect((await look(region)).findings).toEqual(
      ['latest', 'words'].map((view) => ({ kind: 'row-behind', view, stream: STREAM })),
    );
    await project(region, young);
    expect((await look(region)).findings).toEqual([]);
  });

  it('of which only young commits are known is not missing', async () => {
    const region = aVerifiedRegion();
    await put(region, noted(1, { hlc: nextStamp(NOW) }));
    expect((await look(region)).findings).toEqual([]);
  });

  it('is ahead if it has a commit that the table lacks', async () => {
    const region = aVerifiedRegion();
    await put(region, ...three);
    await project(region, ...three);
    const emptied = { ...region, ports: { ...region.ports, events: aVerifiedRegion().table } };
    const ahead = { kind: 'row-ahead', stream: STREAM, log: 'us-east-1' };
    expect((await look(emptied)).findings).toEqual(
      ['latest', 'words'].map((view) => ({ ...ahead, view, position: 1 })),
    );
    await emptied.ports.events.put(noted(1));
    expect((await look(emptied)).findings).toMatchObject([
      { ...ahead, position: 2 },
      { ...ahead, position: 2 },
    ]);
  });

  it('is wrong if it is not what its own version gives, even if that is not the newest', async () => {
    const region = aVerifiedRegion();
    await put(region, ...three);
    await project(region, ...three);
    const entry = await entryOf(region);
    await region.views.apply('latest', [{ ...entry, revision: entry.revision + 1, row: { id: 'n', text: 'x' } }], []);
    await put(region, noted(4, { hlc: nextStamp(NOW) }));
    expect((await look(region)).findings).toEqual([{ kind: 'row-wrong', view: 'latest', stream: STREAM }]);
  });

  it('that its view cannot compute is unreadable, with the reason', async () => {
    const region = aVerifiedRegion();
    await put(region, noted(1));
    await project(region, noted(1));
    const entry = await entryOf(region);
    await put(region, noted(2, { text: '!' }));
    const version = { 'us-east-1': 2 };
    await region.views.apply('latest', [{ ...entry, revision: entry.revision + 1, version }], []);
    expect((await look(region)).findings).toContainEqual({
      kind: 'unreadable',
      view: 'latest',
      stream: STREAM,
      why: 'The view fails on this text.',
    });
  });
});

describe('the commits of a log', () => {
  it('have digests, the states of intents, who wrote them, and whether their events are unchanged', async () => {
    const region = aVerifiedRegion();
    const intent = noted(2, { tx: { state: 'committed', deadline: 1 } });
    await put(region, noted(1), intent, { ...noted(3), digest: 'x' }, noted(4, { hlc: nextStamp(NOW) }));
    const asked = { until: UNTIL, stream: STREAM, log: 'us-east-1' };
    const { commits, next } = await ask(region.ports, 'verify-commits', asked);
    expect(commits).toMatchObject([
      { position: 1, region: 'us-east-1', intact: true },
      { position: 2, state: 'committed', intact: true },
      { position: 3, intact: false },
    ]);
    expect(next).toBeUndefined();
    expect(await ask(region.ports, 'verify-commits', { ...asked, after: 2 })).toMatchObject({
      commits: [{ position: 3 }],
    });
  });

  it('come in pages', async () => {
    const region = aVerifiedRegion();
    await put(region, ...Array.from({ length: 1500 }, (_, i) => noted(i + 1)));
    const asked = { until: UNTIL, stream: STREAM, log: 'us-east-1' };
    const first = await ask(region.ports, 'verify-commits', asked);
    expect([first.commits.length, first.next]).toEqual([1000, 1000]);
    const second = await ask(region.ports, 'verify-commits', { ...asked, after: 1000 });
    expect([second.commits.length, second.next]).toEqual([500, undefined]);
  });
});
