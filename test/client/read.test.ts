import { describe, expect, it } from 'vitest';
import { aDeployment, regions } from './a-deployment.ts';

const [east1, east2] = regions;
const red = { type: 'Noted', data: { text: 'red' } } as const;
const blue = { type: 'Noted', data: { text: 'blue' } } as const;

describe('a read at an earlier point', () => {
  it('returns the state at a version, or at a time', async () => {
    const { client, result, scheduler } = aDeployment();
    const note = client().stream('note', 'a');
    const { version } = await result(note.append(red));
    const time = new Date(scheduler.now());
    await scheduler.run(60_000);
    await result(note.append(blue));
    for (const at of [version, time, time.toISOString()])
      expect(await result(note.read({ at }))).toMatchObject({ state: [{ text: 'red' }], version });
    expect(await result(note.read({ at: new Date(0) }))).toMatchObject({ state: [] });
    expect((await result(note.read())).state).toHaveLength(2);
  });

  it('needs at a time what the session has seen, and at a version only that version', async () => {
    const { client, result, failure, scheduler, world } = aDeployment();
    const { version } = await result(client().stream('note', 'a').append(red));
    await scheduler.run(60_000);
    world.cut(east1, east2);
    const here = client();
    await result(here.stream('note', 'a').append(blue));
    const there = client({ region: east2, regions: [east2], session: here.session }).stream('note', 'a');
    expect(await result(there.read({ at: version }))).toMatchObject({ state: [{ text: 'red' }] });
    const at = new Date(scheduler.now());
    expect(await failure(there.read({ at, waitSeconds: 0 }))).toMatchObject({ code: 'not-caught-up' });
  });

  it('is refused if it is not a point, with the reason', async () => {
    const { client, failure } = aDeployment();
    for (const at of ['', 'yesterday', new Date(Number.NaN)])
      expect(await failure(client().stream('note', 'a').read({ at }))).toMatchObject({
        code: 'validation',
        details: { faults: [{ path: 'at' }] },
      });
  });

  it('is not mistaken for the current state, which a Region of an older version returns', async () => {
    const body = { stream: 'note/a', state: [], version: 'x', mode: 'merge', region: east1 };
    const { client, failure } = aDeployment();
    const older = client({ fetch: async () => ({ status: 200, text: async () => JSON.stringify(body) }) });
    expect(await failure(older.stream('note', 'a').read({ at: 'x' }))).toMatchObject({ code: 'unexpected-answer' });
  });
});

describe('a read that waits', () => {
  it('waits as long as its option says, in each Region', async () => {
    const { client, result, failure, scheduler, world, sent } = aDeployment();
    world.cut(east1, east2);
    const here = client();
    await result(here.stream('note', 'a').append(red));
    const once = { region: east2, regions: [east2], session: here.session, retry: { tries: 1 } };
    for (const [waitSeconds, least, most] of [
      [0, 0, 500],
      [undefined, 500, 2_500],
      [10, 8_000, 10_500],
    ] as const) {
      const began = scheduler.now();
      const behind = await failure(client(once).stream('note', 'a').read({ waitSeconds }));
      expect(behind).toMatchObject({ code: 'not-caught-up' });
      const waited = scheduler.now() - began;
      expect([waited >= least, waited <= most], `${waitSeconds}: ${waited} ms`).toEqual([true, true]);
    }
    expect(new Set(sent.slice(1).map(({ region }) => region))).toEqual(new Set([east2]));
  });
});
