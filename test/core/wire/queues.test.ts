import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCarriedText } from '../../../core/facts/carried.ts';
import { encodeAhead, encodeKeys, parseProjectionMessage, streamsOf } from '../../../core/wire/projection.ts';
import { encodeQuarantined, parseQuarantined } from '../../../core/wire/quarantine.ts';
import { encodeResolverMessage, parseResolverMessage, type ResolverMessage } from '../../../core/wire/resolver.ts';
import { aCommit } from '../../contract/commits.ts';

describe('a message to the resolver', () => {
  it.each<ResolverMessage>([
    { kind: 'intent', stream: 'stock/17', log: 'us', position: 3, attemptId: 'us:order-1#2' },
    { kind: 'attempt', transaction: 'us:order-1', attempt: 3, fingerprint: 'digest' },
  ])('is decoded as encoded: %j', (message) => {
    expect(parseResolverMessage(encodeResolverMessage(message))).toEqual(message);
  });

  it.each([
    '{',
    'null',
    '{"kind":"other"}',
    '{"kind":"intent","stream":"stock/17"}',
    '{"kind":"intent","stream":"no name","log":"us","position":1,"attemptId":"a#1"}',
    '{"kind":"attempt","transaction":"us:order-1"}',
  ])('is not read from %s', (body) => {
    expect(() => parseResolverMessage(body)).toThrow();
  });
});

describe('a message to the projection', () => {
  it('names commits by their keys', () => {
    const commits = [aCommit({ stream: 'note/a', position: 1 }), aCommit({ stream: 'note/b', position: 2 })];
    const message = parseProjectionMessage(encodeKeys(commits));
    expect(message).toEqual({ keys: commits.map(({ stream, log, position }) => ({ stream, log, position })) });
    expect(streamsOf(message)).toEqual(['note/a', 'note/b']);
  });

  it('names streams that are ahead of the table, by what it lacks', () => {
    const ahead = [{ stream: 'note/a', commits: [{ log: 'us', position: 3, digest: 'd' }], round: 1 }];
    const message = parseProjectionMessage(encodeAhead(ahead));
    expect(message).toEqual({ ahead });
    expect(streamsOf(message)).toEqual(['note/a']);
  });

  it.each([
    '{',
    'null',
    '{"keys":[{"stream":"note/a"}]}',
    '{"ahead":[{"stream":"note/a","commits":[]}]}',
    '{"ahead":[{"stream":"note/a","commits":[],"round":0}]}',
    '{"ahead":[{"stream":"note/a","commits":[{"log":"us","position":3}],"round":1}]}',
    '{"detail":{}}',
  ])('is not read from %s', (body) => {
    expect(() => parseProjectionMessage(body)).toThrow();
  });
});

describe('a message of the quarantine', () => {
  it('preserves any text exactly, with the reason', () => {
    for (const body of ['\ufffe\uffff', '\\\uffff', '\\uffff', '\ud83d']) {
      const kept = encodeQuarantined({ reason: '\uffff', body });
      expect([parseQuarantined(kept), isCarriedText(kept)]).toEqual([{ reason: '\uffff', body }, true]);
    }
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (body, reason) => {
        const kept = encodeQuarantined({ reason, body });
        expect(parseQuarantined(kept)).toEqual({ reason, body });
        expect(isCarriedText(kept), 'SQS accepts it').toBe(true);
      }),
    );
  });

  it('preserves an entry that the bus refused, in characters that SQS accepts', () => {
    const entry = { source: 'meridian.note', detailType: 'Noted', detail: '{"data":"\uFFFE \uFFFF"}' };
    const kept = encodeQuarantined({ reason: 'The bus refused it.', entry });
    expect(kept).not.toMatch(/[\uFFFE\uFFFF]/);
    expect(parseQuarantined(kept)).toEqual({ reason: 'The bus refused it.', entry });
  });

  it.each(['{', 'null', '{"body":"a"}', '{"reason":"r","body":"b","more":1}'])(
    'is distinguished from a message that SQS moved to the quarantine unchanged: %s',
    (kept) => {
      expect(parseQuarantined(kept)).toBeUndefined();
    },
  );
});
