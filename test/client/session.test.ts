import { describe, expect, it } from 'vitest';
import { Session } from '../../client/session.ts';
import { SESSION_STREAMS } from '../../core/limits/budgets.ts';
import { encodeVersionToken } from '../../core/wire/version-token.ts';
import { aDeployment, regions } from './a-deployment.ts';

const [east1, east2, west2] = regions;

/** A deployment in which no write of the first Region reaches the second one. */
function apart() {
  const deployment = aDeployment();
  deployment.world.cut(east1, east2);
  return deployment;
}
const red = { type: 'Noted', data: { text: 'red' } } as const;

describe('a session', () => {
  it('shows a user their own writes in a Region that does not have them: another Region responds', async () => {
    const { client, result, sent } = apart();
    const user = new Session();
    await result(client({ session: user }).stream('note', 'a').append(red));
    sent.length = 0;
    const there = client({ region: east2, regions: [east2, east1], session: user });
    expect(await result(there.stream('note', 'a').read())).toMatchObject({ region: east1, state: [{ text: 'red' }] });
    expect(sent.map(({ region }) => region)).toEqual([east2, east1]);
  });

  it('is needed for that: without a session, the Region responds without those writes', async () => {
    const { client, result } = apart();
    await result(client().stream('note', 'a').append(red));
    expect(await result(client({ region: east2 }).stream('note', 'a').read())).toMatchObject({
      region: east2,
      state: [],
    });
  });

  it('shows the conflicts of what a user has seen', async () => {
    const { client, result } = aDeployment();
    const user = new Session();
    const writes = [east1, east2].map((region) => client({ region, session: user }).stream('note', 'a').append(red));
    await result(Promise.all(writes));
    const { conflicts } = await result(
      client({ session: user }).stream('note', 'a').conflicts({ open: false, limit: 5 }),
    );
    expect(conflicts).toMatchObject([{ kind: 'concurrent', about: [{ part: 'state' }] }]);
  });

  it('lists the conflicts of all streams', async () => {
    const { client, result, settle } = aDeployment();
    const writes = [east1, east2].map((region) => client({ region }).stream('note', 'a').append(red));
    await result(Promise.all(writes));
    await settle();
    const asked = { type: 'note', open: false, from: new Date(0), to: '9000-01-01T00:00:00Z', limit: 5 };
    const { conflicts } = await result(client().conflicts(asked));
    expect(conflicts).toMatchObject([{ stream: 'note/a', kind: 'concurrent', count: 1 }]);
    const { conflicts: none } = await result(client().conflicts({ stream: 'note/b' }));
    expect(none).toEqual([]);
  });

  it('never shows an older state than before, even if the Region that showed it is unreachable', async () => {
    const { client, result, failure, fates } = apart();
    await result(client().stream('note', 'a').append(red));
    const reader = client({ regions: [east1, east2] });
    await result(reader.stream('note', 'a').read());
    fates(({ region }) => (region === east1 ? 'unreachable' : undefined));
    expect(await failure(reader.stream('note', 'a').read())).toMatchObject({ code: 'not-caught-up', region: east2 });
  });

  it('lets a user write in a Region that does not have their last write', async () => {
    const { client, result, fates } = apart();
    const user = client();
    await result(user.stream('note', 'a').append(red));
    fates(({ region }) => (region === east1 ? 'unreachable' : undefined));
    expect(await result(user.stream('note', 'a').append(red))).toMatchObject({ log: east2, position: 1 });
  });

  it('is exported as text that is valid in a URL, and continues from it in another process', async () => {
    const { client, result } = apart();
    const here = client();
    await result(here.stream('note', 'a').append(red));
    const text = here.session.export();
    expect(text).toBe(encodeURIComponent(text));
    const there = client({ region: east2, session: new Session(text) });
    expect(await result(there.stream('note', 'a').read())).toMatchObject({ state: [{ text: 'red' }] });
  });

  it.each(['', 'v1.what', 'v2', 'v1.'])('is not created from "%s"', (text) => {
    expect(() => new Session(text)).toThrow(expect.objectContaining({ code: 'invalid-session' }));
  });

  it('merges the versions that were seen in several Regions, and exports the text that it was created from', () => {
    const session = new Session();
    for (const version of [{ [east1]: 2 }, { [east2]: 1, [east1]: 1 }])
      session.saw(encodeVersionToken('note/a', version));
    expect(session.versionOf('note/a')).toBe(encodeVersionToken('note/a', { [east1]: 2, [east2]: 1 }));
    expect(new Session(session.export()).export()).toBe(session.export());
    expect(new Session(new Session().export()).export()).toBe('v1');
  });

  it('keeps the most recently used streams', () => {
    const session = new Session();
    const token = (i: number) => encodeVersionToken(`note/${i}`, { [west2]: 1 });
    for (let i = 0; i < SESSION_STREAMS; i++) session.saw(token(i));
    session.saw(token(0));
    session.saw(token(SESSION_STREAMS));
    expect(session.versionOf('note/0')).toBe(token(0));
    expect(session.versionOf('note/1')).toBeUndefined();
    expect(session.export().split('.')).toHaveLength(SESSION_STREAMS + 1);
  });

  it('leaves out versions that only newer clients read, and the calls succeed', async () => {
    const { client, result, fates } = aDeployment();
    fates(() => 'newer');
    const user = client();
    const [ann, bob] = [`account/${east1}.ann`, `account/${east1}.bob`] as const;
    expect(await result(user.stream('note', 'a').append(red))).toMatchObject({ version: 'v2.newer', position: 1 });
    expect(await result(user.stream('note', 'a').read())).toMatchObject({ state: [{ text: 'red' }] });
    const transfer = [ann, bob].map((stream) => ({ stream, command: 'deposit', input: { amount: 5 } }) as const);
    expect(await result(user.transact(transfer))).toMatchObject({ state: 'committed' });
    expect(user.session.export()).toBe('v1');
  });

  it('is separate for each user of a client', async () => {
    const { client, result } = aDeployment();
    const shared = client();
    const [ann, bob] = [new Session(), new Session()];
    await result(shared.withSession(ann).stream('note', 'a').append(red));
    expect([ann, bob, shared.session].map((session) => session.versionOf('note/a') !== undefined)).toEqual([
      true,
      false,
      false,
    ]);
  });
});
