import { describe, expect, it } from 'vitest';
import { idOf, parseCommandEnvelope, parseEventsEnvelope, streamNameOf } from '../../../core/wire/envelope.ts';
import { isTraceparent } from '../../../core/wire/schemas.ts';
import { encodeVersionToken } from '../../../core/wire/version-token.ts';
import { toyDomain } from '../../../testing/toy.ts';

function newId() {
  return 'new-id';
}
function note(of: object = {}) {
  return { stream: 'note/n', events: [{ type: 'Noted', data: { text: 'a' } }], ...of };
}
function account(of: object = {}) {
  return {
    stream: 'account/us.1',
    events: [{ type: 'Deposited', data: { amount: 1 } }],
    ...of,
  };
}
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

function faultsOf(parse: () => unknown): unknown {
  try {
    parse();
  } catch (error) {
    expect(error).toMatchObject({ code: 'validation' });
    return Reflect.get(Object(Reflect.get(Object(error), 'details')), 'faults');
  }
  throw new Error('It was taken.');
}
function pathsOf(parse: () => unknown): unknown {
  return (faultsOf(parse) as readonly { readonly path: string }[]).map(({ path }) => path);
}

describe('an envelope of events', () => {
  it('says what to append', () => {
    const meta = { correlation: 'c', causation: 'd', actor: 'e', traceparent: TRACEPARENT };
    const envelope = note({ id: 'id', basedOn: encodeVersionToken('note/n', { us: 1 }), meta });
    expect(parseEventsEnvelope(toyDomain, envelope, newId)).toEqual({
      stream: 'note/n',
      commitId: 'id',
      operation: { kind: 'events', events: envelope.events },
      basedOn: { us: 1 },
      meta,
    });
  });

  it('is refused if it is nested too deeply, with the path, before anything recurses into it', () => {
    let deep: unknown = 'x';
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(
      pathsOf(() => parseEventsEnvelope(toyDomain, note({ events: [{ type: 'Noted', data: deep }] }), newId)),
    ).toEqual([expect.stringMatching(/^events\[0\]\.data(\[0\])+/)]);
    const command = { stream: 'account/a', command: 'deposit', input: deep };
    expect(pathsOf(() => parseCommandEnvelope(toyDomain, command, newId))).toEqual([
      expect.stringMatching(/^input(\[0\])+/),
    ]);
  });

  it('gets an id if it has none', () => {
    expect(parseEventsEnvelope(toyDomain, note(), newId)).toMatchObject({ commitId: 'new-id', meta: {} });
  });

  it('accepts `expected` for a home stream and `basedOn` for a merge stream, and not vice versa', () => {
    const token = encodeVersionToken('account/us.1', { us: 2 });
    expect(parseEventsEnvelope(toyDomain, account({ expected: token }), newId)).toMatchObject({ expected: { us: 2 } });
    expect(pathsOf(() => parseEventsEnvelope(toyDomain, account({ basedOn: token }), newId))).toEqual(['basedOn']);
    expect(pathsOf(() => parseEventsEnvelope(toyDomain, note({ expected: token }), newId))).toEqual(['expected']);
  });

  it('accepts a version of its own stream only', () => {
    const token = encodeVersionToken('account/us.2', { us: 2 });
    expect(faultsOf(() => parseEventsEnvelope(toyDomain, account({ expected: token }), newId))).toEqual([
      { path: 'expected', message: expect.stringMatching(/account\/us\.2.*not.*account\/us\.1/) },
    ]);
  });

  it('is refused if its id could be that of a repair', () => {
    expect(pathsOf(() => parseEventsEnvelope(toyDomain, note({ id: 'repair:us.2' }), newId))).toEqual(['id']);
    expect(parseEventsEnvelope(toyDomain, note({ id: 'repair:us' }), newId)).toMatchObject({ commitId: 'repair:us' });
  });

  it('is refused with the path of every fault at once, including those of its events', () => {
    const envelope = {
      stream: 'note/n',
      id: 'not ok',
      events: [{ type: 'Noted', data: { text: 1 } }],
      meta: { actor: '', pilot: 'Kim' },
      more: 1,
    };
    expect(pathsOf(() => parseEventsEnvelope(toyDomain, envelope, newId))).toEqual([
      'id',
      'meta.actor',
      'meta.pilot',
      'more',
      'events[0].data.text',
    ]);
  });

  it.each([
    ['no object', null, ['']],
    ['text', 'text', ['']],
    ['an empty object', {}, ['stream', 'events']],
    ['invalid events', note({ events: 1 }), ['events']],
    ['no event', note({ events: [] }), ['events']],
    ['an event without a type', note({ events: [{ data: 1 }] }), ['events[0].type']],
    [
      'an event with a fractional version',
      note({ events: [{ type: 'Noted', schemaVersion: 1.5 }] }),
      ['events[0].schemaVersion'],
    ],
    ['a stream of an unknown type, and another fault', note({ stream: 'nothing/x', more: 1 }), ['more']],
    ['an actor of 257 characters', note({ meta: { actor: 'x'.repeat(257) } }), ['meta.actor']],
    ['an invalid traceparent', note({ meta: { traceparent: 'x' } }), ['meta.traceparent']],
  ])('is refused if it is or has %s', (_what, envelope, paths) => {
    expect(pathsOf(() => parseEventsEnvelope(toyDomain, envelope, newId))).toEqual(paths);
  });

  it.each([
    '',
    'note',
    'note/',
    '/n',
    'Note/n',
    'note/a/b',
    'note/a b',
    'note/ä',
    'note/n\n',
    `note/${'x'.repeat(201)}`,
  ])('is refused when its stream is "%s"', (stream) => {
    expect(pathsOf(() => parseEventsEnvelope(toyDomain, note({ stream }), newId))).toEqual(['stream']);
  });

  it('is refused if its stream type is unknown', () => {
    expect(() => parseEventsEnvelope(toyDomain, note({ stream: 'nothing/x' }), newId)).toThrow(
      expect.objectContaining({ code: 'unknown-stream-type' }),
    );
  });

  it('has at most 100 events', () => {
    const events = Array.from({ length: 101 }, () => note().events[0]);
    expect(parseEventsEnvelope(toyDomain, note({ events: events.slice(1) }), newId).operation).toHaveProperty(
      'events.length',
      100,
    );
    expect(() => parseEventsEnvelope(toyDomain, note({ events }), newId)).toThrow(
      expect.objectContaining({ code: 'too-large', details: { limit: 100 } }),
    );
  });
});

describe('an envelope of a command', () => {
  it('says what to append, with an input or without', () => {
    const envelope = { id: 'id', stream: 'account/us.1', command: 'deposit', input: { amount: 1 } };
    expect(parseCommandEnvelope(toyDomain, envelope, newId)).toEqual({
      stream: 'account/us.1',
      commitId: 'id',
      operation: { kind: 'command', command: 'deposit', input: { amount: 1 } },
      meta: {},
    });
    const { input: _input, ...bare } = envelope;
    expect(parseCommandEnvelope(toyDomain, bare, newId).operation).toEqual({ kind: 'command', command: 'deposit' });
  });

  it('is refused with the path of every fault', () => {
    const envelope = { stream: 1, command: 2, events: [], input: 1 };
    expect(pathsOf(() => parseCommandEnvelope(toyDomain, envelope, newId))).toEqual(['stream', 'command', 'events']);
  });
});

describe('the id of an envelope', () => {
  it('is returned if it is usable', () => {
    expect(idOf({ id: 'a', more: 1 })).toBe('a');
    expect(idOf({ id: `!${'~'.repeat(199)}` })).toHaveLength(200);
  });

  it.each([undefined, null, 1, {}, { id: 1 }, { id: '' }, { id: 'a b' }, { id: 'é' }, { id: 'x'.repeat(201) }])(
    'is missing from %j',
    (envelope) => {
      expect(idOf(envelope)).toBeUndefined();
    },
  );
});

describe('names in a path', () => {
  it('form the name of a stream, or are refused', () => {
    expect(streamNameOf('note', 'n.~_-')).toBe('note/n.~_-');
    expect(() => streamNameOf('note', 'a/b')).toThrow(expect.objectContaining({ code: 'validation' }));
  });
});

describe('traceparent', () => {
  it('is distinguished from anything else', () => {
    expect(isTraceparent(TRACEPARENT)).toBe(true);
    expect(isTraceparent(undefined)).toBe(false);
    expect(isTraceparent(TRACEPARENT.toUpperCase())).toBe(false);
  });
});
