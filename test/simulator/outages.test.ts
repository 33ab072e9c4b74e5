import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { History, HistoryCommit } from '../../checkers/history.ts';
import { KIND_NAMES, KINDS, type KindName } from '../../simulator/outages/kinds.ts';
import { planOperations, timesOf, USE_NAMES } from '../../simulator/outages/load.ts';
import { type Measured, measure } from '../../simulator/outages/measure.ts';
import { blockIn, blocksOf, withBlocks } from '../../simulator/outages/page.ts';
import { plotOf, seriesOf } from '../../simulator/outages/plot.ts';
import { rowsOf } from '../../simulator/outages/rows.ts';
import { type Run, runOutage } from '../../simulator/outages/run.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(`${root}/docs/operations/outages.md`, 'utf8').replaceAll('\r\n', '\n');
const SEED = 1;

const runs = new Map<KindName, Promise<Run>>();

/** The run of the page. It takes place once. */
function ran(kind: KindName): Promise<Run> {
  const running = runs.get(kind) ?? runOutage(kind, SEED);
  runs.set(kind, running);
  return running;
}

// A run takes longer than a test may, on a slow machine.
beforeAll(async () => {
  await ran('lost-for-good');
  await ran('drained');
});

/** Expects the figures of a kind on the page. */
function expectOnPage(measured: Measured): void {
  const blocks = blocksOf([measured]);
  expect(blockIn(page, measured.kind)).toBe(blocks.get(measured.kind));
  const rows = blocks.get('table')?.split('\n') ?? [];
  expect(blockIn(page, 'table').split('\n')).toEqual(expect.arrayContaining(rows));
}

describe('a Region that is lost permanently', () => {
  it('has the figures of the page, and its plot', async () => {
    const run = await ran('lost-for-good');
    expectOnPage(measure(run));
    expect(plotOf(run)).toBe(readFileSync(`${root}/docs/operations/outages.svg`, 'utf8').replaceAll('\r\n', '\n'));
  });

  it('takes along what it acknowledged in the time that replication takes, and no strong append', async () => {
    const { lost, incomplete, window, lostByUse } = measure(await ran('lost-for-good'));
    expect(lost).toBeGreaterThan(0);
    expect(incomplete).toBeGreaterThan(0);
    expect(window).toBeLessThan(2_000);
    expect(Object.keys(lostByUse)).not.toContain('strong');
    expect(Object.keys(lostByUse)).not.toContain('home-other');
    expect(Object.keys(lostByUse)).not.toContain('transaction-other');
  });

  it('leaves its home streams to the target, which accepts appends within seconds of the command', async () => {
    const { meanwhile, moved, rto } = measure(await ran('lost-for-good'));
    expect(meanwhile['home-failed']).toMatchObject({ failed: { accepted: 0 }, elsewhere: { accepted: 0 } });
    expect(moved?.['home-failed'].elsewhere.accepted).toBe(moved?.['home-failed'].elsewhere.sent);
    expect(rto?.everywhere).toBeLessThan(5_000);
  });

  it('accepts nothing from then on, while the others go on and get its callers', async () => {
    const run = await ran('lost-for-good');
    const after = (points: readonly (readonly [number, number])[]) => points.filter(([seconds]) => seconds > 10);
    const [failed, target] = seriesOf(run);
    expect(after(failed?.accepted ?? []).every(([, perSecond]) => perSecond === 0)).toBe(true);
    const commits = (from: number, until: number) =>
      (target?.accepted ?? []).filter(([at]) => at > from && at < until).reduce((sum, [, each]) => sum + each, 0);
    expect(commits(75, 105)).toBeGreaterThan(commits(15, 45) * 1.5);
  });
});

describe('a Region that is drained', () => {
  it('has the figures of the page', async () => {
    expectOnPage(measure(await ran('drained')));
  });

  it('refuses nothing and loses nothing, in the judgement of the checkers', async () => {
    const run = await ran('drained');
    const measured = measure(run);
    expect(rowsOf(measured).map(({ goesOn }) => goesOn)).toEqual(rowsOf(measured).map(() => 'everywhere'));
    expect(measured).toMatchObject({
      lost: 0,
      incomplete: 0,
      partly: 0,
      hidden: 0,
      conflicts: 0,
      events: { failed: { missing: 0 } },
    });
    expect(run.broken).toEqual([]);
  });
});

describe('npm run outages', () => {
  function outages(...args: readonly string[]) {
    return spawnSync(process.execPath, ['simulator/outages.ts', ...args], { cwd: root, encoding: 'utf8' });
  }

  let printed = '';
  beforeAll(() => {
    printed = outages('--json', 'cut-off').stdout;
  });

  it('prints the figures of the page for a Region that is cut off, where each use goes on as promised', () => {
    const { outages: rows, kinds, seed } = JSON.parse(printed);
    expect(seed).toBe(SEED);
    for (const measured of kinds) expectOnPage(measured);
    expect(kinds).toMatchObject([{ kind: 'cut-off', broken: [], lost: 0, incomplete: 0, partly: 0, hidden: 0 }]);
    const meanwhile = rows.filter(({ phase }: { readonly phase: string }) => phase === 'meanwhile');
    expect(
      Object.fromEntries(meanwhile.map(({ mode, goesOn }: Record<string, string>) => [mode, goesOn])),
    ).toMatchObject({
      merge: 'everywhere',
      'home-failed': 'in the failed Region',
      'home-other': 'elsewhere',
      strong: 'elsewhere',
    });
  });

  it.each([
    ['--seed', '-1'],
    ['--write', 'cut-off'],
  ])('explains its options: %s %s', (...args) => {
    const { status, stderr } = outages(...args);
    expect(status).toBe(2);
    expect(stderr).toContain('Usage: npm run outages');
  });
});

describe('the page', () => {
  const cells = blockIn(page, 'table')
    .split('\n')
    .slice(2)
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

  it('has each kind, in the table and in a part of its own', () => {
    for (const kind of KIND_NAMES) {
      expect(cells.some(([first = '']) => first.startsWith(`[${KINDS[kind].title}](`))).toBe(true);
      expect(blockIn(page, kind)).toContain(KINDS[kind].what);
    }
  });

  it('says that `merge` streams go on in the other Regions through every kind', () => {
    for (const [, merge = ''] of cells) expect(merge).toMatch(/^all$|· 100 %$/);
  });

  it('says that nothing is lost, unless a Region is lost permanently', () => {
    const losses = cells.flatMap((row) => row.at(-3) || []);
    expect(losses).toHaveLength(KIND_NAMES.length);
    expect(losses.filter((loss) => loss !== 'nothing')).toHaveLength(1);
  });

  it('says that no promise is broken, but for a Region that is lost permanently, and messages that an operator has to look at', () => {
    const broken = Object.fromEntries(
      KIND_NAMES.map((kind) => [kind, /find broken: (.*)\.$/m.exec(blockIn(page, kind))?.[1]]).filter(
        ([, properties]) => properties !== 'none',
      ),
    );
    expect(broken).toEqual({
      'dynamodb-unresolved': 'no dead letter',
      'lost-for-good': expect.stringContaining('no lost commit'),
    });
  });

  it('says that moved homes are written again within five seconds, in every Region', () => {
    const times = cells.flatMap((row) =>
      [.../in every Region (\S+) s/g[Symbol.matchAll](row.at(-2) ?? '')].map(([, s]) => Number(s)),
    );
    expect(times).toHaveLength(4);
    for (const seconds of times) expect(seconds).toBeLessThan(5);
  });

  it('is not written if it lacks the place of a part', () => {
    expect(() => withBlocks('# Outages\n', new Map([['table', '']]))).toThrow('The page has no part table.');
  });
});

describe('the load', () => {
  it('is the same for the same seed, and has every use in every Region', () => {
    const kind = KINDS['cut-off'];
    expect(planOperations(7, kind)).toEqual(planOperations(7, kind));
    expect(planOperations(8, kind)).not.toEqual(planOperations(7, kind));
    const pairs = new Set(planOperations(7, kind).map(({ use, region }) => `${use} ${region}`));
    expect(pairs.size).toBe(3 * USE_NAMES.length);
  });

  it('goes to the target when a Region was taken for lost, until it is back', () => {
    const kind = KINDS['lost-for-a-while'];
    const { command = 0, end = 0 } = timesOf(kind);
    const asked = planOperations(7, kind).filter(({ region }) => region === 'us-east-1');
    expect(asked.filter(({ at }) => at >= command + 10_000 && at < end)).toEqual([]);
    expect(asked.filter(({ at }) => at >= end)).not.toEqual([]);
  });
});

describe('what is measured', () => {
  const times = { start: 1_000, command: undefined, end: 60_000, back: undefined, finish: 100_000 };
  const commit: Omit<HistoryCommit, 'commitId'> = {
    log: 'us-east-1',
    position: 1,
    region: 'us-east-1',
    context: {},
    hlc: '0'.repeat(16),
    state: 'visible',
    events: [],
  };
  const append = {
    line: 'append',
    session: 's',
    region: 'us-east-2',
    stream: 'counter/0',
    effect: { do: 'add', amount: 1 },
  } as const;
  const replica = { line: 'replica', stream: 'counter/0', version: { 'us-east-1': 1 }, state: 0 } as const;

  function measured(history: History): Measured {
    const uses = new Map([
      ['a', 'merge'],
      ['b', 'merge'],
      ['c', 'merge'],
    ] as const);
    return measure({
      ...{ kind: 'cut-off', times, history, epoch: 0, uses, equalAfter: undefined, unseen: undefined },
      resent: { quarantined: 0, ofSubscribers: 0 },
      broken: [],
    });
  }

  it('counts an operation once, however often it was sent, with the codes of its tries', () => {
    const { meanwhile } = measured([
      { ...append, op: 1, id: 'a', begin: 2_000, end: 2_100, result: 'unknown', code: 'unavailable' },
      { ...append, op: 2, id: 'a', begin: 3_100, end: 3_200, result: 'ok', dot: { log: 'us-east-1', position: 1 } },
      { ...append, op: 3, id: 'b', begin: 2_000, end: 2_100, result: 'unknown', code: 'unavailable' },
    ]);
    expect(meanwhile.merge).toEqual({
      ...{ failed: { sent: 0, accepted: 0 }, elsewhere: { sent: 2, accepted: 1 } },
      ...{ codes: { unavailable: 2 }, longestWait: 1_200 },
    });
  });

  it('finds what was acknowledged and is in no Region, or in one only, and what is hidden', () => {
    const acknowledged = { ...append, begin: 100, end: 600, result: 'ok' } as const;
    expect(
      measured([
        { ...acknowledged, op: 1, id: 'a', dot: { log: 'us-east-1', position: 1 } },
        { ...acknowledged, op: 2, id: 'b', end: 700, dot: { log: 'us-east-1', position: 2 } },
        { ...acknowledged, op: 3, id: 'c', dot: { log: 'us-east-2', position: 1 } },
        {
          ...replica,
          region: 'us-east-2',
          commits: [
            { ...commit, commitId: 'a' },
            { ...commit, commitId: 'c', log: 'us-east-2' },
          ],
        },
        { ...replica, region: 'us-west-2', commits: [{ ...commit, commitId: 'a' }] },
      ]),
    ).toMatchObject({ lost: 1, lostByUse: { merge: 1 }, window: 300, partly: 1, hidden: 1 });
  });
});
