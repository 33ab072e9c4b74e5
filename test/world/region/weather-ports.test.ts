import { describe, expect, it } from 'vitest';
import { DATABASE_MS } from '../../../core/limits/budgets.ts';
import type { Fault } from '../../../world/weather.ts';
import { aCommit } from '../../contract/commits.ts';
import { aDecision } from '../../contract/decisions.ts';
import { aWeatheredProcess, HERE } from './weathered.ts';

const commit = aCommit({ stream: 'note/a', context: {} });
const unavailable = { code: 'unavailable', retryable: true };

/** A process whose every call meets a fault. */
async function aProcessIn(fault: Fault) {
  const process = await aWeatheredProcess();
  process.world.weather.set(fault, 1, HERE);
  return process;
}

describe('a call of a port', () => {
  it('is passed on as it is while no fault can happen, and its outcome is observed', async () => {
    const { ports, outcomes, scheduler, made } = await aWeatheredProcess();
    const begin = scheduler.now();
    await made(ports.events.put(commit));
    await expect(made(ports.events.finalise(commit, 'committed'))).rejects.toMatchObject({ code: 'internal' });
    expect(scheduler.now()).toBe(begin);
    expect(outcomes).toEqual(['api events.put ok', 'api events.finalise failed']);
  });

  it('that is refused fails as in the adapter, without effect', async () => {
    const { ports, made, outcomes } = await aProcessIn('port.refused');
    await expect(made(ports.events.put(commit))).rejects.toMatchObject(unavailable);
    await expect(made(ports.bus.put([]))).rejects.toMatchObject(unavailable);
    await expect(made(ports.remote.invoke('us-west-2', {}))).rejects.toMatchObject({ code: 'region-unreachable' });
    expect(outcomes).toEqual(['events.put', 'bus.put', 'remote.invoke'].map((name) => `api ${name} port.refused`));
  });

  it.each([
    { fault: 'port.refused', isStored: false },
    { fault: 'port.answer-lost', isStored: true },
  ] as const)('takes effect or not before it fails: $fault', async ({ fault, isStored }) => {
    const { ports, made, idsIn } = await aProcessIn(fault);
    await expect(made(ports.events.put(commit))).rejects.toMatchObject(unavailable);
    expect(await idsIn(HERE, commit.stream)).toHaveLength(isStored ? 1 : 0);
  });

  it('that is given up fails after its time limit, and takes effect later', async () => {
    const { ports, takes, idsIn, world, settle } = await aProcessIn('port.late-effect');
    expect(await takes(ports.events.put(commit))).toBe(DATABASE_MS);
    world.weather.calm();
    expect(await idsIn(HERE, commit.stream)).toEqual([]);
    expect(world.idle).toBe(false);
    await settle();
    expect(await idsIn(HERE, commit.stream)).toHaveLength(1);
  });

  it('of one function can fail alone', async () => {
    const { ports, made, outcomes, world } = await aWeatheredProcess();
    for (const call of ['api events.load', 'turn bus.put']) world.weather.set('port.refused', 1, HERE, call);
    await made(ports.bus.put([]));
    await expect(made(ports.events.load('note/a'))).rejects.toMatchObject(unavailable);
    expect(outcomes).toEqual(['api bus.put ok', 'api events.load port.refused']);
    expect(world.weather.mayHappen('port.refused', HERE)).toBe(true);
    for (const call of ['api events.load', 'turn bus.put']) world.weather.set('port.refused', 0, HERE, call);
    expect(world.weather.mayHappen('port.refused', HERE)).toBe(false);
    expect(world.weather.isCalm).toBe(true);
  });

  it('names the faults that can happen to it, once for each method of a process', async () => {
    const { ports, made, world } = await aWeatheredProcess();
    const possible: [method: string, faults: readonly Fault[]][] = [];
    world.onPossibleFaults = (_region, _of, method, faults) => possible.push([method, faults]);
    world.weather.set('queue.again', 1, HERE);
    for (let i = 0; i < 2; i++) await made(ports.events.load('note/a'));
    await made(ports.bus.put([]));
    const ofAny = ['port.refused', 'port.answer-lost', 'port.late-effect', 'port.slow'];
    const ofTables = ['table.unresolved', 'table.throttled', 'table.torn'];
    expect(possible).toEqual([
      ['events.load', ['process.dies', 'process.stalls', ...ofTables, ...ofAny]],
      ['bus.put', ['process.dies', 'process.stalls', ...ofAny]],
    ]);
  });

  it('that is given up after a limit of its own fails after that', async () => {
    const { ports, takes } = await aProcessIn('port.late-effect');
    expect(await takes(ports.decisions.find('us-east-1:a', 1, { within: 300 }))).toBe(300);
    expect(await takes(ports.remote.invoke('us-west-2', {}, 700))).toBe(700);
  });

  it('that is slow succeeds late', async () => {
    const { ports, takes, idsIn, outcomes } = await aProcessIn('port.slow');
    expect(await takes(ports.events.put(commit))).toBeGreaterThan(0);
    expect(await idsIn(HERE, commit.stream)).toHaveLength(1);
    expect(outcomes).toEqual(['api events.put port.slow']);
  });
});

describe('a process', () => {
  it('that dies at a call never continues, and another one takes its place', async () => {
    const { world, call, outcomes, settle } = await aProcessIn('process.dies');
    const body = { id: 'a', stream: 'note/a', events: [{ type: 'Noted', data: { text: 'red' } }] };
    await expect(call(HERE, 'POST', '/events', { body })).rejects.toThrow('ended');
    expect(outcomes.filter((outcome) => outcome.startsWith('api'))).toHaveLength(1);
    world.weather.calm();
    expect(await call(HERE, 'POST', '/events', { body })).toMatchObject({ status: 200 });
    await settle();
  });

  it('that dies may have made its call', async () => {
    const effects = new Set<number>();
    for (let seed = 1; seed <= 12; seed++) {
      const { ports, world, scheduler, idsIn } = await aWeatheredProcess({ seed });
      world.weather.set('process.dies', 1, HERE);
      let returned = false;
      void ports.events.put(commit).finally(() => {
        returned = true;
      });
      await scheduler.run(1);
      world.weather.calm();
      effects.add((await idsIn(HERE, commit.stream)).length);
      void ports.events.load(commit.stream).finally(() => {
        returned = true;
      });
      await scheduler.run(100_000);
      expect(returned).toBe(false);
    }
    expect(effects).toEqual(new Set([0, 1]));
  });

  it('that stalls makes its call seconds later, and gets no answer of another one meanwhile', async () => {
    const { ports, scheduler, world, made } = await aProcessIn('process.stalls');
    const begin = scheduler.now();
    const stalled = ports.events.put(commit);
    await scheduler.run(10);
    world.weather.calm();
    const other = ports.events.load('note/b').then(() => scheduler.now());
    await made(stalled);
    expect(scheduler.now() - begin).toBeGreaterThanOrEqual(1_000);
    expect((await made(other)) - begin).toBeGreaterThanOrEqual(1_000);
  });
});

describe('a table that is throttled', () => {
  it('refuses one stream for a while, and serves the others', async () => {
    const { ports, world, scheduler, made } = await aProcessIn('table.throttled');
    await expect(made(ports.events.put(commit))).rejects.toMatchObject({
      ...unavailable,
      cause: { name: 'ThrottlingException' },
    });
    world.weather.calm();
    world.weather.set('port.slow', Number.MIN_VALUE, HERE);
    await expect(made(ports.events.load(commit.stream))).rejects.toMatchObject(unavailable);
    expect(await made(ports.events.load('note/b'))).toEqual([]);
    await scheduler.run(10_000);
    expect(await made(ports.events.load(commit.stream))).toEqual([]);
  });
});

describe('tables that cannot be reached', () => {
  it('fail in every call for a while, of all processes of the Region, and nothing else does', async () => {
    const { ports, world, scheduler, made, call } = await aProcessIn('table.unresolved');
    await expect(made(ports.events.load('note/a'))).rejects.toMatchObject(unavailable);
    world.weather.calm();
    const calls: readonly (() => Promise<unknown>)[] = [
      () => ports.snapshots.newest('note/a', 1),
      () => ports.views.generations([]),
      () => ports.sightings.all(),
      () => ports.decisions.put(aDecision()),
    ];
    for (const failing of calls) await expect(made(failing())).rejects.toMatchObject(unavailable);
    expect(await made(ports.bus.put([]))).toEqual([]);
    expect(await call(HERE, 'GET', '/streams/note/a')).toMatchObject({ status: 503 });
    await scheduler.run(120_000);
    expect(await made(ports.events.load('note/a'))).toEqual([]);
  });
});
