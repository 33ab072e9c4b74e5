import { describe, expect, it } from 'vitest';
import { AHEAD_CHECK_MS, AHEAD_ROUNDS } from '../../core/limits/budgets.ts';
import { entriesOf } from '../../core/wire/bus-event.ts';
import { aCommit } from '../contract/commits.ts';
import { aWorld } from './a-world.ts';

const [HERE, THERE] = ['us-east-1', 'us-west-2'];

/** An event of the other Region's log, which that Region did not write, on this Region's bus. */
async function forge({ world, settle }: ReturnType<typeof aWorld>, stream: string, position: number): Promise<void> {
  const commit = aCommit({
    stream,
    log: THERE,
    region: THERE,
    position,
    context: {},
    previous: position - 1,
    events: [{ type: 'Noted', schemaVersion: 1, data: { text: 'forged' } }],
  });
  await world.region(HERE).bus.put(entriesOf(commit));
  await settle();
}

const correctedIn = ({ world }: ReturnType<typeof aWorld>) =>
  world.region(HERE).counts.metrics.get('RowCorrected') ?? 0;

describe('a row that is ahead of its table', () => {
  it('because of a forged event stands still, and after six hours is corrected and follows its table again', async () => {
    const w = aWorld();
    await w.write(HERE, 'a', 'note/n', 'mine');
    await w.settle();
    const honest = await w.rows(HERE, 'notes');
    await forge(w, 'note/n', 1);
    const forged = await w.rows(HERE, 'notes');
    expect(JSON.stringify(forged)).toContain('forged');
    expect(await w.rows(THERE, 'notes')).toEqual(honest);

    await w.write(HERE, 'b', 'note/n', 'mine too');
    await w.settle();
    expect(await w.rows(HERE, 'notes')).toEqual(forged);

    await w.scheduler.run((AHEAD_ROUNDS + 1) * AHEAD_CHECK_MS);
    expect(await w.rows(HERE, 'notes')).toEqual(await w.rows(THERE, 'notes'));
    expect(JSON.stringify(await w.rows(HERE, 'notes'))).toContain('mine too');
    expect(correctedIn(w)).toBeGreaterThan(0);

    await w.write(THERE, 'c', 'note/n', 'theirs');
    await w.settle();
    expect(await w.rows(HERE, 'notes')).toEqual(await w.rows(THERE, 'notes'));
    expect(w.world.region(HERE).projectionDeadLetters.bodies).toEqual([]);
  });

  it('because replication is hours late does not go back', async () => {
    const w = aWorld();
    const { replication } = w.world.region(THERE).linksTo(HERE);
    replication.cut();
    await w.write(THERE, 'a', 'note/n', 'theirs');
    await w.scheduler.run(1000);
    const ahead = await w.rows(HERE, 'notes');
    expect(JSON.stringify(ahead)).toContain('theirs');
    for (let hour = 0; hour < 5; hour++) {
      await w.scheduler.run(60 * 60_000);
      expect(await w.rows(HERE, 'notes')).toEqual(ahead);
    }
    replication.heal();
    await w.settle();
    await w.scheduler.run(2 * AHEAD_ROUNDS * AHEAD_CHECK_MS);
    expect(await w.rows(HERE, 'notes')).toEqual(ahead);
    expect(correctedIn(w)).toBe(0);
  });
});
