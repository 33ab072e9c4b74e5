import { describe, expect, it } from 'vitest';
import { PUT_EVENTS_BYTES } from '../../../core/limits/aws.ts';
import { ANNOUNCED_ABOUT_BYTES, MAX_ANNOUNCED_AGAINST } from '../../../core/limits/budgets.ts';
import { encodeListed, listedConflictSchema } from '../../../core/wire/api.ts';
import { announcedConflictSchema, conflictEntryOf } from '../../../core/wire/conflict-event.ts';
import { anEntry } from '../../contract/ledger.contract.ts';

function detailOf(entry: ReturnType<typeof anEntry>) {
  return announcedConflictSchema.parse(JSON.parse(conflictEntryOf(entry).detail));
}

describe('an announced conflict', () => {
  it('says what GET /conflicts lists, under an id that each revision has to itself', () => {
    const entry = anEntry({ revision: 3 });
    const { id, status, meta, ...listed } = detailOf(entry);
    expect(listedConflictSchema.parse(listed)).toEqual(encodeListed(entry));
    expect({ id, status, meta }).toEqual({
      id: 'conflict/note/a@us-east-1.1.3',
      status: 'resolved',
      meta: { region: 'us-east-1' },
    });
  });

  it('is open or resolved by its detail type: what turned out to be no conflict is not open any more', () => {
    const types = (['open', 'resolved', 'superseded'] as const).map((status) => conflictEntryOf(anEntry({ status })));
    expect(types.map(({ source, detailType }) => [source, detailType])).toEqual([
      ['meridian.conflict', 'ConflictOpen'],
      ['meridian.conflict', 'ConflictResolved'],
      ['meridian.conflict', 'ConflictResolved'],
    ]);
  });

  it('has another id if a Region announces it for one that has left, whose revisions began at 1, too', () => {
    const own = anEntry();
    const taken = { ...own, writer: 'us-west-2' };
    expect(detailOf(taken)).toMatchObject({
      id: 'conflict/note/a@us-east-1.1.1.us-west-2',
      region: 'us-east-1',
      meta: { region: 'us-west-2' },
    });
    expect(detailOf(own).id).not.toBe(detailOf(taken).id);
  });

  it('fits on the bus, however many commits and parts it has, and says that it is shortened', () => {
    const positions = Array.from({ length: 10_000 }, (_, i) => 9_000_000_000_000_000 - i);
    const log = 'l'.repeat(63);
    const part = 'é'.repeat(1000);
    const entry = anEntry({
      against: { [log]: positions },
      count: 20_000,
      about: Array.from({ length: 1000 }, () => ({ part, rule: 'keepAll', isOpen: true })),
    });
    const detail = detailOf(entry);
    expect(detail).toMatchObject({ count: 20_000, shortened: true });
    expect(detail.against).toHaveLength(MAX_ANNOUNCED_AGAINST);
    expect(detail.about.length).toBe(Math.floor(ANNOUNCED_ABOUT_BYTES / 2045));
    expect(Buffer.byteLength(conflictEntryOf(entry).detail)).toBeLessThan(PUT_EVENTS_BYTES - 32 * 1024);
    expect(detailOf(anEntry())).not.toHaveProperty('shortened');
  });

  it('fits on the bus even if one part alone would not', () => {
    const huge = anEntry({ about: [{ part: 'p'.repeat(300_000), rule: 'keepAll', isOpen: true }] });
    expect(detailOf(huge)).toMatchObject({ about: [], shortened: true });
  });
});
