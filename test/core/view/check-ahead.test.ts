import { describe, expect, it } from 'vitest';
import { defineDomain } from '../../../core/definition/domain.ts';
import type { Commit } from '../../../core/facts/commit.ts';
import { MeridianError } from '../../../core/facts/errors.ts';
import { AHEAD_CHECK_MS, AHEAD_ROUNDS, AHEAD_STREAMS, KEEP_COMMITS } from '../../../core/limits/budgets.ts';
import type { DelayedMessage } from '../../../core/ports/delayed-queue.ts';
import type { ViewsTable } from '../../../core/ports/views-table.ts';
import { checkAhead } from '../../../core/view/check-ahead.ts';
import type { KeptStream } from '../../../core/view/kept-streams.ts';
import { type ProjectPorts, projectTriggers } from '../../../core/view/projection.ts';
import { beginRebuild, stepRebuild } from '../../../core/view/rebuild.ts';
import { type AheadStream, parseProjectionMessage } from '../../../core/wire/projection.ts';
import { anIntent } from '../../contract/commits.ts';
import { aRegionWithViews } from './a-region-with-views.ts';
import { key, noting, payload, projectAll, put, rowsOf, viewsOf } from './projection-fixture.ts';

/** A Region that announces to a queue which entries are ahead of its table. */
function aRegionThatAnnounces() {
  const sent: DelayedMessage[] = [];
  const ahead: ProjectPorts['ahead'] = {
    send: async (messages) => {
      sent.push(...messages);
      return messages.map(() => undefined);
    },
  };
  return { ...aRegionWithViews(), ahead, sent };
}

type Announcing = ReturnType<typeof aRegionThatAnnounces>;

/** The streams of the messages sent so far, which are gone then. */
function received({ sent }: Pick<Announcing, 'sent'>): readonly (readonly AheadStream[])[] {
  return sent.splice(0).map(({ body, delay }) => {
    expect(delay).toBe(AHEAD_CHECK_MS);
    const message = parseProjectionMessage(body);
    if (!('ahead' in message)) throw new Error('This message is about something else.');
    return message.ahead;
  });
}

/** Delivers what was sent until nothing is sent any more. */
async function checkAll(us: Announcing) {
  const corrected = [];
  let rounds = 0;
  for (let messages = received(us); messages.length > 0; messages = received(us)) {
    const checked = await checkAhead(us, messages);
    expect(checked.failed).toEqual(new Map());
    corrected.push(...checked.corrected);
    rounds++;
  }
  return { corrected, rounds };
}

const eu = (position: number, of: Partial<Commit> = {}) =>
  noting(`eu ${position}`, { log: 'eu', position, commitId: `eu-${position}`, hlc: `1${position}`, ...of });
const dot = (position: number) => ({ log: 'eu', position, digest: expect.any(String) });
const own = (position: number) => noting(`us ${position}`, { position, context: { us: position - 1 } });
const inRound = (messages: readonly (readonly AheadStream[])[], round: number) =>
  messages.map((streams) => streams.map((stream) => ({ ...stream, round })));

describe('an entry that is ahead of its table', () => {
  it('is announced before it is written, once for all streams of a batch and with what the table lacks', async () => {
    const us = aRegionThatAnnounces();
    await put(us, [own(1)]);
    const [other, mine] = [eu(1, { stream: 'note/m' }), noting('in the table', { stream: 'note/t' })];
    await put(us, [mine]);
    await projectAll(us, [payload(eu(1)), payload(other), key(mine)]);
    expect(received(us)).toEqual([
      [
        { stream: 'note/n', commits: [dot(1)], round: 1 },
        { stream: 'note/m', commits: [dot(1)], round: 1 },
      ],
    ]);
    // A projector that does not remember what it has announced announces it again: the entry may have had another commit there.
    await projectAll(us, [payload(eu(1)), payload(eu(2))]);
    expect(received(us)).toEqual([[{ stream: 'note/n', commits: [dot(1), dot(2)], round: 1 }]]);
    // Nothing is new.
    await projectAll(us, [payload(eu(2)), key(own(1))]);
    expect(received(us)).toEqual([]);
  });

  it('is not written if it cannot be announced: its messages are redelivered, and other streams proceed', async () => {
    const outage = new MeridianError('unavailable', 'No queue.', { retryable: true });
    const us = aRegionThatAnnounces();
    const fine = noting('fine', { stream: 'note/fine' });
    await put(us, [fine]);
    for (const send of [() => Promise.reject(outage), async () => ['Throttled: later']]) {
      const failed = await projectTriggers({ ...us, ahead: { send } }, [payload(eu(1)), key(fine)]);
      expect([...failed.keys()]).toEqual(['note/n']);
    }
    expect(await rowsOf(us, 'latest')).toEqual({ fine: { id: 'fine', text: 'fine' } });
  });

  it('stays as it is when the table has caught up', async () => {
    const us = aRegionThatAnnounces();
    await projectAll(us, [payload(eu(1))]);
    const views = await viewsOf(us);
    await put(us, [eu(1)]);
    us.events.calls.splice(0);
    expect(await checkAll(us)).toEqual({ corrected: [], rounds: 1 });
    // One read of the commit, however long its stream is.
    expect(us.events.calls).toEqual(['at']);
    expect(await viewsOf(us)).toEqual(views);
    expect(us.runtime.metrics.get('RowCorrected')).toBeUndefined();
  });

  it('waits for a replica that is delayed for hours, and does not go back meanwhile', async () => {
    const us = aRegionThatAnnounces();
    await projectAll(us, [payload(eu(1))]);
    const views = await viewsOf(us);
    let messages = received(us);
    for (let round = 1; round < AHEAD_ROUNDS; round++) {
      expect(await checkAhead(us, messages)).toEqual({ failed: new Map(), corrected: [] });
      messages = received(us);
      expect(messages).toEqual([[{ stream: 'note/n', commits: [dot(1)], round: round + 1 }]]);
      expect(await viewsOf(us)).toEqual(views);
    }
    await put(us, [eu(1)]);
    expect(await checkAhead(us, messages)).toEqual({ failed: new Map(), corrected: [] });
    expect(received(us)).toEqual([]);
    expect(await viewsOf(us)).toEqual(views);
  });

  it('is read rarely while it waits for long', async () => {
    const us = aRegionThatAnnounces();
    await projectAll(us, [payload(eu(1))]);
    us.events.calls.splice(0);
    expect((await checkAll(us)).rounds).toBe(AHEAD_ROUNDS);
    const loadedAtTheEnd = ['at', 'load'] as const;
    expect(us.events.calls).toEqual([...Array(7).fill('at'), ...loadedAtTheEnd]);
  });

  it('is corrected in the end, totals included, and follows its table again', async () => {
    const us = aRegionThatAnnounces();
    await put(us, [own(1)]);
    await projectAll(us, [key(own(1))]);
    const before = await viewsOf(us);
    await projectAll(us, [payload(eu(1))]);
    await put(us, [own(2)]);
    await projectAll(us, [key(own(2))]);
    expect(await rowsOf(us, 'latest')).toEqual({ n: { id: 'n', text: 'eu 1' } });

    const { corrected } = await checkAll(us);
    expect(corrected).toEqual(
      ['texts', 'lengths', 'latest'].map((view) => ({
        view,
        stream: 'note/n',
        from: { us: 1, eu: 1 },
        to: { us: 2 },
      })),
    );
    expect(us.runtime.metrics.get('RowCorrected')).toBe(3);
    expect(await viewsOf(us)).toEqual({
      texts: { ...Object(before.texts), 'us 2': '1 times' },
      lengths: { all: { notes: 2, streams: 1 } },
      latest: { n: { id: 'n', text: 'us 2' } },
    });
    await put(us, [own(3)]);
    await projectAll(us, [key(own(3))]);
    expect(await rowsOf(us, 'latest')).toEqual({ n: { id: 'n', text: 'us 3' } });
  });

  it('of a stream that the table does not have is empty in the end, and contributes to no total', async () => {
    const us = aRegionThatAnnounces();
    await projectAll(us, [payload(eu(1))]);
    expect((await checkAll(us)).corrected).toHaveLength(3);
    expect(await viewsOf(us)).toEqual({ texts: {}, lengths: {}, latest: {} });
  });

  it('shows a commit that arrives after the correction', async () => {
    const us = aRegionThatAnnounces();
    await projectAll(us, [payload(eu(1))]);
    const views = await viewsOf(us);
    await checkAll(us);
    await put(us, [eu(1)]);
    await projectAll(us, [key(eu(1))]);
    expect(await viewsOf(us)).toEqual(views);
    expect(us.sent).toEqual([]);
  });

  it('is corrected as soon as the table has another commit at its position', async () => {
    const us = aRegionThatAnnounces();
    await projectAll(us, [payload(eu(1, { commitId: 'forged', ...eventOf('forged') }))]);
    await put(us, [eu(1)]);
    await projectAll(us, [key(eu(1))]);
    expect(await rowsOf(us, 'latest')).toEqual({ n: { id: 'n', text: 'forged' } });
    const { corrected, rounds } = await checkAll(us);
    expect(rounds).toBe(1);
    // The number of texts is the same.
    expect(corrected.map(({ view }) => view)).toEqual(['texts', 'latest']);
    expect(await rowsOf(us, 'latest')).toEqual({ n: { id: 'n', text: 'eu 1' } });
    expect(await rowsOf(us, 'texts')).toEqual({ 'eu 1': '1 times' });
  });

  it('waits if it has more than the table, and is corrected once the two have the same version', async () => {
    const us = aRegionThatAnnounces();
    await projectAll(us, [payload(eu(1, eventOf('forged'))), payload(eu(2))]);
    await put(us, [eu(1)]);
    expect((await checkAhead(us, received(us))).corrected).toEqual([]);
    const waiting = received(us);
    expect(waiting).toEqual([[{ stream: 'note/n', commits: [dot(2), dot(1)], round: 2 }]]);
    await put(us, [eu(2)]);
    const { corrected } = await checkAhead(us, waiting);
    expect(corrected.map(({ view }) => view)).toEqual(['texts']);
    expect(await rowsOf(us, 'texts')).toEqual({ 'eu 1': '1 times', 'eu 2': '1 times' });
    expect(us.sent).toEqual([]);
  });

  it('is announced once by a projector that keeps its stream', async () => {
    const us = { ...aRegionThatAnnounces(), keptStreams: new Map<string, KeptStream>() };
    await put(
      us,
      Array.from({ length: KEEP_COMMITS }, (_, i) => own(i + 1)),
    );
    for (const commits of [[eu(1)], [eu(1)], [eu(1), eu(2)]]) await projectAll(us, commits.map(payload));
    const announced = received(us).flatMap((streams) => streams.flatMap(({ commits }) => commits));
    expect(announced).toEqual([dot(1), dot(2)]);
  });

  it('is corrected if another projector writes another commit at a place that was announced before', async () => {
    const us = aRegionThatAnnounces();
    await projectAll(us, [payload(eu(1))]);
    await projectAll(us, [payload(eu(1, eventOf('forged'))), payload(eu(2))]);
    expect(await rowsOf(us, 'texts')).toHaveProperty('forged');
    await put(us, [eu(1), eu(2)]);
    await checkAll(us);
    expect(await rowsOf(us, 'texts')).toEqual({ 'eu 1': '1 times', 'eu 2': '1 times' });
  });

  it('is corrected although another announcement of its stream was never written', async () => {
    const us = aRegionThatAnnounces();
    await put(us, [own(1)]);
    await projectAll(us, [payload(eu(1, eventOf('forged')))]);
    const [written = []] = received(us);
    const never = [{ stream: 'note/n', commits: [{ log: 'ap', position: 1, digest: '' }], round: AHEAD_ROUNDS }];
    const { corrected } = await checkAhead(us, [...inRound([written], AHEAD_ROUNDS), never]);
    expect(corrected).toHaveLength(3);
    expect(await rowsOf(us, 'latest')).toEqual({ n: { id: 'n', text: 'us 1' } });
  });

  it('is corrected if its transaction was aborted', async () => {
    const us = aRegionThatAnnounces();
    await projectAll(us, [payload(eu(1))]);
    await put(us, [{ ...eu(1), tx: { state: 'aborted', deadline: 1 } }]);
    expect((await checkAll(us)).corrected.map(({ view }) => view)).toContain('latest');
    expect(await viewsOf(us)).toEqual({ texts: {}, lengths: { all: { notes: 0, streams: 1 } }, latest: {} });
  });

  it('is not corrected in the last round if it shows what the table gives', async () => {
    const us = aRegionThatAnnounces();
    await projectAll(us, [payload(eu(1))]);
    const messages = received(us).map((streams) =>
      streams.map((stream) => ({
        ...stream,
        commits: stream.commits.map((commit) => ({ ...commit, digest: 'other' })),
      })),
    );
    await put(us, [eu(1)]);
    expect(await checkAhead(us, inRound(messages, AHEAD_ROUNDS))).toEqual({ failed: new Map(), corrected: [] });
    expect(us.runtime.metrics.get('RowCorrected')).toBeUndefined();
  });

  it('is announced in messages of a bounded size, however many commits it is ahead by', async () => {
    const us = aRegionThatAnnounces();
    const commits = Array.from({ length: 1_234 }, (_, i) => ({ ...dot(i + 1), digest: 'd'.repeat(43) }));
    let open = 0;
    let most = 0;
    const at = async () => {
      most = Math.max(most, ++open);
      await Promise.resolve();
      open--;
      return undefined;
    };
    const messages = commits.map((commit) => [{ stream: 'note/n', commits: [commit], round: 1 }]);
    await checkAhead({ ...us, events: { ...us.events, at } }, messages);
    expect(most).toBeLessThanOrEqual(100);
    for (const { body } of us.sent) expect(body.length).toBeLessThan(100_000);
    expect(received(us).flatMap((streams) => streams.flatMap((stream) => stream.commits))).toHaveLength(1_234);
  });

  it('waits for the next round if no time is left to look its commits up', async () => {
    const us = aRegionThatAnnounces();
    const commits = Array.from({ length: 250 }, (_, i) => ({ ...dot(i + 1), digest: '' }));
    const at = async () => {
      us.runtime.advance(60);
      return undefined;
    };
    await checkAhead({ ...us, events: { ...us.events, at } }, [[{ stream: 'note/n', commits, round: AHEAD_ROUNDS }]]);
    const waiting = received(us).flatMap((streams) => streams.flatMap((stream) => stream.commits));
    expect(waiting).toHaveLength(250);
    expect(new Set(waiting.map(({ position }) => position)).size).toBe(250);
  });

  it('waits for the commits that are missing only, and for an undecided one', async () => {
    const us = aRegionThatAnnounces();
    await projectAll(us, [payload(eu(1)), payload(eu(2))]);
    const messages = received(us);
    expect(messages).toEqual([[{ stream: 'note/n', commits: [dot(1), dot(2)], round: 1 }]]);
    await put(us, [eu(1), { ...anIntent(), ...eu(2) }]);
    await checkAhead(us, messages);
    expect(received(us)).toEqual([[{ stream: 'note/n', commits: [dot(2)], round: 2 }]]);
  });

  it('is compared once for all announcements of a batch', async () => {
    const us = aRegionThatAnnounces();
    await projectAll(us, [payload(eu(1))]);
    const [message = []] = received(us);
    await checkAhead(us, [message, message]);
    expect(us.events.calls.filter((call) => call === 'at')).toHaveLength(1);
    expect(received(us)).toEqual([[{ stream: 'note/n', commits: [dot(1)], round: 2 }]]);
  });

  it('waits for the next round if its projector has no time left', async () => {
    const us = aRegionThatAnnounces();
    const streams = Array.from({ length: 11 }, (_, i) => ({
      stream: `note/${i}`,
      commits: [{ ...dot(1), digest: '' }],
      round: AHEAD_ROUNDS,
    }));
    const load: typeof us.events.load = async (stream) => {
      us.runtime.advance(2000);
      return us.table.load(stream);
    };
    await put(
      us,
      streams.map(({ stream }) => noting('here', { stream })),
    );
    await projectAll(
      us,
      streams.map(({ stream }) => payload(eu(1, { stream }))),
    );
    received(us);
    const { corrected, failed } = await checkAhead({ ...us, events: { ...us.events, load } }, [streams]);
    expect([new Set(corrected.map(({ stream }) => stream)).size, failed.size]).toEqual([10, 0]);
    expect(received(us)).toMatchObject([[{ stream: 'note/10', round: AHEAD_ROUNDS + 1 }]]);
  });

  it('is corrected once, however often and by however many projectors it is compared', async () => {
    const us = aRegionThatAnnounces();
    await put(us, [own(1)]);
    await projectAll(us, [payload(eu(1))]);
    const last = inRound(received(us), AHEAD_ROUNDS);
    const checked = await Promise.all([checkAhead(us, [...last, ...last]), checkAhead(us, last)]);
    expect(checked.flatMap(({ corrected }) => corrected)).toHaveLength(3);
    expect(await checkAhead(us, last)).toEqual({ failed: new Map(), corrected: [] });
    expect(await rowsOf(us, 'latest')).toEqual({ n: { id: 'n', text: 'us 1' } });
    expect(us.sent).toEqual([]);
  });

  it('is corrected in a generation that is being built, too', async () => {
    const us = aRegionThatAnnounces();
    await put(us, [own(1)]);
    const { build } = await beginRebuild(us, { view: 'latest', segments: 1 });
    await projectAll(us, [payload(eu(1))]);
    const { corrected } = await checkAll(us);
    expect(corrected.map(({ view }) => view)).toContain(`latest@1.${build}`);
    await stepRebuild({ ...us, events: us.table }, { view: 'latest', build, segment: 0 });
    expect(await rowsOf(us, 'latest')).toEqual({ n: { id: 'n', text: 'us 1' } });
  });

  it('is compared with the table, not with what a projector keeps in memory', async () => {
    const us = { ...aRegionThatAnnounces(), keptStreams: new Map<string, KeptStream>() };
    const first = Array.from({ length: KEEP_COMMITS }, (_, i) => own(i + 1));
    await put(us, first);
    await projectAll(us, [payload(eu(1))]);
    expect(us.keptStreams.get('note/n')?.ahead).toBeDefined();
    const last = inRound(received(us), AHEAD_ROUNDS);
    expect((await checkAhead(us, last)).corrected).toHaveLength(3);
    // A stream in memory that has nothing ahead is used.
    us.keptStreams.clear();
    await projectAll(us, [key(own(1))]);
    us.events.calls.splice(0);
    expect((await checkAhead(us, last)).corrected).toEqual([]);
    expect(us.events.calls).toEqual(['at', 'load']);
  });

  it('fails alone if its stream cannot be read or computed, and its message is not sent again', async () => {
    const us = aRegionThatAnnounces();
    const bad = eu(1, { stream: 'note/bad' });
    await projectAll(us, [payload(bad)]);
    await projectAll(us, [payload(eu(1))]);
    const [first = [], second = []] = received(us);
    const outage = new Error('The table does not respond.');
    const at: typeof us.events.at = (stream, log, position) =>
      stream === 'note/bad' ? Promise.reject(outage) : us.table.at(stream, log, position);
    const unreadable = await checkAhead({ ...us, events: { ...us.events, at } }, [first, second]);
    expect(unreadable).toEqual({ failed: new Map([['note/bad', outage]]), corrected: [] });
    expect(received(us)).toEqual([[{ stream: 'note/n', commits: [dot(1)], round: 2 }]]);

    const load = () => Promise.reject(outage);
    const unloadable = await checkAhead({ ...us, events: { ...us.events, load } }, inRound([first], AHEAD_ROUNDS));
    expect(unloadable.failed).toEqual(new Map([['note/bad', outage]]));

    await put(us, [noting('!', { stream: 'note/bad' })]);
    const faulty = await checkAhead(us, inRound([first], AHEAD_ROUNDS));
    expect(faulty.failed.get('note/bad')).toMatchObject({ message: 'The view fails on this text.' });
  });

  it('fails if other projectors always win the race, the store refuses it, or newer code is needed', async () => {
    const us = aRegionThatAnnounces();
    await projectAll(us, [payload(eu(1))]);
    const last = inRound(received(us), AHEAD_ROUNDS);
    const busy: ViewsTable = { ...us.views, apply: async () => false };
    expect((await checkAhead({ ...us, views: busy }, last)).failed.get('note/n')).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('Lost the race'),
    });
    const outage = new MeridianError('unavailable', 'Not now.', { retryable: true });
    const down: ViewsTable = { ...us.views, apply: () => Promise.reject(outage) };
    expect((await checkAhead({ ...us, views: down }, last)).failed).toEqual(new Map([['note/n', outage]]));
    const newer = [...us.domain.views.values()].map((view) => ({ ...view, codeVersion: 2 }));
    const next = { ...us, domain: defineDomain({ streams: [...us.domain.streams.values()], views: newer }) };
    for (const { name } of newer) {
      const { build } = await beginRebuild(next, { view: name, segments: 1 });
      await stepRebuild({ ...next, events: us.table }, { view: name, build, segment: 0 });
    }
    const refused = await checkAhead(us, last);
    expect(refused.failed.get('note/n')).toMatchObject({ message: expect.stringContaining('newer code') });
    expect(refused.corrected).toEqual([]);
  });

  it('fails if it has to wait, and cannot be sent again', async () => {
    const us = aRegionThatAnnounces();
    await projectAll(us, [payload(eu(1))]);
    const messages = received(us);
    const outage = new Error('No queue.');
    const { failed } = await checkAhead({ ...us, ahead: { send: () => Promise.reject(outage) } }, messages);
    expect(failed).toEqual(new Map([['note/n', outage]]));
  });

  it('is one of at most as many as a message may have', async () => {
    const us = aRegionThatAnnounces();
    const streams = Array.from({ length: AHEAD_STREAMS + 1 }, (_, i) => ({
      stream: `note/${i}`,
      commits: [{ ...dot(1), digest: '' }],
      round: 3,
    }));
    expect(await checkAhead(us, [streams, []])).toEqual({ failed: new Map(), corrected: [] });
    expect(received(us).map((streams) => streams.length)).toEqual([AHEAD_STREAMS, 1]);
  });
});

function eventOf(text: string): Pick<Commit, 'events'> {
  return { events: [{ type: 'Noted', schemaVersion: 1, data: { text } }] };
}
