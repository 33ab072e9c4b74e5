import { describe, expect, it } from 'vitest';
import type { Decision } from '../../../core/facts/decision.ts';
import { MeridianError } from '../../../core/index.ts';
import { ANNOUNCEMENT_SOURCE, announcementOf } from '../../../core/wire/announcement.ts';
import type { BusEntry } from '../../../core/wire/bus.ts';
import { entriesOf } from '../../../core/wire/bus-event.ts';
import { CONFLICT_SOURCE, conflictEntryOf } from '../../../core/wire/conflict-event.ts';
import { encodeQuarantined } from '../../../core/wire/quarantine.ts';
import { aCommit } from '../../contract/commits.ts';
import { aDecision } from '../../contract/decisions.ts';
import { anEntry as aConflict } from '../../contract/ledger.contract.ts';
import { aQuarantine, event } from './quarantine-fixture.ts';

describe('an entry that the bus refused', () => {
  const events = ['a', 'b'].map((text) => ({ type: 'Noted', schemaVersion: 1, data: { text } }));
  const stored = aCommit({ stream: 'note/1', log: 'us', region: 'us', position: 2, events });
  const [first, entry] = entriesOf(stored).map((each) => ({ ...each }));
  const kept = refused(entry);

  function refused(entry: BusEntry | undefined): string {
    return encodeQuarantined({
      reason: 'The bus refused it: MalformedDetail',
      entry: entry ?? expect.fail('there is no entry'),
    });
  }

  /** A quarantine in a Region whose tables have the commit. */
  function aQuarantineBesideTables() {
    const quarantine = aQuarantine();
    quarantine.us.table.replicate(stored);
    return quarantine;
  }

  it('is listed with its reason, its stream and its id, as an event', async () => {
    const { memory, list } = aQuarantine();
    await memory.send([kept]);
    const { messages } = await list({ filter: { stream: 'note' } });
    expect(messages).toMatchObject([
      {
        reason: 'The bus refused it: MalformedDetail',
        detailType: 'Noted',
        stream: 'note/1',
        envelopeId: 'note/1@us.2.1',
      },
    ]);
    expect(messages.map(({ body }) => JSON.parse(body))).toEqual([
      { source: 'meridian.note', 'detail-type': 'Noted', detail: JSON.parse(entry?.detail ?? '') },
    ]);
  });

  it('is put on the bus by a redrive, and removed; other messages go to ingest', async () => {
    const { memory, redrive, published, ingested } = aQuarantineBesideTables();
    await memory.send([kept, event('a1', 'note/1')]);
    expect(await redrive()).toMatchObject({ examined: 2, redriven: [{}, {}], failed: [] });
    expect(published).toEqual([entry]);
    expect(ingested).toEqual([event('a1', 'note/1')]);
    expect(memory.bodies).toEqual([]);
  });

  it('is put on the bus as the table has it, whatever the message says', async () => {
    const { memory, redrive, published } = aQuarantineBesideTables();
    const detail = JSON.stringify({ ...JSON.parse(first?.detail ?? ''), data: { text: 'forged' } });
    await memory.send([refused({ source: 'meridian.account', detailType: 'Deposited', detail })]);
    expect(await redrive()).toMatchObject({ redriven: [{}], failed: [] });
    expect(published).toEqual([first]);
  });

  it.each([
    [
      'a transaction over several Regions',
      async ({ us }: Quarantining, decision: Decision) => us.decisions.put(decision),
    ],
    ['a one-Region transaction', async ({ us }: Quarantining, decision: Decision) => us.events.putDecision(decision)],
  ])('is put on the bus if it is the outcome of %s', async (_, store) => {
    const quarantine = aQuarantine();
    const { memory, redrive, published } = quarantine;
    const decision = aDecision({ transaction: 'us:t1', region: 'us' });
    await store(quarantine, decision);
    await memory.send([refused(announcementOf({ ...decision, decidedAt: 1, participants: [] }))]);
    expect(await redrive()).toMatchObject({ redriven: [{}], failed: [] });
    expect(published).toEqual([announcementOf(decision)]);
  });

  it('is put on the bus if it is a conflict that the ledger has, in its present revision', async () => {
    const { ledger, memory, redrive, published } = aQuarantine();
    const conflict = aConflict({ writer: 'us' });
    await ledger.put(conflict);
    await memory.send([refused(conflictEntryOf(conflict)), refused(conflictEntryOf({ ...conflict, revision: 2 }))]);
    expect(await redrive()).toMatchObject({ redriven: [{}], failed: [{}] });
    expect(published).toEqual([conflictEntryOf(conflict)]);
  });

  it.each<[string, BusEntry]>([
    ['no conflict', { source: CONFLICT_SOURCE, detailType: 'ConflictOpen', detail: '{"id":"conflict/note/1@us.1.1"}' }],
    ['an event of a commit that is not there', { ...anEntry(), detail: detailOf({ position: 7 }, 'note/1@us.7.0') }],
    ['an event that its commit does not have', { ...anEntry(), detail: detailOf({ position: 2 }, 'note/1@us.2.2') }],
    ['a commit that another Region wrote', { ...anEntry(), detail: detailOf({ log: 'eu' }, 'note/1@eu.1.0') }],
    ['an impossible position', { ...anEntry(), detail: detailOf({ position: -1 }, 'note/1@us.-1.0') }],
    ['no event', { ...anEntry(), detail: 'no JSON' }],
    [
      'an outcome without a decision',
      { source: ANNOUNCEMENT_SOURCE, detailType: 'x', detail: '{"id":"tx/us:t2","transaction":"us:t2"}' },
    ],
    ['no outcome', { source: ANNOUNCEMENT_SOURCE, detailType: 'x', detail: '{}' }],
  ])('stays in the quarantine if it is %s: the tables do not have it', async (_, forged) => {
    const { us, memory, redrive, published } = aQuarantineBesideTables();
    us.table.replicate(aCommit({ stream: 'note/1', log: 'eu', region: 'eu', position: 1 }));
    await memory.send([refused(forged), kept]);
    const { redriven, failed } = await redrive();
    expect([redriven.length, failed]).toEqual([
      1,
      [{ id: 'quarantined-1', why: 'This Region has no such event, outcome or conflict in its tables.' }],
    ]);
    expect(published).toEqual([entry]);
    expect(memory.bodies).toEqual([refused(forged)]);
  });

  it('stays in the quarantine while the tables cannot be read, and holds up no other message', async () => {
    const { memory, redrive, ingested } = aQuarantine();
    const at = () => Promise.reject(new MeridianError('unavailable', 'It is down.', { retryable: true }));
    await memory.send([kept, event('a1', 'note/1')]);
    const { redriven, failed } = await redrive({}, { events: { at, findDecision: at } });
    expect([redriven.length, failed]).toEqual([1, [{ id: 'quarantined-1', why: 'MeridianError: It is down.' }]]);
    expect(ingested).toHaveLength(1);
  });

  it('stays in the quarantine if the bus refuses it again', async () => {
    const { memory, redrive } = aQuarantineBesideTables();
    await memory.send([kept, kept]);
    const answers = [{ permanent: 'MalformedDetail' }, undefined];
    const bus = { put: async (entries: readonly BusEntry[]) => entries.map((_, i) => answers[i]) };
    const { redriven, failed } = await redrive({}, { bus });
    expect([redriven.length, failed]).toEqual([
      1,
      [{ id: expect.any(String), why: 'The bus refuses it: MalformedDetail' }],
    ]);
    expect(memory.bodies).toEqual([kept]);
  });
});

type Quarantining = ReturnType<typeof aQuarantine>;

function anEntry(): BusEntry {
  return { source: 'meridian.note', detailType: 'Noted', detail: '{}' };
}

function detailOf(place: object, id: string): string {
  return JSON.stringify({ id, stream: 'note/1', meta: { log: 'us', position: 1, ...place } });
}
