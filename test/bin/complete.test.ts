import { describe, expect, it } from 'vitest';
import { COMPLETE_AFTER_MS } from '../../core/limits/budgets.ts';
import { aServedWorld, jsonLines } from './run-meridian.ts';

const { world, run, put } = aServedWorld();
const [EAST, WEST] = ['us-east-1', 'us-west-2'];
const SCOPE = `${EAST}/account`;
const moved = { scope: SCOPE, acting: WEST };

async function complete() {
  const { stdout, code } = await run(['complete', '--json']);
  return { code, moves: jsonLines(stdout) };
}

describe('meridian complete', () => {
  it('has nothing to do while no home has moved', async () => {
    const { stdout, code } = await run(['complete']);
    expect([stdout, code]).toEqual(['Every home stream is written at home.\n', 0]);
  });

  it('needs every Region to know of the move', async () => {
    await put({ stream: 'stock/0', id: 'a', command: 'take', input: 'ann' });
    world.cut(EAST, WEST, ['replication']);
    const move = { from: EAST, to: WEST, type: 'account', kind: 'planned', known: {} } as const;
    await world.region(EAST).operate('move', move);
    const { stderr, code } = await run(['complete']);
    expect(stderr).toContain(`${WEST} must respond, and know of the move`);
    expect(code).toBe(1);
    world.heal(EAST, WEST);
    await world.whenIdle();
  });

  it('waits, and then until nothing is missing in the Region that acts', async () => {
    expect(await complete()).toEqual({ code: 1, moves: [{ moves: [{ ...moved, state: 'waits', seconds: 1020 }] }] });
    expect((await run(['complete'])).stderr).toContain('Repeat this in 17 min');
    world.cut(EAST, WEST, ['replication']);
    await put({ stream: 'stock/0', id: 'b', command: 'take', input: 'ben' });
    world.region(WEST).clock.jump(COMPLETE_AFTER_MS);
    const streams = ['stock/0'];
    expect(await complete()).toEqual({ code: 1, moves: [{ moves: [{ ...moved, state: 'missing', streams }] }] });
    world.heal(EAST, WEST);
    await world.whenIdle();
    expect(await complete()).toEqual({ code: 0, moves: [{ moves: [{ ...moved, state: 'complete' }] }] });
    expect((await run(['complete'])).stdout).toContain(`account at home in ${EAST}, written in ${WEST}: complete`);
    expect((await run(['placement'])).stdout).toContain('– (complete)');
  });
});
