import { describe, expect, it } from 'vitest';
import { judgeHistory } from '../../../checkers/index.ts';
import { DOMAINS } from '../../../simulator/domain.ts';
import { type Around, portsAround } from '../../../world/region/faults.ts';
import { World } from '../../../world/world.ts';
import { regions } from '../run-meridian.ts';
import { recordingOf } from './a-recording.ts';

/** A world in which calls of the ports of one Region are made in another way. */
function aWorldWith(around: Around): World {
  return new World({
    domain: DOMAINS.plain,
    regions,
    latency: false,
    withFaults: (region, ports) => (region === 'us-east-1' ? portsAround(ports, around) : ports),
  });
}

/** Names of the broken promises. */
async function brokenIn(world: World, withinMs?: number): Promise<ReadonlySet<string>> {
  const { history } = await recordingOf(world, withinMs === undefined ? {} : { withinMs });
  return new Set(judgeHistory(history).violations.map(({ property }) => property));
}

describe('a recorded history', () => {
  it('breaks no promise if the world keeps all of them, with links as on AWS and transactions that are aborted', async () => {
    const world = new World({
      domain: DOMAINS.plain,
      regions,
      decisions: 'eventual',
      latency: { replication: [50, 300] },
    });
    const { history, agree } = await recordingOf(world, { operations: 120 });
    expect([agree, judgeHistory(history).violations]).toEqual([true, []]);
    const empty = history.flatMap((line) => (line.line === 'replica' ? (line.empty ?? []) : []));
    expect(empty.length).toBeGreaterThan(0);
  });

  it('shows that an acknowledged append was not stored', async () => {
    let dropped = 0;
    const world = aWorldWith(async (call, name, args) => {
      const isNote = name === 'events.put' && JSON.stringify(args).includes('"stream":"note/');
      if (!isNote || dropped > 0) return call(args);
      dropped++;
      return undefined;
    });
    expect(await brokenIn(world, 2_000)).toContain('no lost commit');
    expect(dropped).toBe(1);
  });

  it('shows that a view never shows what was written', async () => {
    const world = aWorldWith(async (call, name, args) => (name === 'views.apply' ? true : call(args)));
    expect(await brokenIn(world, 2_000)).toContain('views equal folds');
  });
});
