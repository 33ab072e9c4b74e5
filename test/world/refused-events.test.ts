import { describe, expect, it } from 'vitest';
import { operatorActions } from '../../core/index.ts';
import type { FaultyPorts } from '../../world/region/faults.ts';
import { aWorld } from './a-world.ts';

const REGION = 'us-east-1';

/** A world whose bus in us-east-1 permanently refuses events that contain `poison`, while `isStrict`. */
function aStrictWorld() {
  const bus = { isStrict: true };
  const withFaults = (_region: string, ports: FaultyPorts): FaultyPorts => ({
    ...ports,
    bus: {
      put: async (entries) => {
        const refused = entries.map(({ detail }) => bus.isStrict && detail.includes('poison'));
        const answers = await ports.bus.put(entries.filter((_, i) => !refused[i]));
        const left = [...answers];
        return refused.map((isRefused) => (isRefused ? { permanent: 'MalformedDetail: too deep' } : left.shift()));
      },
    },
  });
  const w = aWorld({ withFaults });
  const operate = async (name: 'quarantine-list' | 'quarantine-redrive' | 'republish-step', input: object) => {
    const { request, result } = operatorActions[name];
    const answer = await w.scheduler.resolve(w.world.region(REGION).operate(name, request.parse(input)));
    if ('problem' in answer) throw new Error(answer.problem.detail);
    return result.parse(answer.result);
  };
  return { ...w, bus, operate };
}

describe('an event that the bus refuses permanently', () => {
  it('blocks nothing, is in the quarantine with the reason at once, and is published by a redrive', async () => {
    const w = aStrictWorld();
    await w.write(REGION, 'bad', 'note/bad', 'poison');
    for (let i = 0; i < 150; i++) await w.write(REGION, `good-${i}`, `note/${i}`, 'fine');
    const begun = w.scheduler.now();
    await w.settle();

    expect(w.scheduler.now() - begun).toBeLessThan(60_000);
    expect([...w.heard(REGION).keys()]).toHaveLength(150);
    expect([...w.heard('us-west-2').keys()]).toHaveLength(150);
    expect(w.world.region(REGION).tableStream.failures).toEqual([]);
    // Its own row does not depend on the bus.
    expect((await w.call('us-west-2', 'GET', '/views/notes/bad')).status).toBe(200);
    expect(await w.operate('quarantine-list', {})).toMatchObject({
      messages: [{ reason: 'The bus refused it: MalformedDetail: too deep', stream: 'note/bad', detailType: 'Noted' }],
    });

    // Republishing continues after it.
    const since = new Date(0).toISOString();
    expect(await w.operate('republish-step', { since, segment: 0, segments: 1 })).toMatchObject({
      published: 150,
      refused: 1,
      failed: 0,
    });

    w.bus.isStrict = false;
    expect(await w.operate('quarantine-redrive', {})).toMatchObject({ redriven: [{}, {}], failed: [] });
    await w.settle();
    const id = `note/bad@${REGION}.1.0`;
    expect([w.heard(REGION).get(id), w.heard('us-west-2').get(id)]).toEqual([2, 2]);
    expect(await w.operate('quarantine-list', {})).toMatchObject({ messages: [] });
  });
});
