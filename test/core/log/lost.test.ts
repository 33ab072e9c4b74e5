import { describe, expect, it } from 'vitest';
import { readConflicts } from '../../../core/read/conflicts.ts';
import { readStream } from '../../../core/read/streams.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { anAppend, command } from '../a-region.ts';
import { aLinkedWorld, move, processOf, STREAM } from '../write/moves.ts';

const deposit = command('deposit', { amount: 1 });

/** `eu` has written a stream at home there, and a commit of it has not arrived in `us`, which acts now. */
async function aLostHome(kind: 'planned' | 'forced') {
  const world = aLinkedWorld();
  const { us, eu, deliver, spread } = world;
  await appendToStream(eu, anAppend({ stream: STREAM, operation: deposit }));
  await deliver();
  world.cut.add('eu');
  const { version } = await appendToStream(eu, anAppend({ stream: STREAM, operation: deposit }));
  await move(us, { acting: 'us', sources: ['eu'], kind, lost: kind === 'forced' ? ['eu'] : [] });
  await spread();
  return { ...world, version };
}

const caught = (error: unknown) => error;

describe('a version with commits that a lost Region has not sent', () => {
  it('is said to be that of a lost Region, by every read that has waited for it in vain', async () => {
    const { us, version } = await aLostHome('forced');
    for (const options of [{ atLeast: version }, { at: { version } }])
      expect(await readStream(processOf(us), STREAM, { ...options, waitMs: 10 }).catch(caught)).toMatchObject({
        code: 'not-caught-up',
        details: { lost: true },
      });
    const asked = { atLeast: version, limit: 1, waitMs: 10 };
    expect(await readConflicts(processOf(us), STREAM, asked).catch(caught)).toMatchObject({ details: { lost: true } });
  });

  it('is said to be that of a lost Region where an append expects it', async () => {
    const { us, version } = await aLostHome('forced');
    const append = anAppend({ stream: STREAM, operation: deposit, expected: version });
    expect(await appendToStream(us, append).catch(caught)).toMatchObject({
      code: 'version-conflict',
      details: { lost: true },
    });
    const older = anAppend({ stream: STREAM, operation: deposit, expected: {} });
    const { code, details } = await appendToStream(us, older).catch((error) => error);
    expect([code, details.lost]).toEqual(['version-conflict', undefined]);
  });

  it('may arrive while its Region is not taken for lost', async () => {
    const { us, version } = await aLostHome('planned');
    const { code, details } = await readStream(us, STREAM, { atLeast: version, waitMs: 10 }).catch((error) => error);
    expect([code, details.lost]).toEqual(['not-caught-up', undefined]);
  });

  it('counts as what was known before while the placement cannot be read', async () => {
    const { us, version, spread } = await aLostHome('forced');
    const fresh = processOf(us);
    await fresh.placement.reread();
    await spread();
    us.placements.records = () => Promise.reject(new Error('the table does not respond'));
    const read = (of: typeof us) => readStream(of, STREAM, { atLeast: version, waitMs: 10 }).catch((error) => error);
    expect((await read(fresh)).details.lost).toBe(true);
    const unaware = await read(processOf(us));
    expect([unaware.code, unaware.details.lost]).toEqual(['not-caught-up', undefined]);
  });

  it('is not that of a lost Region to a function that knows of no Regions', async () => {
    const { us, version } = await aLostHome('forced');
    const { regions: _regions, ...unaware } = us;
    const error = await readStream(unaware, STREAM, { atLeast: version, waitMs: 10 }).catch((error) => error);
    expect([error.code, error.details.lost]).toEqual(['not-caught-up', undefined]);
  });
});
