import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Append, Appended } from '../../../core/facts/append.ts';
import type { Commit } from '../../../core/facts/commit.ts';
import { nextStamp, wallTimeOf } from '../../../core/facts/hlc.ts';
import type { VersionVector } from '../../../core/facts/version.ts';
import { defineDomain, defineStream, MeridianError, reject } from '../../../core/index.ts';
import { IDEMPOTENCY_WINDOW } from '../../../core/limits/budgets.ts';
import { readStream } from '../../../core/read/streams.ts';
import { decodeVersionToken } from '../../../core/wire/version-token.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { account, note } from '../../../testing/toy.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, aRegion, command, inTexts, noted, replicate, watched } from '../a-region.ts';

type Region = ReturnType<typeof aRegion>;

const STREAM = 'note/n';
const ACCOUNT = 'account/us.1';
function deposit(amount: number) {
  return command('deposit', { amount });
}
function withdraw(amount: number) {
  return command('withdraw', { amount });
}

/** Another process of the same Region: the same table, nothing warm. */
function another(region: Region): Region {
  return { ...region, warm: new Map() };
}

/** Reads the stream into the Region's memory, as an append that is refused does. */
async function warmUp(region: Region, stream = STREAM): Promise<void> {
  const operation = stream === STREAM ? command('after', { text: 'a', after: 'never' }) : withdraw(1_000_000);
  await expect(appendToStream(region, anAppend({ stream, operation }))).rejects.toThrow(refusal('rejected'));
}

async function callsOf(region: Region, act: () => Promise<unknown>): Promise<readonly string[]> {
  const before = region.events.calls.length;
  await act().catch(() => undefined);
  return region.events.calls.slice(before);
}

async function stateOf(region: Region, stream = STREAM): Promise<unknown> {
  return (await readStream(region, stream)).state;
}
async function textsOf(region: Region): Promise<readonly string[]> {
  return inTexts(await stateOf(region)).texts;
}
function commitsOf(region: Region, stream = STREAM): Promise<readonly Commit[]> {
  return region.table.load(stream);
}

function refusal(code: string, of: object = {}) {
  return expect.objectContaining({ code, ...of });
}

describe('append', () => {
  it('writes one commit at the next position of the own log, on what was seen', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    await appendToStream(eu, anAppend({ operation: noted('theirs') }));
    await replicate(STREAM, eu, us);

    const first = await appendToStream(us, anAppend({ operation: noted('a', 'b'), meta: { actor: 'me' } }));
    const second = await appendToStream(us, anAppend({ operation: noted('c') }));

    expect(first).toEqual({
      stream: STREAM,
      commitId: expect.any(String),
      version: { eu: 1, us: 1 },
      dot: { log: 'us', position: 1 },
    });
    expect(second).toMatchObject({ version: { eu: 1, us: 2 }, dot: { log: 'us', position: 2 } });
    const [, one, two] = await commitsOf(us);
    expect(one).toMatchObject({
      log: 'us',
      position: 1,
      previous: 0,
      region: 'us',
      context: { eu: 1 },
      events: [
        { type: 'Noted', schemaVersion: 1, data: { text: 'a' } },
        { type: 'Noted', schemaVersion: 1, data: { text: 'b' } },
      ],
      meta: { actor: 'me' },
    });
    expect(two).toMatchObject({ position: 2, previous: 1, context: { eu: 1, us: 1 } });
  });

  it('decides a command on the state of the stream', async () => {
    const us = aRegion();
    await appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(10) }));
    await appendToStream(us, anAppend({ stream: ACCOUNT, operation: withdraw(4) }));
    expect(await stateOf(us, ACCOUNT)).toBe(6);
    await expect(appendToStream(us, anAppend({ stream: ACCOUNT, operation: withdraw(7) }))).rejects.toThrow(
      refusal('rejected', { message: 'us.1 has 6 only.', details: { balance: 6 } }),
    );
    expect(await commitsOf(us, ACCOUNT)).toHaveLength(2);
  });

  it('answers with the version that it looked at when the command decides that nothing changes', async () => {
    const us = aRegion();
    await appendToStream(us, anAppend({ operation: noted('a') }));
    const answer = await appendToStream(us, anAppend({ commitId: 'id', operation: command('once', { text: 'a' }) }));
    expect(answer).toEqual({ stream: STREAM, commitId: 'id', version: { us: 1 } });
  });

  it('gives the deciding command the id of its stream and the clock', async () => {
    const contexts: unknown[] = [];
    const input = z.unknown();
    const spying = defineStream({
      ...account,
      commands: {
        spy: {
          input,
          decide(_state, _input, context) {
            contexts.push(context);
            return [];
          },
        },
      },
    });
    const us = { ...aRegion(), domain: defineDomain({ streams: [spying], views: [] }) };
    await appendToStream(us, anAppend({ stream: ACCOUNT, operation: command('spy', 1) }));
    expect(contexts).toEqual([{ id: 'us.1', now: us.runtime.now() }]);
  });

  it('blames the domain, not the caller, for a decided event that its schema refuses', async () => {
    const careless = defineStream({
      ...account,
      commands: { lose: { input: z.number(), decide: () => [{ type: 'Deposited', data: { amount: 0.5 } }] } },
    });
    const us = { ...aRegion(), domain: defineDomain({ streams: [careless], views: [] }) };
    await expect(appendToStream(us, anAppend({ stream: ACCOUNT, operation: command('lose', 1) }))).rejects.toThrow(
      refusal('internal'),
    );
  });

  it.each([
    ['an unknown type', { stream: 'flight/x' }, 'unknown-stream-type'],
    ['an unknown event', { operation: { kind: 'events', events: [{ type: 'Vanished' }] } }, 'unknown-event'],
    ['a malformed event', { operation: { kind: 'events', events: [{ type: 'Noted' }] } }, 'validation'],
    ['an unknown command', { operation: command('vanish', {}) }, 'unknown-command'],
    ['a malformed input', { operation: command('note', {}) }, 'validation'],
    ['the home of another Region', { stream: 'account/eu.1', operation: deposit(1) }, 'misdirected'],
    ['an id that has no home', { stream: 'account/xx.1', operation: deposit(1) }, 'rejected'],
  ] as const)('refuses %s and writes nothing', async (_what, asked, code) => {
    const us = aRegion();
    await expect(appendToStream(us, anAppend(asked as Partial<Append>))).rejects.toThrow(refusal(code));
    expect(us.events.calls).not.toContain('put');
  });

  it.each([
    ['its schema has changed', { ...note.events, Noted: { schemaVersion: 2, schema: z.number() } }],
    ['its event is gone', {}],
  ] as const)('answers an append that stands although %s since', async (_what, events) => {
    const us = aRegion();
    const asked = anAppend({ operation: noted('a') });
    const first = await appendToStream(us, asked);
    const changed = defineStream({ type: 'note', mode: 'merge', events, initial: 0, evolve: (n) => n, commands: {} });
    const later = { ...us, domain: defineDomain({ streams: [changed], views: [] }) };
    expect(await appendToStream(later, asked)).toEqual(first);
    expect(await appendToStream(another(later), asked)).toEqual(first);
  });

  it('answers an append that stands without waiting for a version that it names', async () => {
    const us = aRegion();
    const asked = anAppend({ operation: noted('a') });
    const first = await appendToStream(us, asked);
    for (const region of [us, another(us)])
      expect(await appendToStream(region, { ...asked, basedOn: { eu: 7 } })).toEqual(first);
  });

  it('answers an append that stands, whatever a warm copy that lacks it expects', async () => {
    const us = aRegion();
    const stale = another(us);
    await appendToStream(stale, anAppend({ stream: ACCOUNT, operation: deposit(1) }));
    const asked = anAppend({ stream: ACCOUNT, operation: deposit(2) });
    const first = await appendToStream(us, asked);
    expect(await appendToStream(stale, { ...asked, expected: {} })).toEqual(first);
  });

  it('takes events in although evolve cannot fold the stream', async () => {
    const evolve = () => expect.fail('evolve is asked');
    const broken = defineStream({ type: 'note', mode: 'merge', events: note.events, initial: 0, evolve, commands: {} });
    const us = { ...aRegion(), domain: defineDomain({ streams: [broken], views: [] }) };
    await appendToStream(us, anAppend({ operation: noted('a') }));
    expect(await appendToStream(us, anAppend({ operation: noted('b') }))).toMatchObject({ version: { us: 2 } });
  });

  it('refuses a request that is nested too deeply to be told from another one', async () => {
    let deep: unknown = 'x';
    for (let i = 0; i < 100_000; i++) deep = [deep];
    const asked = anAppend({ operation: { kind: 'events', events: [{ type: 'Noted', data: deep }] } });
    await expect(appendToStream(aRegion(), asked)).rejects.toThrow(refusal('too-large'));
  });

  it.each([600_000, -600_000])('keeps its bounds when the wall clock jumps by %s ms', async (jump) => {
    const us = aRegion();
    await appendToStream(us, anAppend({ operation: noted('a') }));
    us.runtime.advance(1001);
    us.runtime.advance(jump);
    expect(await callsOf(us, () => appendToStream(us, anAppend({ operation: noted('b') })))).toEqual(['load', 'put']);
    const begun = us.runtime.elapsed();
    const jumping = {
      ...us.runtime,
      sleep: async (milliseconds: number) => {
        await us.runtime.sleep(milliseconds);
        us.runtime.advance(Math.min(jump, 0));
      },
    };
    await expect(appendToStream({ ...us, runtime: jumping }, anAppend({ basedOn: { eu: 9 } }))).rejects.toThrow(
      refusal('not-caught-up'),
    );
    expect(us.runtime.elapsed() - begun).toBeLessThanOrEqual(2000);
  });

  it('tells where a misdirected stream is at home', async () => {
    await expect(
      appendToStream(aRegion(), anAppend({ stream: 'account/eu.1', operation: deposit(1) })),
    ).rejects.toThrow(refusal('misdirected', { details: { home: 'eu' } }));
  });
});

describe('what an append costs', () => {
  it.each([STREAM, ACCOUNT])('is one load and one put on a cold stream, one put on a warm one: %s', async (stream) => {
    const us = aRegion();
    const operation = stream === STREAM ? noted('a') : deposit(1);
    expect(await callsOf(us, () => appendToStream(us, anAppend({ stream, operation })))).toEqual(['load', 'put']);
    expect(await callsOf(us, () => appendToStream(us, anAppend({ stream, operation })))).toEqual(['put']);
    expect(us.runtime.metrics.get('Appended')).toBe(2);
  });

  it('is the same for a command that writes', async () => {
    const us = aRegion();
    await appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(5) }));
    expect(await callsOf(us, () => appendToStream(us, anAppend({ stream: ACCOUNT, operation: withdraw(5) })))).toEqual([
      'put',
    ]);
  });

  it('is one put and one read of the own log more when the position is taken', async () => {
    const us = aRegion();
    await warmUp(us, ACCOUNT);
    await appendToStream(another(us), anAppend({ stream: ACCOUNT, operation: deposit(1) }));
    expect(await callsOf(us, () => appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(1) })))).toEqual([
      'put',
      'loadLog',
      'put',
    ]);
    expect(us.runtime.metrics.get('AppendConflict')).toBe(1);
  });
});

describe('the same append again', () => {
  const twice = anAppend({ commitId: 'id', operation: noted('once') });

  it('answers the same and writes nothing, warm or cold', async () => {
    const us = aRegion();
    const first = await appendToStream(us, twice);
    await appendToStream(us, anAppend({ operation: noted('other') }));
    expect(await callsOf(us, async () => expect(await appendToStream(us, twice)).toEqual(first))).toEqual([]);
    const cold = another(us);
    expect(await callsOf(cold, async () => expect(await appendToStream(cold, twice)).toEqual(first))).toEqual(['load']);
    expect(await textsOf(us)).toEqual(['once', 'other']);
    expect(us.runtime.metrics.get('Appended')).toBe(2);
  });

  it('is the same whatever the order of its keys', async () => {
    const us = aRegion();
    const keys = (data: object): Append => ({ ...twice, operation: command('after', data) });
    await appendToStream(us, anAppend({ operation: noted('a') }));
    const first = await appendToStream(us, keys({ text: 'b', after: 'a' }));
    expect(await appendToStream(us, keys({ after: 'a', text: 'b' }))).toEqual(first);
  });

  it('succeeds when the answer of its first put was lost', async () => {
    const us = aRegion();
    let lost = 0;
    const losing = {
      ...us,
      events: {
        ...us.events,
        put: async (commit: Commit) => {
          const taken = await us.events.put(commit);
          if (lost++ === 0) throw new MeridianError('unavailable', 'The answer was lost.', { retryable: true });
          return taken;
        },
      },
    };
    await warmUp(us);
    await expect(appendToStream(losing, twice)).rejects.toThrow(refusal('unavailable'));
    expect(await appendToStream(losing, twice)).toMatchObject({ dot: { log: 'us', position: 1 }, version: { us: 1 } });
    expect(await textsOf(us)).toEqual(['once']);
  });

  it('succeeds at the position that another process took for it, and behind others that it did not know', async () => {
    const us = aRegion();
    await warmUp(us);
    const [taken, behind] = [another(us), another(us)];
    await warmUp(behind);
    const first = await appendToStream(another(us), twice);
    await appendToStream(another(us), anAppend({ operation: noted('other') }));
    taken.warm = us.warm;
    expect(await callsOf(taken, async () => expect(await appendToStream(taken, twice)).toEqual(first))).toEqual([
      'put',
    ]);

    const late = anAppend({ operation: noted('late') });
    const second = await appendToStream(another(us), late);
    expect(await callsOf(behind, async () => expect(await appendToStream(behind, late)).toEqual(second))).toEqual([
      'put',
      'loadLog',
    ]);
    expect(await textsOf(us)).toEqual(['once', 'other', 'late']);
  });

  it('does not change its mind: a command that would now be refused answers what it did', async () => {
    const us = aRegion();
    await appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(5) }));
    const asked = anAppend({ stream: ACCOUNT, operation: withdraw(5) });
    const first = await appendToStream(us, asked);
    expect(await appendToStream(us, asked)).toEqual(first);
    expect(await appendToStream(us, { ...asked, expected: { us: 1 } })).toEqual(first);
    expect(await stateOf(us, ACCOUNT)).toBe(0);
  });

  it('in another Region answers with the first commit, once that has arrived', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    const first = await appendToStream(us, twice);
    await replicate(STREAM, us, eu);
    expect(await appendToStream(eu, twice)).toEqual(first);
    expect(await commitsOf(eu)).toHaveLength(1);
  });

  it('in another Region before that writes a copy, which no Region folds', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    await appendToStream(us, twice);
    expect(await appendToStream(eu, twice)).toMatchObject({ dot: { log: 'eu', position: 1 } });
    await replicate(STREAM, us, eu);
    await replicate(STREAM, eu, us);
    for (const region of [us, eu]) {
      expect(await textsOf(region)).toEqual(['once']);
      expect(await appendToStream(another(region), twice)).toHaveProperty('dot');
      expect(await commitsOf(region)).toHaveLength(2);
    }
  });

  it('is a new append more than 14 days after its last copy', async () => {
    const us = aRegion();
    await appendToStream(us, twice);
    us.runtime.advance(IDEMPOTENCY_WINDOW);
    expect(await appendToStream(us, twice)).toMatchObject({ dot: { position: 1 } });
    us.runtime.advance(1);
    expect(await appendToStream(us, twice)).toMatchObject({ dot: { position: 2 } });
    expect(await textsOf(us)).toEqual(['once', 'once']);
  });

  it('with other content is refused, whether its commit is known or met', async () => {
    const us = aRegion();
    const stale = another(us);
    await warmUp(stale);
    await appendToStream(us, twice);
    const other = { ...twice, operation: noted('something else') };
    const reused = refusal('id-reused', { details: { log: 'us', position: 1 } });
    await expect(appendToStream(us, other)).rejects.toThrow(reused);
    expect(await callsOf(stale, () => expect(appendToStream(stale, other)).rejects.toThrow(reused))).toEqual(['put']);
    expect(await textsOf(us)).toEqual(['once']);
  });
});

describe('expected version', () => {
  const asked = (expected: VersionVector, of: Partial<Append> = {}) =>
    anAppend({ stream: ACCOUNT, operation: deposit(1), expected, ...of });

  const withCommits = async (count: number): Promise<Region> => {
    const us = aRegion();
    for (let i = 0; i < count; i++) await appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(1) }));
    return us;
  };

  it('lets the append through when it is exactly where the stream is', async () => {
    const us = await withCommits(0);
    for (let position = 0; position < 3; position++) {
      const { version } = await appendToStream(us, asked(position === 0 ? {} : { us: position }));
      expect(version).toEqual({ us: position + 1 });
    }
  });

  it.each([0, 1])('refuses it on an older version: %i of 2', async (position) => {
    const us = await withCommits(2);
    const error = await appendToStream(us, asked(position === 0 ? {} : { us: position })).catch((error) => error);
    expect(error).toMatchObject({ code: 'version-conflict', retryable: false });
    expect(decodeVersionToken(ACCOUNT, error.details.expected, '')).toEqual(position === 0 ? {} : { us: position });
    expect(decodeVersionToken(ACCOUNT, error.details.actual, '')).toEqual({ us: 2 });
    expect(await commitsOf(us, ACCOUNT)).toHaveLength(2);
  });

  it('refuses it on a version that does not exist', async () => {
    const us = await withCommits(1);
    await expect(appendToStream(us, asked({ us: 9 }))).rejects.toThrow(refusal('version-conflict'));
    await expect(appendToStream(us, asked({ us: 1, eu: 1 }))).rejects.toThrow(refusal('version-conflict'));
  });

  it('is looked up when it is newer than what is warm', async () => {
    const us = await withCommits(1);
    const stale = another(us);
    await warmUp(stale, ACCOUNT);
    const { version } = await appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(1) }));
    expect(await appendToStream(stale, asked(version))).toMatchObject({ dot: { position: (version.us ?? 0) + 1 } });
  });

  it('refuses at once, without a pause, when somebody was faster', async () => {
    const us = await withCommits(1);
    const stale = { ...another(us), runtime: fakeRuntime() };
    await warmUp(stale, ACCOUNT);
    await appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(1) }));
    const { seen = {} } = stale.warm.get(ACCOUNT)?.history ?? {};
    expect(await appendToStream(stale, asked(seen)).catch((error) => error)).toMatchObject({
      code: 'version-conflict',
      retryable: false,
    });
    expect(stale.runtime.slept).toEqual([0]);
  });

  it('still matches behind positions without events, also ones that are met', async () => {
    const us = await withCommits(1);
    const [commit] = await commitsOf(us, ACCOUNT);
    if (!commit) throw new Error('There is a commit.');
    const empty = (position: number): Commit => ({
      ...commit,
      position,
      commitId: `empty-${position}`,
      events: [],
      previous: 1,
      context: { us: position - 1 },
      hlc: nextStamp(wallTimeOf(commit.hlc) + position),
    });
    await us.table.put(empty(2));
    await appendToStream(us, asked({ us: 1 }));
    const last = (await commitsOf(us, ACCOUNT)).at(-1);
    expect(last).toMatchObject({ position: 3, previous: 1, context: { us: 2 } });
    const cold = another(us);
    await us.table.put({ ...empty(4), previous: 3 });
    await appendToStream(cold, asked({ us: 3 }));
    expect((await commitsOf(us, ACCOUNT)).at(-1)).toMatchObject({ position: 5, previous: 3 });
  });
});

describe('the version that an append is based on', () => {
  it('becomes its context, however old it is: what came since is concurrent', async () => {
    const us = aRegion();
    const { version } = await appendToStream(us, anAppend({ operation: noted('a') }));
    await appendToStream(us, anAppend({ operation: noted('b') }));
    const answer = await appendToStream(us, anAppend({ operation: noted('c'), basedOn: version }));
    expect(answer.version).toEqual({ us: 3 });
    expect((await commitsOf(us)).at(-1)).toMatchObject({ context: { us: 1 }, previous: 2 });
    expect(inTexts(await stateOf(us))).toEqual({ texts: ['a', 'b', 'c'], unseen: [[], [], ['b']] });
  });

  it('is what a command is decided on', async () => {
    const us = aRegion();
    const { version } = await appendToStream(us, anAppend({ operation: noted('a') }));
    await appendToStream(us, anAppend({ operation: noted('b') }));
    const once = (of: Partial<Append>) =>
      appendToStream(us, anAppend({ operation: command('once', { text: 'b' }), ...of }));
    expect(await once({ basedOn: version })).toMatchObject({ dot: { position: 3 } });
    expect(await once({})).not.toHaveProperty('dot');
  });

  it('is waited for when this Region has not seen it yet', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    const { version } = await appendToStream(us, anAppend({ operation: noted('a') }));
    await warmUp(eu);
    let loads = 0;
    const arriving = {
      ...eu,
      events: watched(eu.table, async (call) => {
        if (call === 'load' && ++loads === 3) await replicate(STREAM, us, eu);
      }),
    };
    const answer = await appendToStream(
      arriving,
      anAppend({ operation: command('after', { text: 'b', after: 'a' }), basedOn: version }),
    );
    expect(answer.version).toEqual({ us: 1, eu: 1 });
    expect(eu.runtime.slept).toHaveLength(2);
  });

  it('is given up after 2 s, and says how far this Region is', async () => {
    const eu = aRegion('eu');
    await appendToStream(eu, anAppend({ operation: noted('a') }));
    const start = eu.runtime.now();
    const error = await appendToStream(eu, anAppend({ basedOn: { us: 1 } })).catch((error) => error);
    expect(error).toMatchObject({ code: 'not-caught-up', retryable: true });
    expect(decodeVersionToken(STREAM, error.details.seen, '')).toEqual({ eu: 1 });
    expect(decodeVersionToken(STREAM, error.details.wanted, '')).toEqual({ us: 1 });
    expect(eu.runtime.now() - start).toBeLessThanOrEqual(2000);
    expect(eu.runtime.now() - start).toBeGreaterThan(500);
    expect(await commitsOf(eu)).toHaveLength(1);
  });
});

describe('a warm stream', () => {
  it('serves at any age where this Region alone writes it', async () => {
    const us = aRegion();
    await appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(1) }));
    us.runtime.advance(3_600_000);
    expect(await callsOf(us, () => appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(1) })))).toEqual([
      'put',
    ]);
  });

  it.each([
    ['a merge stream', STREAM, false],
    ['a home stream that another Region has written', ACCOUNT, true],
  ])('serves for a second where others write too: %s', async (_what, stream, foreign) => {
    const us = aRegion();
    const operation = stream === STREAM ? noted('a') : deposit(1);
    if (foreign) {
      const eu = { ...aRegion('eu'), region: 'us' };
      await appendToStream(eu, anAppend({ stream, operation }));
      await replicate(stream, eu, us);
    }
    await appendToStream(us, anAppend({ stream, operation }));
    us.runtime.advance(1000);
    expect(await callsOf(us, () => appendToStream(us, anAppend({ stream, operation })))).toEqual(['put']);
    us.runtime.advance(1);
    expect(await callsOf(us, () => appendToStream(us, anAppend({ stream, operation })))).toEqual(['load', 'put']);
  });

  it('is as old as the beginning of its load', async () => {
    const us = aRegion();
    const slow = { ...us, events: watched(us.table, async (call) => call === 'load' && us.runtime.advance(600)) };
    await appendToStream(slow, anAppend());
    us.runtime.advance(500);
    await appendToStream(slow, anAppend());
    expect(slow.events.calls).toEqual(['load', 'put', 'load', 'put']);
  });

  it('that is behind never makes a command be refused', async () => {
    const us = aRegion();
    await warmUp(us, ACCOUNT);
    await appendToStream(another(us), anAppend({ stream: ACCOUNT, operation: deposit(9) }));
    expect(await appendToStream(us, anAppend({ stream: ACCOUNT, operation: withdraw(9) }))).toHaveProperty('dot');
  });

  it('that is behind never makes a command change nothing', async () => {
    const us = aRegion();
    await appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit(9) }));
    const zero = defineStream({
      ...account,
      commands: {
        empty: {
          input: z.unknown(),
          decide: (balance) => (balance === 9 ? [] : [{ type: 'Withdrawn', data: { amount: balance } }]),
        },
      },
    });
    await appendToStream(another(us), anAppend({ stream: ACCOUNT, operation: deposit(1) }));
    const emptying = { ...us, domain: defineDomain({ streams: [zero], views: [] }) };
    await appendToStream(emptying, anAppend({ stream: ACCOUNT, operation: command('empty', {}) }));
    expect(await stateOf(us, ACCOUNT)).toBe(0);
  });

  it('that is behind another Region never makes a command be refused, also once its position was taken', async () => {
    const states: string[] = [];
    const choosy = defineStream({
      ...note,
      commands: {
        choose: {
          input: z.unknown(),
          decide(entries: typeof note.initial) {
            const texts = entries.map(({ text }) => text);
            states.push(texts.join());
            if (texts.includes('b') && !texts.includes('theirs')) throw reject('Not on b alone.');
            return [{ type: 'Noted', data: { text: 'c' } }];
          },
        },
      },
    });
    const us = { ...aRegion('us'), domain: defineDomain({ streams: [choosy], views: [] }) };
    const eu = aRegion('eu');
    await appendToStream(us, anAppend({ operation: noted('a') }));
    eu.runtime.advance(1);
    // Behind in both logs: the own one has what takes the position, the other one what the command needs.
    await appendToStream(another(us), anAppend({ operation: noted('b') }));
    await appendToStream(eu, anAppend({ operation: noted('theirs') }));
    await replicate(STREAM, eu, us);
    expect(await appendToStream(us, anAppend({ operation: command('choose', {}) }))).toHaveProperty('dot');
    expect(states).toEqual(['a', 'a,b', 'a,b,theirs']);
  });

  it('is read again when who took its position knew more of other Regions', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    await appendToStream(us, anAppend({ operation: noted('a') }));
    await appendToStream(eu, anAppend({ operation: noted('theirs') }));
    await replicate(STREAM, eu, us);
    await appendToStream(another(us), anAppend({ operation: noted('b') }));
    const calls = await callsOf(us, () => appendToStream(us, anAppend({ operation: noted('c') })));
    expect(calls).toEqual(['put', 'loadLog', 'load', 'put']);
    expect((await commitsOf(us)).at(-1)).toMatchObject({ position: 3, context: { us: 2, eu: 1 } });
    expect(inTexts(await stateOf(us)).unseen.at(-1)).toEqual([]);
  });

  it('reports what is in the table and cannot be seen yet', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    for (const text of ['a', 'b', 'c']) await appendToStream(us, anAppend({ operation: noted(text) }));
    for (const commit of (await commitsOf(us)).slice(1)) eu.table.replicate(commit);
    await appendToStream(eu, anAppend({ operation: noted('d') }));
    expect(eu.runtime.metrics.get('HiddenCommits')).toBe(2);
    expect((await commitsOf(eu)).at(0)).toMatchObject({ log: 'eu', context: {} });
  });
});

describe('contention', () => {
  it('lets every writer through, at positions without a gap', async () => {
    const us = aRegion();
    const writers = Array.from({ length: 8 }, (_, i) => ({ ...another(us), runtime: fakeRuntime(undefined, i) }));
    const answers = await Promise.all(
      writers.flatMap((writer) => {
        const one = async (): Promise<Appended[]> => {
          const done: Appended[] = [];
          for (let i = 0; i < 5; i++)
            done.push(await appendToStream(writer, anAppend({ stream: ACCOUNT, operation: deposit(1) })));
          return done;
        };
        return one();
      }),
    );
    const positions = answers.flat().map(({ dot }) => dot?.position);
    expect(positions.sort((a = 0, b = 0) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(await stateOf(us, ACCOUNT)).toBe(40);
  });

  it('gives up after 10 s, and says that the same again is worth a try', async () => {
    const us = aRegion();
    const start = us.runtime.now();
    const busy = {
      ...us,
      events: watched(us.table, async (call) => {
        if (call === 'put') await appendToStream(another(us), anAppend({ stream: ACCOUNT, operation: deposit(1) }));
      }),
    };
    const error = await appendToStream(busy, anAppend({ stream: ACCOUNT, operation: deposit(100) })).catch(
      (error) => error,
    );
    expect(error).toMatchObject({ code: 'version-conflict', retryable: true });
    const [others, actual] = [await stateOf(us, ACCOUNT), decodeVersionToken(ACCOUNT, error.details.actual, '')];
    expect(actual).toEqual({ us: others });
    expect(us.runtime.now() - start).toBeLessThanOrEqual(10_000);
    expect(us.runtime.now() - start).toBeGreaterThan(8000);
    expect(Math.max(...us.runtime.slept)).toBeLessThanOrEqual(1000);
  });

  it('never lets one process disturb itself: appends side by side on one warm stream all land', async () => {
    const us = aRegion();
    await warmUp(us);
    const texts = Array.from({ length: 10 }, (_, i) => `${i}`);
    await Promise.all(texts.map((text) => appendToStream(us, anAppend({ operation: noted(text) }))));
    expect(await textsOf(us)).toHaveLength(10);
    expect(await textsOf(us)).toEqual(expect.arrayContaining(texts));
  });
});

describe('the stamp of a commit', () => {
  it('is above every stamp that was loaded, also above one of a clock that is far ahead, which is reported', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu', fakeRuntime())];
    eu.runtime.advance(24 * 3_600_000);
    await appendToStream(eu, anAppend({ operation: noted('ahead') }));
    await replicate(STREAM, eu, us);
    await appendToStream(us, anAppend({ operation: noted('behind') }));
    const [theirs, ours] = await commitsOf(us);
    expect(ours?.hlc).toBe(nextStamp(0, theirs?.hlc));
    expect(us.runtime.metrics.get('ClockAhead')).toBe(24 * 3_600_000);
    expect(await textsOf(us)).toEqual(['ahead', 'behind']);
  });

  it('is above that of a hidden commit too', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu', fakeRuntime())];
    eu.runtime.advance(1000);
    for (const text of ['a', 'b']) await appendToStream(eu, anAppend({ operation: noted(text) }));
    const hidden = (await commitsOf(eu))[1];
    if (hidden) us.table.replicate(hidden);
    await appendToStream(us, anAppend());
    expect((await commitsOf(us)).at(-1)?.hlc).toBe(nextStamp(0, hidden?.hlc));
  });

  it.each([
    [500, undefined],
    [501, 501],
  ])('says nothing of a clock up to 500 ms ahead: %i', async (ahead, reported) => {
    const us = aRegion();
    us.runtime.advance(ahead);
    await appendToStream(us, anAppend());
    us.runtime.advance(-ahead);
    await appendToStream(another(us), anAppend());
    expect(us.runtime.metrics.get('ClockAhead')).toBe(reported);
  });
});

describe('the size of a commit', () => {
  const LIMIT = 256_000;
  const bytesOf = (commit: unknown): number => Buffer.byteLength(JSON.stringify(commit));

  it.each([
    ['ASCII', 'x'],
    ['text of two bytes a character', 'é'],
    ['text of three bytes a character', '語'],
    ['text of four bytes in two UTF-16 units', '😀'],
    ['characters that JSON escapes', '"'],
  ])('is at most 256,000 bytes as JSON, to the byte: %s', async (_what, character) => {
    const [probe, us] = [aRegion(), aRegion()];
    const asked = (text: string) => anAppend({ commitId: 'id', operation: noted(text) });
    await appendToStream(probe, asked(''));
    const room = LIMIT - bytesOf((await commitsOf(probe))[0]);
    const size = bytesOf(character) - 2;
    const full = character.repeat(Math.floor(room / size)) + 'x'.repeat(room % size);
    await expect(appendToStream(us, asked(`${full}x`))).rejects.toThrow(
      refusal('too-large', { details: { bytes: LIMIT + 1, limit: LIMIT } }),
    );
    expect(await commitsOf(us)).toEqual([]);
    await appendToStream(us, asked(full));
    expect(bytesOf((await commitsOf(us))[0])).toBe(LIMIT);
  });
});

describe('what a schema puts out', () => {
  it('is the same from a warm and from a cold stream, also when it is not JSON', async () => {
    const dates = defineStream({
      ...note,
      events: { Dated: { schemaVersion: 1, schema: z.strictObject({ at: z.coerce.date() }) } },
      initial: [] as readonly string[],
      evolve: (seen, { data }) => [...seen, String(data.at)],
      commands: {},
    });
    const us = { ...aRegion(), domain: defineDomain({ streams: [dates], views: [] }) };
    const dated = { kind: 'events', events: [{ type: 'Dated', data: { at: 0 } }] } as const;
    await appendToStream(us, anAppend({ operation: dated }));
    await appendToStream(us, anAppend({ operation: dated }));
    const warm = us.warm.get(STREAM)?.history.state;
    expect(warm).toEqual(await stateOf(us));
    expect(warm).toEqual(['1970-01-01T00:00:00.000Z', '1970-01-01T00:00:00.000Z']);
    expect((await commitsOf(us))[0]?.events).toEqual([
      { type: 'Dated', schemaVersion: 1, data: { at: '1970-01-01T00:00:00.000Z' } },
    ]);
  });
});

describe('appends in any Regions, in any order, some twice and some unanswered', () => {
  const step = fc.record({
    region: fc.constantFrom('us', 'eu', 'ap'),
    id: fc.nat(9),
    action: fc.constantFrom('append', 'append', 'lost', 'replicate', 'restart', 'wait'),
    to: fc.constantFrom('us', 'eu', 'ap'),
  });

  it('are all there once, in the same state everywhere', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const regions = new Map(['us', 'eu', 'ap'].map((name) => [name, aRegion(name)]));
        const at = (name: string): Region => regions.get(name) ?? aRegion(name);
        const asked = new Set<string>();
        for (const { region: name, id, action, to } of steps) {
          const region = at(name);
          const text = `text-${id}`;
          const losing = {
            ...region,
            events: {
              ...region.events,
              put: async (commit: Commit) => {
                const taken = await region.events.put(commit);
                if (taken) return taken;
                throw new MeridianError('unavailable', 'The answer was lost.', { retryable: true });
              },
            },
          };
          if (action === 'append' || action === 'lost') {
            asked.add(text);
            const ports = action === 'lost' ? losing : region;
            await appendToStream(ports, anAppend({ commitId: `id-${id}`, operation: noted(text) })).catch((error) =>
              expect(error).toMatchObject({ code: 'unavailable' }),
            );
          } else if (action === 'replicate') await replicate(STREAM, region, at(to));
          else if (action === 'restart') region.warm.clear();
          else region.runtime.advance(2000);
        }
        for (const from of regions.values()) for (const to of regions.values()) await replicate(STREAM, from, to);
        const [first, ...others] = await Promise.all([...regions.values()].map((region) => stateOf(region)));
        for (const other of others) expect(other).toEqual(first);
        expect(inTexts(first).texts.toSorted()).toEqual([...asked].sort());
      }),
      { numRuns: 100 },
    );
  });
});
