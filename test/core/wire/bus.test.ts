import { describe, expect, it } from 'vitest';
import { reject, toProblem } from '../../../core/facts/errors.ts';
import { announcementOf } from '../../../core/wire/announcement.ts';
import {
  APPEND,
  COMMAND,
  fastPathPattern,
  forwardPattern,
  ingestPattern,
  SOURCE_PREFIX,
  TRANSACT,
} from '../../../core/wire/bus.ts';
import { entriesOf } from '../../../core/wire/bus-event.ts';
import { rejectedEntry } from '../../../core/wire/receipt.ts';
import { encodeVersionToken } from '../../../core/wire/version-token.ts';
import { aCommit } from '../../contract/commits.ts';
import { aDecision, anAbort } from '../../contract/decisions.ts';

describe('entries of a commit', () => {
  it('are one per event, with all members of the commit', () => {
    const events = [
      { type: 'Deposited', schemaVersion: 1, data: { amount: 3 } },
      { type: 'Withdrawn', schemaVersion: 2, data: null },
    ];
    const meta = { correlation: 'c', traceparent: 't' };
    const commit = aCommit({
      stream: 'account/us.ann',
      log: 'us',
      position: 4,
      region: 'us-east-1',
      wallTime: 1,
      events,
      meta,
    });
    const entries = entriesOf(commit);
    expect(entries.map(({ source, detailType }) => [source, detailType])).toEqual([
      ['meridian.account', 'Deposited'],
      ['meridian.account', 'Withdrawn'],
    ]);
    const { context, previous, hlc, commitId, fingerprint, digest } = commit;
    expect(entries.map(({ detail }) => JSON.parse(detail))).toEqual(
      events.map(({ data, schemaVersion }, index) => ({
        id: `account/us.ann@us.4.${index}`,
        stream: 'account/us.ann',
        data,
        schemaVersion,
        meta: {
          ...meta,
          ...{
            region: 'us-east-1',
            log: 'us',
            position: 4,
            previous,
            index,
            count: 2,
            context,
            hlc,
            wallTime: 1,
            commitId,
            fingerprint,
            digest,
          },
        },
      })),
    );
  });

  it('are none for a commit without events', () => {
    expect(entriesOf(aCommit({ events: [] }))).toEqual([]);
  });
});

describe('outcomes', () => {
  it('have no Region, so that no rule forwards them to another bus', () => {
    const detail = { id: 'a', stream: 'note/n', problem: toProblem(reject('No.')) };
    const entry = rejectedEntry(detail);
    expect(entry).toEqual({ source: 'meridian.receipt', detailType: 'Rejected', detail: JSON.stringify(detail) });
  });
});

describe('patterns', () => {
  it("accept producers' messages, and nothing that claims to be from Meridian", () => {
    expect(ingestPattern).toEqual({
      source: [{ 'anything-but': { prefix: SOURCE_PREFIX } }],
      'detail-type': [APPEND, COMMAND, TRANSACT],
    });
  });

  it('forward announcements, and events written in the Region, except for those in the log that all Regions write', () => {
    expect(forwardPattern('us-east-1')).toEqual({
      source: [{ prefix: 'meridian.' }],
      detail: { meta: { region: ['us-east-1'], log: [{ 'anything-but': ['global'] }, { exists: false }] } },
    });
  });

  it('deliver events of other Regions to the projector if views are computed from their stream type', () => {
    expect(fastPathPattern('us-east-1', new Set(['account', 'stock']))).toEqual({
      source: ['meridian.account', 'meridian.stock'],
      detail: { meta: { region: [{ 'anything-but': ['us-east-1'] }], log: [{ 'anything-but': ['global'] }] } },
    });
  });
});

describe('the announcement of a transaction', () => {
  const entryOf = (decision: Parameters<typeof announcementOf>[0]) => {
    const { detail, ...entry } = announcementOf(decision);
    return { ...entry, detail: JSON.parse(detail) };
  };

  it('names the committed streams and positions, with version tokens', () => {
    const version = { us: 3, eu: 1 };
    const decision = aDecision({
      transaction: 'us:order-17',
      participants: [{ stream: 'stock/17', log: 'us', position: 3, version }],
      region: 'us',
    });
    expect(entryOf(decision)).toEqual({
      source: 'meridian.tx',
      detailType: 'TransactionCommitted',
      detail: {
        id: 'tx/us:order-17',
        transaction: 'us:order-17',
        participants: [
          { stream: 'stock/17', log: 'us', position: 3, version: encodeVersionToken('stock/17', version) },
        ],
        meta: { region: 'us', decidedAt: '2001-01-01T00:00:00.000Z' },
      },
    });
  });

  it('has the reason of an abort, and always comes from the driving Region, even if another Region decided', () => {
    const decision = anAbort({ transaction: 'us:order-17', region: 'eu' });
    expect(entryOf(decision)).toMatchObject({
      source: 'meridian.tx',
      detailType: 'TransactionAborted',
      detail: { reason: decision.reason?.problem, participant: 'stock/17', meta: { region: 'us' } },
    });
  });
});
