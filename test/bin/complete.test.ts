import { describe, expect, it } from 'vitest';
import { COMPLETE_AFTER_MS } from '../../core/limits/budgets.ts';
import { aServedWorld, jsonLines } from './run-meridian.ts';

const { world, run, put } = aServedWorld();
const [EAST, EAST_2, WEST] = ['us-east-1', 'us-east-2', 'us-west-2'];
const SCOPE = `${EAST}/account`;
const moved = { scope: SCOPE, acting: WEST };

async function complete() {
  const { stdout, code } = await run(['complete', '--json']);
  return { code, moves: jsonLines(stdout) };
}

describe('meridian complete', () => {
  it('has nothing to do while no home has moved', async () => {
    const { stdout, code } = await run(['complete']);
    expect([stdout, code]).toEqual([
      'Nothing is to be completed: the streams of every home are written there. Those that were moved alone need no completion.\n',
      0,
    ]);
  });

  it('needs every Region to know of the move', async () => {
    await put({ stream: `account/${EAST}.ann`, id: 'a', command: 'deposit', input: { amount: 1 } });
    world.cut(EAST, WEST, ['replication']);
    const move = { from: EAST, to: WEST, type: 'account', kind: 'planned', known: {} } as const;
    await world.region(EAST).operate('move', move);
    const { stderr, code } = await run(['complete']);
    expect(stderr).toContain(`${WEST} must respond, and know of the move`);
    expect(code).toBe(1);
    world.heal(EAST, WEST);
    await world.whenIdle();
  });

  it('waits, and then until the Regions are the same', async () => {
    expect(await complete()).toEqual({ code: 1, moves: [{ moves: [{ ...moved, state: 'waits', seconds: 1020 }] }] });
    expect((await run(['complete'])).stderr).toContain('Repeat this in 17 min');
    // Time does not pass here: in the table of the Region that acts, the wait is over.
    const { placements } = world.region(WEST).tables;
    const [record] = placements.items().filter(({ region }) => region === WEST);
    const entry = record?.entries[SCOPE];
    if (!record || !entry) throw new Error('It has not started.');
    const shownAt = Date.now() - COMPLETE_AFTER_MS;
    const entries = { [SCOPE]: { ...entry, shownAt } };
    await placements.put({ ...record, revision: record.revision + 1, entries });
    // A commit of that time is in one Region only. It is not the one that acts.
    const [commit] = await world.region(EAST).load('account/us-east-1.ann');
    if (!commit) throw new Error('It was not written.');
    world.region(EAST_2).tables.events.lose(commit);
    const streams = ['account/us-east-1.ann'];
    expect(await complete()).toEqual({ code: 1, moves: [{ moves: [{ ...moved, state: 'differs', streams }] }] });
    await world.region(EAST_2).tables.events.put(commit);
    expect(await complete()).toEqual({ code: 0, moves: [{ moves: [{ ...moved, state: 'complete' }] }] });
    expect((await run(['complete'])).stdout).toContain(`account at home in ${EAST}, written in ${WEST}: complete`);
    expect((await run(['placement'])).stdout).toContain('– (complete)');
  });
});
