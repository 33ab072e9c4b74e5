import { describe, expect, it } from 'vitest';
import { abortedSchema, announcementOf, committedSchema } from '../../../core/wire/announcement.ts';
import { decodeVersionToken } from '../../../core/wire/version-token.ts';
import { aDecision, anAbort } from '../../contract/decisions.ts';

describe('an announcement', () => {
  it('of a committed transaction is decoded as encoded', () => {
    const decision = aDecision();
    const { participants, ...rest } = committedSchema.parse(JSON.parse(announcementOf(decision).detail));
    expect(rest).toMatchObject({ transaction: decision.transaction, meta: { region: 'us-east-1' } });
    expect(
      participants.map((one) => ({ ...one, version: decodeVersionToken(one.stream, one.version, 'version') })),
    ).toEqual(decision.participants);
  });

  it.each(['stock/17', undefined])('of an aborted one has the whole reason: caused by %s', (stream) => {
    const problem = anAbort().reason?.problem ?? expect.fail('it has no reason');
    const { detail } = announcementOf(anAbort({ reason: { ...(stream !== undefined && { stream }), problem } }));
    expect(abortedSchema.parse(JSON.parse(detail))).toMatchObject({
      reason: problem,
      ...(stream !== undefined && { participant: stream }),
    });
  });

  it('is not accepted as the other outcome', () => {
    expect(abortedSchema.safeParse(JSON.parse(announcementOf(aDecision()).detail)).success).toBe(false);
    expect(committedSchema.safeParse(JSON.parse(announcementOf(anAbort()).detail)).success).toBe(false);
  });
});
