import { describe, expect, it } from 'vitest';
import { entriesOf, eventBodySchema, parseSubscribedEvent, publishedSchema } from '../../../core/wire/bus-event.ts';
import { aCommit } from '../../contract/commits.ts';

const meta = { correlation: 'c', causation: 'a', actor: 'x'.repeat(1000), traceparent: 'none' };
const events = [
  { type: 'Noted', schemaVersion: 2, data: { text: 'red' } },
  { type: 'Cancelled', schemaVersion: 1, data: undefined },
];

/** The bodies of a commit's events, as received by a rule's target. */
function bodiesOf(of: Parameters<typeof aCommit>[0] = {}): readonly string[] {
  return entriesOf(aCommit({ stream: 'note/17', events, ...of })).map(({ detailType, detail }) =>
    JSON.stringify({ source: 'any', 'detail-type': detailType, detail: JSON.parse(detail) }),
  );
}

describe('an event on the bus', () => {
  it('is decoded as encoded, even with meta that callers may no longer send', () => {
    const commit = aCommit({ stream: 'note/17', events, meta });
    const read = bodiesOf({ meta }).map((body) => parseSubscribedEvent(JSON.parse(body)));
    expect(read.map(({ type, schemaVersion, data }) => ({ type, schemaVersion, data }))).toEqual(events);
    const { log, position, region, previous, context, hlc, commitId, fingerprint, digest } = commit;
    const place = { log, position, region, previous, context, hlc, commitId, fingerprint, digest };
    expect(read.map((event) => event.meta)).toEqual([0, 1].map((index) => ({ ...meta, ...place, index, count: 2 })));
  });

  it('matches its public schema', () => {
    const [detail] = bodiesOf({ meta: { actor: 'ann' } }).map((body) => JSON.parse(body).detail);
    expect(publishedSchema.parse(detail)).toEqual(detail);
  });

  it('may have further members from newer code, which are ignored', () => {
    const [body = ''] = bodiesOf();
    const { detail, ...rest } = JSON.parse(body);
    const newer = { ...rest, detail: { ...detail, size: 1, meta: { ...detail.meta, size: 1 } } };
    expect(parseSubscribedEvent(newer)).toEqual(parseSubscribedEvent(JSON.parse(body)));
  });

  it.each([
    ['no event', []],
    ['of no commit', { 'detail-type': 'Noted', detail: { stream: 'note/17' } }],
  ])('is not read from a body that is %s', (_, body) => {
    expect(() => parseSubscribedEvent(body)).toThrow();
  });

  it('is not read without its place in its log', () => {
    const [body = ''] = bodiesOf();
    const { detail, ...rest } = JSON.parse(body);
    const { position: _, ...meta } = detail.meta;
    expect(eventBodySchema.safeParse({ ...rest, detail: { ...detail, meta } }).success).toBe(false);
  });
});
