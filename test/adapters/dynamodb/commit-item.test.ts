import { describe, expect, test } from 'vitest';
import { fromImage, toImage } from '../../../adapters/dynamodb/commit-item.ts';
import { aCommit, anIntent } from '../../contract/commits.ts';

describe('commit item', () => {
  test('a commit is one item with these attributes', () => {
    const events = [
      { type: 'Noted', schemaVersion: 1, data: { count: -3, '': 1e308 } },
      { type: 'Cancelled', schemaVersion: 2, data: undefined },
    ];
    expect(
      structuredClone(toImage(aCommit({ position: 12, events, meta: { correlation: 'c', actor: undefined } }))),
    ).toStrictEqual({
      pk: { S: 'note/2001-01-01.red-blue.17' },
      sk: { S: 'us-east-1#0000000000000012' },
      commitId: { S: 'us-east-1-12' },
      fingerprint: { S: 'digest-of-the-request' },
      digest: { S: 'digest-of-the-events' },
      events: {
        L: [
          { M: { type: { S: 'Noted' }, schemaVersion: { N: '1' }, data: { S: '{"count":-3,"":1e+308}' } } },
          { M: { type: { S: 'Cancelled' }, schemaVersion: { N: '2' } } },
        ],
      },
      context: { M: { 'us-east-1': { N: '11' }, 'eu-west-1': { N: '7' } } },
      previous: { N: '11' },
      hlc: { S: '018f00000000000c' },
      region: { S: 'us-east-1' },
      meta: { M: { correlation: { S: 'c' } } },
    });
  });

  test('an image decodes to the commit it was made from', () => {
    expect(structuredClone(fromImage(toImage(aCommit())))).toStrictEqual(aCommit());
  });

  test('an intent is marked as an intent, and an ordinary commit is not', () => {
    const intent = anIntent({ tx: { state: 'aborted', deadline: 978_307_200_000 } });
    expect(structuredClone(toImage(intent))).toStrictEqual({
      ...structuredClone(toImage(aCommit({ commitId: intent.commitId }))),
      wallTime: { N: '978307199999' },
      tx: { M: { state: { S: 'aborted' }, deadline: { N: '978307200000' } } },
    });
    expect(structuredClone(fromImage(toImage(intent)))).toStrictEqual(intent);
    expect(toImage(aCommit())).not.toHaveProperty('tx');
  });

  test('attributes that do not belong to a commit are ignored', () => {
    expect(
      structuredClone(fromImage({ ...toImage(aCommit()), 'aws:rep:updateregion': { S: 'us-east-1' } })),
    ).toStrictEqual(aCommit());
  });

  const image = toImage(aCommit());
  test.each([
    ['nothing', undefined, 'without a key is not a commit: : Invalid input'],
    ['an item without attributes', {}, 'without a key is not a commit: pk:'],
    ['a missing attribute', { ...image, events: undefined }, 'events:'],
    ['an attribute of another type', { ...image, previous: { S: '1' } }, 'previous.N:'],
    ['a fraction where a count belongs', { ...image, previous: { N: '1.5' } }, 'previous.N:'],
    ['a sort key without a position', { ...image, sk: { S: 'us-east-1' } }, 'sk.S:'],
    ['a position that is not padded', { ...image, sk: { S: 'us-east-1#1' } }, 'sk.S:'],
    [
      'a state that an intent does not have',
      { ...image, tx: { M: { state: { S: 'done' }, deadline: { N: '1' } } } },
      'tx.M.state.S:',
    ],
    ['an intent without a deadline', { ...image, tx: { M: { state: { S: 'prepared' } } } }, 'tx.M.deadline:'],
    ['an invalid stamp', { ...image, hlc: { S: 'noon' } }, 'hlc.S:'],
    [
      'data that is not JSON',
      { ...image, events: { L: [{ M: { type: { S: 'T' }, schemaVersion: { N: '1' }, data: { S: '{' } } }] } },
      'events:',
    ],
  ])('%s is not a commit, and the error names the fault', (_, strange, why) => {
    expect(() => fromImage(strange)).toThrow(expect.objectContaining({ code: 'internal', retryable: false }));
    expect(() => fromImage(strange)).toThrow(why);
  });

  test('the error names the item', () => {
    expect(() => fromImage({ ...image, hlc: undefined })).toThrow(
      'The item note/2001-01-01.red-blue.17 us-east-1#0000000000000001 is not a commit',
    );
  });
});
