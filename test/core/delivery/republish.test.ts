import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { republishStep } from '../../../core/delivery/republish.ts';
import type { Commit } from '../../../core/facts/commit.ts';
import { nextStamp } from '../../../core/facts/hlc.ts';
import type { Bus } from '../../../core/ports/bus.ts';
import type { DelayedMessage } from '../../../core/ports/delayed-queue.ts';
import type { BatchAnswer } from '../../../core/ports/queue.ts';
import type { BusEntry } from '../../../core/wire/bus.ts';
import { operatorActions } from '../../../core/wire/operate.ts';
import { aCommit, anIntent } from '../../contract/commits.ts';
import { aRegion } from '../a-region.ts';

const since = '2001-01-02T00:00:00Z';
function at(hours: number): string {
  return nextStamp(Date.parse(since) + hours * 3_600_000);
}

function noting(stream: string, of: Partial<Commit> = {}): Commit {
  return aCommit({
    stream: `note/${stream}`,
    log: 'us',
    region: 'us',
    hlc: at(1),
    events: [{ type: 'Noted', schemaVersion: 1, data: { text: stream } }],
    ...of,
  });
}

function idOf({ detail }: BusEntry): string {
  return z.object({ id: z.string() }).parse(JSON.parse(detail)).id;
}

/** A Region with these commits, and a bus that keeps the ids of accepted entries. */
function aPublisher(commits: readonly Commit[], refuses: (id: string) => boolean = () => false) {
  const us = aRegion();
  for (const commit of commits) us.table.replicate(commit);
  const ids: string[] = [];
  const bus: Bus = {
    put: async (entries): Promise<BatchAnswer> =>
      entries.map((entry) => {
        if (refuses(idOf(entry))) return 'Throttled';
        ids.push(idOf(entry));
        return undefined;
      }),
  };
  const armed: DelayedMessage[] = [];
  const resolver = {
    send: async (messages: readonly DelayedMessage[]): Promise<BatchAnswer> => {
      armed.push(...messages);
      return messages.map(() => undefined);
    },
  };
  return { ...us, bus, ids, resolver, armed };
}

function step(of: Record<string, unknown> = {}) {
  return operatorActions['republish-step'].request.parse({ since, segment: 0, segments: 1, ...of });
}

/** Steps until the segment is done, or something was refused. */
async function all(ports: Parameters<typeof republishStep>[0], of: Record<string, unknown> = {}) {
  const total = { scanned: 0, published: 0, failed: 0 };
  let cursor: string | undefined;
  do {
    const answer = await republishStep(ports, step({ ...of, ...(cursor !== undefined && { cursor }) }));
    total.scanned += answer.scanned;
    total.published += answer.published;
    total.failed += answer.failed;
    cursor = answer.cursor;
  } while (cursor !== undefined && total.failed === 0);
  return { ...total, cursor };
}

describe('republish', () => {
  it('publishes the events that were written here since a time, with their original ids', async () => {
    const us = aPublisher([
      noting('old', { hlc: at(-1) }),
      noting('on-time', { hlc: at(0) }),
      noting('elsewhere', { log: 'eu', region: 'eu' }),
      noting('two', {
        position: 3,
        events: ['a', 'b'].map((text) => ({ type: 'Noted', schemaVersion: 1, data: { text } })),
      }),
      noting('empty', { events: [] }),
    ]);
    expect(await all(us)).toEqual({ scanned: 5, published: 3, failed: 0 });
    expect(us.ids.sort()).toEqual(['note/on-time@us.1.0', 'note/two@us.3.0', 'note/two@us.3.1']);
    expect(us.runtime.metrics.get('Published')).toBe(3);
  });

  it('reads every segment of the table once', async () => {
    const commits = Array.from({ length: 250 }, (_, i) => noting(`${i}`));
    const us = aPublisher(commits);
    const answers = await Promise.all([0, 1, 2].map((segment) => all(us, { segment, segments: 3 })));
    expect(answers.reduce((sum, { scanned }) => sum + scanned, 0)).toBe(250);
    expect(us.ids.sort()).toEqual(commits.map(({ stream }) => `${stream}@us.1.0`).sort());
  });

  it('only counts in a dry run', async () => {
    const us = aPublisher([noting('1'), noting('2'), noting('3', { hlc: at(-1) })]);
    expect(await all(us, { dryRun: true })).toEqual({ scanned: 3, published: 2, failed: 0 });
    expect(us.ids).toEqual([]);
  });

  it('stops before an entry that the bus refuses, and starts with that entry when it continues', async () => {
    for (const count of [50, 250]) {
      let broken = true;
      const us = aPublisher(
        Array.from({ length: count }, (_, i) => noting(`${1000 + i}`)),
        (id) => broken && id === `note/${1000 + count - 7}@us.1.0`,
      );
      const stopped = await all(us);
      expect(stopped).toMatchObject({ failed: 1, published: count - 1, cursor: expect.any(String) });
      broken = false;
      us.ids.length = 0;
      expect(await all(us)).toMatchObject({ failed: 0, published: count });
      const again = await republishStep(us, step({ cursor: stopped.cursor }));
      expect(again).toMatchObject({ failed: 0, published: 50 });
      expect(again).not.toHaveProperty('cursor');
      expect(us.ids).toContain(`note/${1000 + count - 7}@us.1.0`);
    }
  });

  it('ends a step after 10 s, and the next step continues there', async () => {
    const us = aPublisher(Array.from({ length: 250 }, (_, i) => noting(`${i}`)));
    const bus: Bus = {
      put: (entries) => {
        us.runtime.advance(600);
        return us.bus.put(entries);
      },
    };
    const first = await republishStep({ ...us, bus }, step());
    expect(first).toMatchObject({ scanned: 200, published: 200 });
    expect(await republishStep({ ...us, bus }, step({ cursor: first.cursor }))).toEqual({
      scanned: 50,
      published: 50,
      failed: 0,
    });
    expect(new Set(us.ids).size).toBe(250);
  });

  it('publishes twice if a step is repeated: consumers deduplicate by id', async () => {
    const us = aPublisher([noting('1')]);
    for (let i = 0; i < 2; i++) await republishStep(us, step());
    expect(us.ids).toEqual(['note/1@us.1.0', 'note/1@us.1.0']);
  });

  it('has the resolver check the intents that were prepared here since a time', async () => {
    const intent = (id: string, of: Partial<Commit> = {}) =>
      noting(id, {
        ...anIntent(),
        stream: `note/${id}`,
        log: 'us',
        region: 'us',
        hlc: at(1),
        commitId: 'us:a#1',
        ...of,
      });
    const us = aPublisher([
      intent('new'),
      intent('old', { hlc: at(-1) }),
      intent('foreign', { region: 'eu' }),
      noting('1'),
    ]);
    expect(await all(us)).toEqual({ scanned: 4, published: 1, failed: 0 });
    expect(us.armed.map(({ body }) => JSON.parse(body).stream)).toEqual(['note/new']);
    const deaf = { send: async (messages: readonly DelayedMessage[]) => messages.map(() => 'Throttled') };
    const stopped = await republishStep({ ...us, resolver: deaf }, step());
    expect(stopped).toEqual({ scanned: 4, published: 1, failed: 1, cursor: '' });
    expect(await republishStep({ ...us, resolver: deaf }, step({ dryRun: true }))).toEqual({
      scanned: 4,
      published: 1,
      failed: 0,
    });
  });

  it.each([
    ['an invalid time', { since: 'yesterday' }, 'since'],
    ['a time without a zone', { since: '2001-01-02T00:00:00' }, 'since'],
    ['a segment that does not exist', { segment: 3, segments: 3 }, 'segment'],
    ['no segments', { segments: 0 }, 'segments'],
    ['an unknown property', { all: true }, ''],
  ])('refuses a request with %s', (_, of, path) => {
    const { error } = operatorActions['republish-step'].request.safeParse({ since, segment: 0, segments: 3, ...of });
    expect(error?.issues.map((issue) => issue.path.join('.'))).toContain(path);
  });
});
