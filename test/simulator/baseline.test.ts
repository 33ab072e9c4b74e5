import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { memoryEventStore } from '../../adapters/memory/event-store.ts';
import type { History, HistoryCommit, LineOf } from '../../checkers/history.ts';
import { checkHistory } from '../../checkers/index.ts';
import { streamTypeOf } from '../../core/definition/domain.ts';
import { countsOf } from '../../simulator/baseline/count.ts';
import { type Design, runDesign } from '../../simulator/baseline/designs.ts';
import { type LinkWeather, planLoad, WEATHERS } from '../../simulator/baseline/load.ts';
import { appendShared, loadShared, stateOf } from '../../simulator/baseline/shared-log.ts';
import { DOMAINS } from '../../simulator/domain.ts';
import { isOperation } from '../../simulator/schedule.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What clients asked for: the first try of every append. */
function askedIn(history: History) {
  const tries = history.filter((line): line is LineOf<'append'> => line.line === 'append');
  const first = new Map(
    tries.toReversed().map(({ id, region, stream, effect }) => [id, { id, region, stream, effect }]),
  );
  return [...first.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

const histories = new Map<string, Promise<History>>();

/** The history of seed 1. It runs once. */
function ran(design: Design, links: LinkWeather): Promise<History> {
  const key = `${design} ${links}`;
  const running = histories.get(key) ?? runDesign(design, planLoad(1, links));
  histories.set(key, running);
  return running;
}

describe.each(WEATHERS)('the same appends over %s links', (links) => {
  it('are sent to every design', async () => {
    const asked = askedIn(await ran('meridian', links));
    expect(asked).toHaveLength(60);
    expect(askedIn(await ran('shared', links))).toEqual(asked);
    expect(askedIn(await ran('home', links))).toEqual(asked);
  });

  it('are kept by Meridian, which acknowledges all of them', async () => {
    expect(checkHistory(await ran('meridian', links))).toEqual([]);
    expect(countsOf(await ran('meridian', links))).toMatchObject({ acknowledged: 60, lost: 0, streamsThatDiffer: 0 });
  });

  it('are lost in a log that all Regions write, in every Region alike', async () => {
    const { acknowledged, lost, lostEverywhere, streamsThatDiffer } = countsOf(await ran('shared', links));
    expect(acknowledged).toBe(60);
    expect(lost).toBeGreaterThan(0);
    expect({ lostEverywhere, streamsThatDiffer }).toEqual({ lostEverywhere: lost, streamsThatDiffer: 0 });
    expect(checkHistory(await ran('shared', links)).map(({ property }) => property)).toContain('no lost commit');
  });

  it('are kept in a log that one Region writes, if it can be reached', async () => {
    const { acknowledged, unanswered, lost } = countsOf(await ran('home', links));
    expect(checkHistory(await ran('home', links))).toEqual([]);
    expect(lost).toBe(0);
    expect(acknowledged + unanswered).toBe(60);
    expect(unanswered > 0).toBe(links === 'cut');
  });
});

describe('the load', () => {
  it('has the same appends whatever happens to the links', () => {
    expect(planLoad(7, 'cut').steps.filter(isOperation)).toEqual(planLoad(7, 'calm').steps);
    expect(planLoad(8, 'calm').steps).not.toEqual(planLoad(7, 'calm').steps);
  });
});

describe('npm run baseline', () => {
  it('prints the same numbers for the same seed', async () => {
    const args = ['simulator/baseline.ts', '--seed', '1', '--runs', '1', '--json'];
    const { stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    const here = WEATHERS.flatMap((links) =>
      (['meridian', 'shared', 'home'] as const).map(async (design) => ({
        ...{ design, links, ...countsOf(await ran(design, links)) },
        historiesJudgedLossy: design === 'shared' ? 1 : 0,
      })),
    );
    expect(JSON.parse(stdout)).toEqual(await Promise.all(here));
  });

  it('explains its options', () => {
    const { status, stderr } = spawnSync(process.execPath, ['simulator/baseline.ts', '--runs', '0'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(status).toBe(2);
    expect(stderr).toContain('Usage: npm run baseline');
  });
});

describe('a shared log, in one Region', () => {
  const counter = streamTypeOf(DOMAINS.plain, 'counter');
  const stream = 'counter/0';
  const add = (commitId: string, amount: number) => ({ stream, commitId, command: 'add', input: { amount } });

  function aRegion() {
    return { region: 'us-east-1', events: memoryEventStore(), now: () => 0, digest: (text: string) => text };
  }

  it('keeps all appends of writers that race: those that lose decide again', async () => {
    const ports = aRegion();
    const appends = [1, 2, 3].map((amount) => appendShared(ports, counter, add(`op-${amount}`, amount)));
    expect((await Promise.all(appends)).sort()).toEqual([1, 2, 3]);
    expect(stateOf(counter, await loadShared(ports.events, stream))).toBe(6);
  });

  it('recognises a retry by its id', async () => {
    const ports = aRegion();
    const versions = [add('a', 1), add('b', 2), add('a', 1)].map((each) => () => appendShared(ports, counter, each));
    expect([await versions[0]?.(), await versions[1]?.(), await versions[2]?.()]).toEqual([1, 2, 1]);
    expect(stateOf(counter, await loadShared(ports.events, stream))).toBe(3);
  });
});

describe('the count', () => {
  const append = {
    line: 'append',
    session: 's',
    begin: 0,
    stream: 'counter/0',
    effect: { do: 'add', amount: 1 },
  } as const;
  const commit: HistoryCommit = {
    ...{ log: 'l', position: 1, commitId: 'a', region: 'a', context: {}, hlc: '' },
    ...{ state: 'visible', events: [] },
  };

  it('goes by answers, and by what every Region stores', () => {
    const replica = { line: 'replica', stream: 'counter/0', version: {}, state: 0 } as const;
    const history: History = [
      { ...append, op: 1, region: 'a', id: 'a', result: 'unknown' },
      { ...append, op: 2, region: 'a', id: 'a', result: 'ok' },
      { ...append, op: 3, region: 'a', id: 'b', result: 'ok' },
      { ...append, op: 4, region: 'a', id: 'c', result: 'refused' },
      { ...append, op: 5, region: 'a', id: 'd', result: 'unknown' },
      { ...replica, region: 'a', commits: [commit] },
      { ...replica, region: 'b', commits: [] },
    ];
    expect(countsOf(history)).toEqual({
      ...{ histories: 1, sent: 4, acknowledged: 2, refused: 1, unanswered: 1 },
      ...{ lost: 2, lostEverywhere: 1, historiesWithLoss: 1, streams: 1, streamsThatDiffer: 1 },
    });
  });
});
