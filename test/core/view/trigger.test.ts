import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Commit } from '../../../core/facts/commit.ts';
import { triggersOf } from '../../../core/view/trigger.ts';
import { entriesOf } from '../../../core/wire/bus-event.ts';
import { encodeKeys, parseProjectionMessage, streamsOf } from '../../../core/wire/projection.ts';
import { aCommit } from '../../contract/commits.ts';
import { shuffled } from '../log/graph.ts';

/** A message of EventBridge in the projection queue: the whole event. */
function bodiesOf(commit: Commit): readonly string[] {
  return entriesOf(commit).map(({ source, detailType, detail }) =>
    JSON.stringify({ version: '0', id: 'b', source, 'detail-type': detailType, detail: JSON.parse(detail) }),
  );
}

const meta = { correlation: 'c', causation: 'd', actor: 'e', traceparent: 'f' };
const data = fc.jsonValue({ noUnicodeString: false });

const commits: fc.Arbitrary<Commit> = fc
  .record({
    log: fc.constantFrom('us', 'eu'),
    position: fc.integer({ min: 1, max: 3 }),
    data: fc.array(data, { minLength: 1, maxLength: 12 }),
    meta: fc.constantFrom({}, meta),
    // Commits of older code have neither a digest nor a wall time.
    more: fc.constantFrom({}, { digest: 'd', wallTime: 1 }, { digest: 'd', repair: true as const }),
  })
  .map(({ log, position, data, meta, more }) => {
    const events = data.map((part) => ({ type: 'Noted', schemaVersion: 1, data: part }));
    const { digest: _digest, ...commit } = aCommit({ log, position, meta, events });
    return { ...commit, ...more };
  });

const logs = ['us', 'eu', 'us-east-1'];

function triggersFrom(bodies: readonly string[]) {
  return triggersOf(bodies.map(parseProjectionMessage), logs);
}

describe('keys', () => {
  it('name commits, and mark them as stored in the table', () => {
    const [a, b] = [aCommit({ stream: 'note/a' }), aCommit({ stream: 'note/b', log: 'eu', position: 2 })];
    const message = parseProjectionMessage(encodeKeys([a, b]));
    expect(streamsOf(message)).toEqual(['note/a', 'note/b']);
    expect(triggersOf([message], logs)).toEqual([
      { stream: 'note/a', log: 'us-east-1', position: 1, inTable: true },
      { stream: 'note/b', log: 'eu', position: 2, inTable: true },
    ]);
  });
});

describe('events of the bus', () => {
  it('are assembled into their commit, once all of them are present: in any order, some of them twice', () => {
    fc.assert(
      fc.property(
        commits.chain((commit) =>
          fc.record({ commit: fc.constant(commit), bodies: shuffled([...bodiesOf(commit), ...bodiesOf(commit)]) }),
        ),
        ({ commit, bodies }) => {
          const { stream, log, position } = commit;
          const [trigger, ...others] = triggersFrom(bodies);
          expect(others).toEqual([]);
          expect(trigger).toMatchObject({ stream, log, position, inTable: false });
          expect(JSON.stringify(trigger?.commit?.events.map(({ data }) => data))).toBe(
            JSON.stringify(commit.events.map(({ data }) => data)),
          );
          expect({ ...trigger?.commit, events: [] }).toEqual({ ...commit, events: [] });
        },
      ),
    );
  });

  it('only trigger a read as long as one of them is missing', () => {
    fc.assert(
      fc.property(commits, fc.nat(), (commit, pick) => {
        const bodies = bodiesOf(commit);
        const { stream, log, position } = commit;
        const some = bodies.toSpliced(pick % bodies.length, 1);
        expect(triggersFrom([...some, ...some])).toEqual(
          some.length > 0 ? [{ stream, log, position, inTable: false }] : [],
        );
      }),
    );
  });

  it.each([
    ['of a log that no Region writes', { log: 'mallory' }],
    ['of a log whose name every object inherits', { log: 'constructor' }],
    ['whose stamp is not a stamp', { hlc: 'zzzz' }],
    ['whose stamp is longer than a stamp', { hlc: 'f'.repeat(17) }],
  ])('only trigger a read if their commit is one %s', (_, of) => {
    const commit = aCommit({ stream: 'note/a', ...of });
    const { log, position } = commit;
    expect(triggersFrom(bodiesOf(commit))).toEqual([{ stream: 'note/a', log, position, inTable: false }]);
  });

  it.each([{ position: 0 }, { position: 2 ** 53 }, { position: 1.5 }, { previous: -1 }, { context: { us: 1e300 } }])(
    'are refused if a position in them is none: %j',
    (of) => {
      for (const body of bodiesOf(aCommit(of))) expect(() => parseProjectionMessage(body)).toThrow();
    },
  );

  it('of several commits are kept separate, and separate from keys of the same commits', () => {
    const [a, b] = [aCommit({ stream: 'note/a' }), aCommit({ stream: 'note/a', position: 2 })];
    const elsewhere = aCommit({ stream: 'note/b' });
    const bodies = [...bodiesOf(b), ...bodiesOf(elsewhere), ...bodiesOf(a), encodeKeys([a])];
    expect(triggersFrom(bodies)).toEqual([
      { stream: 'note/a', log: 'us-east-1', position: 1, inTable: true },
      expect.objectContaining({ position: 2, commit: b }),
      expect.objectContaining({ stream: 'note/b', commit: elsewhere }),
      expect.objectContaining({ position: 1, commit: a }),
    ]);
  });

  it('name their stream', () => {
    const [body = ''] = bodiesOf(aCommit({ stream: 'note/a' }));
    expect(streamsOf(parseProjectionMessage(body))).toEqual(['note/a']);
  });
});

describe('a message that has neither keys nor an event of the bus', () => {
  it.each([
    'no JSON',
    'null',
    '1',
    '{}',
    '{"keys": 1}',
    '{"keys": [{"stream": "note/a", "log": "us"}]}',
    '{"keys": [{"stream": "a", "log": "us", "position": 1}]}',
    '{"detail-type": "Noted", "detail": {"stream": "note/a", "version": 1}}',
  ])('is refused: %s', (body) => {
    expect(() => parseProjectionMessage(body)).toThrow();
  });
});
