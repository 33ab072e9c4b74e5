import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import {
  type Domain,
  defineDomain,
  defineStream,
  MeridianError,
  nextVersion,
  type StreamDefinition,
} from '../../../core/index.ts';
import { parseTransaction } from '../../../core/wire/transaction-envelope.ts';
import { encodeVersionToken } from '../../../core/wire/version-token.ts';
import { toyDomain } from '../../../testing/toy.ts';
import { fakeRuntime } from '../../runtime.ts';
import { aRegion } from '../a-region.ts';

const withdrawal = { stream: 'account/us.1', command: 'withdraw', input: { amount: 5 } };
const gift = { stream: 'account/eu.1', events: [{ type: 'Deposited', data: { amount: 5 } }] };
const check = { stream: 'account/ap.1', expected: encodeVersionToken('account/ap.1', { ap: 3 }) };

function parse(body: unknown, of: Domain = toyDomain) {
  return parseTransaction(aRegion('us', fakeRuntime(), of), body);
}

const bare = { events: {}, initial: 0, evolve: () => 0, commands: {} };
function domainOf(stream: StreamDefinition) {
  return defineDomain({ streams: [stream], views: [] });
}

/** The paths of the faults of a body. */
function faultsOf(body: unknown, of: Domain = toyDomain): readonly string[] {
  try {
    parse(body, of);
  } catch (error) {
    if (error instanceof MeridianError && error.code === 'validation' && Array.isArray(error.details.faults))
      return error.details.faults.map(({ path }) => path);
    throw error;
  }
  throw new Error('Nothing is wrong with it.');
}

describe('parseTransaction', () => {
  it('reads commands, events and checks, with the expected versions of their streams', () => {
    const expected = encodeVersionToken('account/us.1', { us: 2 });
    const parsed = parse({
      id: 'eu:order-17',
      participants: [{ ...withdrawal, expected }, gift],
      checks: [check],
      timeoutSeconds: 5,
      meta: { actor: 'ann' },
    });
    expect(parsed).toEqual({
      id: 'eu:order-17',
      participants: [
        {
          stream: 'account/us.1',
          operation: { kind: 'command', command: 'withdraw', input: { amount: 5 } },
          expected: { us: 2 },
        },
        { stream: 'account/eu.1', operation: { kind: 'events', events: gift.events } },
        { stream: 'account/ap.1', expected: { ap: 3 } },
      ],
      fingerprint: expect.any(String),
      timeout: 5000,
      meta: { actor: 'ann' },
    });
  });

  it('generates an id for this Region if there is none, marks it as new, and sets a timeout of 30 s by default', () => {
    expect(parse({ participants: [withdrawal] })).toMatchObject({
      id: 'us:id-1',
      isNew: true,
      timeout: 30_000,
      meta: {},
    });
    expect(parse({ id: 'us:a', participants: [withdrawal] })).not.toHaveProperty('isNew');
  });

  it('distinguishes a retry from another transaction by its content, whatever the order of keys', () => {
    const digest = (of: object = {}) => parse({ id: 'us:a', participants: [withdrawal], ...of }).fingerprint;
    const { stream, command, input } = withdrawal;
    expect(digest({ participants: [{ input, command, stream }], timeoutSeconds: 7, meta: { actor: 'bob' } })).toBe(
      digest(),
    );
    expect(digest({ participants: [{ ...withdrawal, input: { amount: 6 } }] })).not.toBe(digest());
    expect(digest({ checks: [check] })).not.toBe(digest());
    expect(digest({ participants: [{ ...withdrawal, expected: encodeVersionToken(stream, {}) }] })).not.toBe(digest());
  });

  it.each([
    ['nothing', undefined, ['']],
    ['a list', [], ['']],
    ['no participants', {}, ['participants']],
    ['an empty list of participants', { participants: [] }, ['participants']],
    ['an unknown property', { participants: [withdrawal], streams: [] }, ['streams']],
    ['checks that are not a list', { participants: [withdrawal], checks: check }, ['checks']],
    ['no time', { participants: [withdrawal], timeoutSeconds: 0 }, ['timeoutSeconds']],
    ['more time than a state machine has', { participants: [withdrawal], timeoutSeconds: 241 }, ['timeoutSeconds']],
    ['a fraction of a second', { participants: [withdrawal], timeoutSeconds: 1.5 }, ['timeoutSeconds']],
    ['unknown meta', { participants: [withdrawal], meta: { who: 'ann' } }, ['meta.who']],
    ['an id that is not text', { id: 17, participants: [withdrawal] }, ['id']],
    ['an id without a Region', { id: 'order-17', participants: [withdrawal] }, ['id']],
    ['an id without a key', { id: 'us:', participants: [withdrawal] }, ['id']],
    ['an id with the form of an attempt', { id: 'us:order#1', participants: [withdrawal] }, ['id']],
    ['the id of an unknown Region', { id: 'mars:order-17', participants: [withdrawal] }, ['id']],
    ['an invalid participant', { participants: [null] }, ['participants[0]']],
    [
      'a participant with neither command nor events',
      { participants: [{ stream: 'account/us.1' }] },
      ['participants[0]'],
    ],
    [
      'a participant with both a command and events',
      { participants: [{ ...withdrawal, events: [] }] },
      ['participants[0]'],
    ],
    [
      'a participant with an empty list of events',
      { participants: [{ ...gift, events: [] }] },
      ['participants[0].events'],
    ],
    [
      '101 events',
      { participants: [{ ...gift, events: Array(101).fill(gift.events[0]) }] },
      ['participants[0].events'],
    ],
    ['an unknown event', { participants: [{ ...gift, events: [{ type: 'Lost' }] }] }, ['participants[0].events']],
    [
      'an event that violates its schema',
      { participants: [{ ...gift, events: [{ type: 'Deposited', data: { amount: 'a' } }] }] },
      ['participants[0].events[0].data.amount'],
    ],
    ['an unknown command', { participants: [{ ...withdrawal, command: 'rob' }] }, ['participants[0].command']],
    [
      'input that violates its schema',
      { participants: [{ ...withdrawal, input: {} }] },
      ['participants[0].input.amount'],
    ],
    ['an invalid stream name', { participants: [{ ...withdrawal, stream: 'us.1' }] }, ['participants[0].stream']],
    ['an unknown stream type', { participants: [{ ...withdrawal, stream: 'nothing/1' }] }, ['participants[0].stream']],
    [
      'a stream without a home',
      { participants: [{ ...withdrawal, stream: 'account/mars.1' }] },
      ['participants[0].stream'],
    ],
    [
      'a merge stream',
      { participants: [{ stream: 'note/n', events: [{ type: 'Noted', data: { text: 'a' } }] }] },
      ['participants[0].stream'],
    ],
    [
      'a merge stream by command',
      { participants: [{ stream: 'note/n', command: 'note' }] },
      ['participants[0].stream'],
    ],
    ['no version', { participants: [{ ...withdrawal, expected: 'no' }] }, ['participants[0].expected']],
    [
      "another stream's version",
      { participants: [{ ...withdrawal, expected: check.expected }] },
      ['participants[0].expected'],
    ],
    [
      'a check without a version',
      { participants: [withdrawal], checks: [{ stream: 'account/ap.1' }] },
      ['checks[0].expected'],
    ],
    [
      'a check with a command',
      { participants: [withdrawal], checks: [{ ...check, command: 'deposit' }] },
      ['checks[0].command'],
    ],
    [
      'a check of a merge stream',
      { participants: [withdrawal], checks: [{ stream: 'note/n', expected: '' }] },
      ['checks[0].stream'],
    ],
    [
      'a check with no version',
      { participants: [withdrawal], checks: [{ ...check, expected: '' }] },
      ['checks[0].expected'],
    ],
    ['a stream twice', { participants: [withdrawal, gift, withdrawal] }, ['participants[2].stream']],
    [
      'a check of a stream that it changes',
      {
        participants: [withdrawal],
        checks: [{ ...check, stream: 'account/us.1', expected: encodeVersionToken('account/us.1', {}) }],
      },
      ['checks[0].stream'],
    ],
    ['26 streams', { participants: Array(20).fill(withdrawal), checks: Array(6).fill(check) }, ['participants']],
  ])('refuses %s', (_what, body, paths) => {
    expect(faultsOf(body)).toEqual(paths);
  });

  it('reports all faults at once', () => {
    const body = {
      id: 'mars:1',
      participants: [
        { ...withdrawal, input: {} },
        { ...gift, expected: 'no' },
      ],
      checks: [{}],
    };
    expect(faultsOf(body)).toEqual([
      'id',
      'participants[0].input.amount',
      'participants[1].expected',
      'checks[0].stream',
      'checks[0].expected',
    ]);
  });

  it('reads one with an id although the domain refuses an operation, since it may be a retry of one that was valid', () => {
    const body = { participants: [{ ...withdrawal, input: {} }, gift] };
    const faults = [{ path: 'participants[0].input.amount', message: expect.any(String) }];
    const read = parse({ ...body, id: 'us:1' });
    expect(read).toMatchObject({ id: 'us:1', faults });
    expect(faultsOf(body)).toEqual(['participants[0].input.amount']);
    expect(faultsOf({ ...body, id: 'us:1', checks: [{}] })).toContain('participants[0].input.amount');
  });

  it('accepts 25 streams, and 100 events of one', () => {
    const participants = Array.from({ length: 24 }, (_, i) => ({ ...withdrawal, stream: `account/us.${i}` }));
    const many = { ...gift, events: Array(100).fill(gift.events[0]) };
    expect(parse({ participants: [...participants, many] }).participants).toHaveLength(25);
  });

  it.each([
    ['too many bytes', 'x'.repeat(200_000)],
    ['too many bytes of few characters', 'ü'.repeat(100_000)],
  ])('refuses %s as too large, whatever else is wrong with it', (_what, input) => {
    expect(() => parse({ participants: [{ ...withdrawal, input }, null] })).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    );
  });

  it.each([
    [
      'that is nested too deeply',
      JSON.parse('['.repeat(50_000) + ']'.repeat(50_000)),
      /^participants\[0\]\.input(\[0\])+/,
    ],
    ['with 501 levels', JSON.parse('['.repeat(501) + ']'.repeat(501)), /^participants\[0\]\.input(\[0\])+/],
    ['with an integer that the bus refuses', { amount: 1e20 }, /^participants\[0\]\.input\.amount: /],
    ['with half of a surrogate pair', { amount: '\ud83d' }, /^participants\[0\]\.input\.amount: /],
  ])('refuses input %s, with its path', (_what, input, message) => {
    expect(() => parse({ participants: [{ ...withdrawal, input }] })).toThrow(
      expect.objectContaining({ code: 'validation', message: expect.stringMatching(message) }),
    );
  });

  it("does not report a bug of the domain as the caller's fault", () => {
    const broken = () => {
      throw new Error('This is broken.');
    };
    const homeless = defineStream({ type: 'account', mode: 'home', home: broken, ...bare });
    expect(() => parse({ participants: [withdrawal] }, domainOf(homeless))).toThrow('This is broken.');
    const one = { schemaVersion: 1, schema: z.strictObject({ cents: z.int() }) };
    const Deposited = nextVersion(one, {
      schemaVersion: 2,
      schema: z.strictObject({ amount: z.int() }),
      upcast: broken,
    });
    const stuck = defineStream({ type: 'account', mode: 'home', home: () => 'us', ...bare, events: { Deposited } });
    const old = { ...gift, events: [{ type: 'Deposited', schemaVersion: 1, data: { cents: 500 } }] };
    expect(() => parse({ participants: [old] }, domainOf(stuck))).toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
  });
});
