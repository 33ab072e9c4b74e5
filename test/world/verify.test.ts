import { describe, expect, it } from 'vitest';
import { operatorActions } from '../../core/index.ts';
import { domain } from '../core/operate/verify-fixture.ts';
import { aWorld } from './a-world.ts';
import { verifyWorld } from './verify-world.ts';

const regions = ['us-east-1', 'us-east-2', 'us-west-2'] as const;
const [EAST, OHIO, WEST] = regions;

function aDeployment() {
  const all = aWorld({ domain, regions, decisions: 'strong' });
  const { world, scheduler } = all;
  return {
    ...all,
    note: (region: string, stream: string, text: string) =>
      all.call(region, 'POST', `/streams/${stream}/commands/note`, { body: { text } }),
    deposit: (region: string, stream: string) =>
      all.call(region, 'POST', `/streams/${stream}/commands/deposit`, { body: { amount: 1 } }),
    verify: () => scheduler.resolve(verifyWorld(world, scheduler)),
  };
}

describe('verify', () => {
  it('reads strong streams as all Regions have them', async () => {
    const { note, settle, verify } = aDeployment();
    for (const region of regions) for (const text of ['a', 'b']) await note(region, 'tail/1', `${region} ${text}`);
    await settle();
    const { found, looked } = await verify();
    expect([found, looked.streams, looked.commits]).toEqual([[], 1, 18]);
  });

  it('finds nothing wrong with streams whose home has moved, seals included', async () => {
    const { world, scheduler, settle, deposit, verify } = aDeployment();
    const stream = `account/${EAST}.ann`;
    await deposit(EAST, stream);
    await settle();
    const asked = { from: EAST, to: OHIO, kind: 'planned', known: {} } as const;
    const answer = await scheduler.resolve(world.region(EAST).operate('move', asked));
    if ('problem' in answer) throw new Error(answer.problem.detail);
    expect(operatorActions.move.result.parse(answer.result).moved).toMatchObject({ [EAST]: { acting: OHIO } });
    await settle();
    expect((await deposit(WEST, stream)).status).toBe(200);
    await settle();
    const { found, looked } = await verify();
    // A seal of the Region that wrote it before, and two deposits, in three Regions.
    expect([found, looked.streams, looked.commits]).toEqual([[], 1, 9]);
  });

  it('finds that a Region lacks what a cut link has not brought, until it has', async () => {
    const { world, scheduler, settle, note, verify } = aDeployment();
    world.cut(EAST, OHIO);
    await note(EAST, 'note/1', 'red');
    await scheduler.run(30_000);
    const cut = await verify();
    expect(cut.found).toContainEqual(
      expect.objectContaining({
        kind: 'missing',
        region: OHIO,
        stream: 'note/1',
        log: EAST,
        position: 1,
        original: EAST,
      }),
    );
    world.healAll();
    await settle();
    expect((await verify()).found).toEqual([]);
  });
});
