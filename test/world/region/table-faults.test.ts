import { describe, expect, it } from 'vitest';
import { finalOf } from '../../../core/facts/decision.ts';
import type { Decision } from '../../../core/index.ts';
import { anEntry } from '../../contract/a-view.ts';
import { aCommit, anIntent } from '../../contract/commits.ts';
import { aDecision } from '../../contract/decisions.ts';
import { aWeatheredProcess, HERE } from './weathered.ts';

const STREAM = 'note/a';
const inLog = (log: string, position: number) => aCommit({ stream: STREAM, log, position });
const intent = anIntent({ stream: STREAM });
const decision: Decision = aDecision({ transaction: `${HERE}:order` });

describe('a torn query', () => {
  it('has its first items from an earlier time than the rest', async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 20; seed++) {
      const { ports, world, made } = await aWeatheredProcess({ seed });
      const { events } = ports;
      await made(events.put(inLog('b', 1)));
      world.weather.set('table.torn', 1, HERE);
      const loading = events.load(STREAM);
      // In the meantime.
      world.weather.calm();
      await events.put(inLog('a', 1));
      await events.put(inLog('c', 1));
      seen.add((await made(loading)).map(({ log }) => log).join(''));
    }
    // `a` is missing if its page was read before it was written, and `c` if its page was.
    expect(seen).toEqual(new Set(['b', 'bc', 'abc']));
  });

  it('shows an intent as it was, beside a later commit', async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 20; seed++) {
      const { ports, world, made } = await aWeatheredProcess({ seed });
      const { events } = ports;
      await made(events.put(intent));
      world.weather.set('table.torn', 1, HERE);
      const loading = events.loadLog(STREAM, intent.log, 0);
      world.weather.calm();
      await events.finalise(intent, 'committed');
      await events.put(inLog(intent.log, 2));
      seen.add((await made(loading)).map(({ tx }) => tx?.state ?? 'next').join());
    }
    expect(seen).toEqual(new Set(['prepared', 'prepared,next', 'committed,next']));
  });

  it('has whatever was written behind the last item of its first page', async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 20; seed++) {
      const { ports, world, made } = await aWeatheredProcess({ seed });
      const { events } = ports;
      await made(events.put(inLog('a', 1)));
      world.weather.set('table.torn', 1, HERE);
      const loading = events.loadLog(STREAM, 'a', 0);
      world.weather.calm();
      await events.put(inLog('a', 2));
      await events.put(inLog('a', 3));
      seen.add((await made(loading)).map(({ position }) => position).join());
    }
    // Never 1 and 3 without 2: the second page begins right after the last item of the first.
    expect(seen).toEqual(new Set(['1', '1,2,3']));
  });

  it('of the logs of a version may have any of them from the earlier time', async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 40; seed++) {
      const { ports, world, made } = await aWeatheredProcess({ seed });
      const { events } = ports;
      world.weather.set('table.torn', 1, HERE);
      const loading = events.load(STREAM, { a: 1, c: 1 });
      world.weather.calm();
      for (const log of ['a', 'b', 'c']) await events.put(inLog(log, 2));
      seen.add(
        (await made(loading))
          .map(({ log }) => log)
          .sort()
          .join(''),
      );
    }
    expect([...seen].sort()).toEqual(['', 'a', 'ab', 'abc', 'ac', 'b', 'bc', 'c']);
  });

  it('of the first commits has each log from one time, and says of which of them more follow', async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 20; seed++) {
      const { ports, world, made } = await aWeatheredProcess({ seed });
      const { events } = ports;
      await made(events.put(inLog('b', 1)));
      world.weather.set('table.torn', 1, HERE);
      const loading = events.loadFirst(STREAM, {}, 1);
      world.weather.calm();
      await events.put(inLog('a', 1));
      await events.put(inLog('b', 2));
      const { commits, cut } = await made(loading);
      seen.add(`${commits.map(({ log, position }) => log + position).join()} ${cut.join()}`);
    }
    expect(seen).toEqual(new Set(['b1 ', 'b1 b', 'a1,b1 b']));
  });

  it('of a whole table has no commit on two pages', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { ports, world, made } = await aWeatheredProcess({ seed });
      const { events } = ports;
      for (const position of [2, 3, 4]) await made(events.put(inLog('a', position)));
      world.weather.set('table.torn', 1, HERE);
      const scanning = events.scan(0, 1, undefined, 2);
      world.weather.calm();
      await events.put(inLog('a', 1));
      const first = await made(scanning);
      const rest = await made(events.scan(0, 1, first.cursor, 10));
      const positions = [...first.commits, ...rest.commits].map(({ position }) => position);
      expect(positions).toEqual([...new Set(positions)]);
      expect(positions).toEqual(expect.arrayContaining([2, 3, 4]));
    }
  });
});

describe('an eventually consistent read', () => {
  const entry = anEntry({ stream: STREAM, row: 'red', totals: {} });

  it('of rows and stamps shows a table as it was up to two seconds ago, own writes included', async () => {
    const { ports, world, made, scheduler } = await aWeatheredProcess();
    const { views, sightings } = ports;
    world.weather.set('table.stale', 1, HERE);
    await made(views.apply('v', [entry], []));
    await made(sightings.record('us-west-2', '018f000000000000'));
    expect(await made(views.rows('v', 1, { limit: 10 }))).toMatchObject({ items: [] });
    expect((await made(sightings.all())).size).toBe(0);
    expect((await made(views.entries('v', [entry]))).size).toBe(1);
    await scheduler.run(2_001);
    expect(await made(views.rows('v', 1, { limit: 10 }))).toMatchObject({ items: [{ key: STREAM }] });
    expect((await made(sightings.all())).size).toBe(1);
  });

  it.each([
    ['eventual', 'table.stale'],
    ['strong', 'decisions.stale'],
  ] as const)(
    'of %s decisions may lack one of the last two seconds, and a strongly consistent read does not',
    async (decisions, fault) => {
      const { ports, world, made, scheduler } = await aWeatheredProcess({ decisions });
      world.weather.set(fault, 1, HERE);
      await made(ports.decisions.put(decision));
      const { transaction, attempt } = decision;
      expect(await made(ports.decisions.find(transaction, attempt, { read: 'local' }))).toBeUndefined();
      expect(await made(ports.decisions.attempts(transaction, 'local'))).toEqual([]);
      expect(await made(ports.decisions.find(transaction, attempt))).toEqual(decision);
      expect(await made(ports.decisions.attempts(transaction))).toEqual([decision]);
      await scheduler.run(2_000);
      expect(await made(ports.decisions.find(transaction, attempt, { read: 'local' }))).toEqual(decision);
      expect(await made(ports.decisions.attempts(transaction, 'local'))).toEqual([decision]);
    },
  );
});

describe('a write that meets another one', () => {
  it('of a transaction writes nothing, and says which stream is contended', async () => {
    const { ports, world, made, idsIn } = await aWeatheredProcess();
    world.weather.set('table.conflict', 1, HERE);
    const write = { commits: [inLog(HERE, 1)], free: [], decision };
    const inTheWay = await made(ports.events.transact(write));
    expect(inTheWay).toMatchObject({ taken: [] });
    expect([STREAM, `tx/${decision.transaction}`]).toContain(inTheWay?.contended.join());
    expect(await idsIn(HERE, STREAM)).toEqual([]);
  });

  it('of a row is not applied', async () => {
    const { ports, world, made } = await aWeatheredProcess();
    world.weather.set('table.conflict', 1, HERE);
    expect(await made(ports.views.apply('v', [], []))).toBe(false);
  });

  it('of one item is retried, and fails in the end as in the adapter, without effect', async () => {
    const { ports, world, made, idsIn } = await aWeatheredProcess();
    const { events } = ports;
    await made(events.put(intent));
    world.weather.set('table.conflict', 1, HERE);
    const failure = { code: 'unavailable', retryable: true, cause: { name: 'TransactionConflictException' } };
    await expect(made(events.finalise(intent, 'committed'))).rejects.toMatchObject(failure);
    await expect(made(events.put(inLog(HERE, 2)))).rejects.toMatchObject(failure);
    expect(await idsIn(HERE, STREAM)).toHaveLength(1);
    world.weather.set('table.conflict', 0.5, HERE);
    await made(events.finalise(intent, 'committed'));
    expect(await made(events.at(STREAM, intent.log, intent.position))).toEqual(finalOf(intent, 'committed'));
  });

  it('of a strongly consistent decision is retried in the same way, and of a replicated one never happens', async () => {
    const strong = await aWeatheredProcess({ decisions: 'strong' });
    strong.world.weather.set('decisions.write-conflict', 1, HERE);
    await expect(strong.made(strong.ports.decisions.put(decision))).rejects.toMatchObject({
      code: 'unavailable',
      retryable: true,
      cause: { name: 'ReplicatedWriteConflictException' },
    });
    expect(await strong.made(strong.ports.decisions.attempts(decision.transaction))).toEqual([]);

    const eventual = await aWeatheredProcess({ decisions: 'eventual' });
    eventual.world.weather.set('decisions.write-conflict', 1, HERE);
    expect(await eventual.made(eventual.ports.decisions.put(decision))).toBeUndefined();
  });
});
