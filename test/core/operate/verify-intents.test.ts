import { describe, expect, it } from 'vitest';
import type { Commit, Intent } from '../../../core/facts/commit.ts';
import type { Decision } from '../../../core/facts/decision.ts';
import { nextStamp } from '../../../core/facts/hlc.ts';
import type { Finding } from '../../../core/wire/verify.ts';
import { aBusyAttempt, aDecision, anAbort, aPromise } from '../../contract/decisions.ts';
import { ask, aVerifiedRegion, NOW, noted, put, UNTIL, type VerifiedRegion } from './verify-fixture.ts';

const ID = 'us-east-1:order-17';
const ACCOUNT = 'account/us-east-1.ann';
const PLACE = { stream: ACCOUNT, log: 'us-east-1', position: 1 };
const OLD = NOW - 600_000;

function anIntent(tx: Partial<Intent> = {}, of: Partial<Commit> = {}): Commit {
  const events = [{ type: 'Deposited', schemaVersion: 2, data: { amount: 5 } }];
  const intent = { commitId: `${ID}#1`, tx: { state: 'prepared', deadline: OLD, ...tx } } as const;
  return noted(1, { stream: ACCOUNT, events, ...intent, ...of });
}

function committed(of: Partial<Decision> = {}): Decision {
  const participants = [{ ...PLACE, region: 'us-east-1', version: { 'us-east-1': 1 } }];
  return aDecision({ transaction: ID, decidedAt: OLD, participants, ...of });
}

async function inStream(region: VerifiedRegion, stream = ACCOUNT): Promise<readonly Finding[]> {
  return (await ask(region.ports, 'verify-streams', { until: UNTIL, streams: [stream] })).findings;
}

async function inDecisions(region: VerifiedRegion): Promise<readonly Finding[]> {
  const page = await ask(region.ports, 'verify-decisions', { until: UNTIL });
  const named = await ask(region.ports, 'verify-decisions', { until: UNTIL, transactions: [ID] });
  // Whether it is met on a page, or asked for.
  expect(new Set(named.findings.map((each) => JSON.stringify(each)))).toEqual(
    new Set(page.findings.map((each) => JSON.stringify(each))),
  );
  return page.findings;
}

const wrong = (kind: string) => ({ kind, ...PLACE, transaction: ID });

describe('the intents of a stream', () => {
  it('may be undecided until their deadline, and not long after it', async () => {
    const region = aVerifiedRegion();
    await put(region, anIntent({ deadline: NOW - 30_000 }));
    expect(await inStream(region)).toEqual([]);
    const late = aVerifiedRegion();
    await put(late, anIntent());
    expect(await inStream(late)).toEqual([wrong('intent-undecided')]);
  });

  it('have to be final when they are decided', async () => {
    const region = aVerifiedRegion();
    await put(region, anIntent());
    await region.decisions.put(committed());
    expect(await inStream(region)).toEqual([wrong('intent-unfinished')]);
    expect(await inDecisions(region)).toEqual([wrong('intent-unfinished')]);
    await region.table.finalise(anIntent(), 'committed');
    expect(await inStream(region)).toEqual([]);
    expect(await inDecisions(region)).toEqual([]);
  });

  it('are made final by the Region that wrote them only, except in the log that all Regions write', async () => {
    const region = aVerifiedRegion('eu-west-1');
    await put(region, anIntent());
    expect(await inStream(region)).toEqual([]);
    await region.decisions.put(committed());
    expect(await inDecisions(region)).toEqual([]);
    const { commitId, tx } = anIntent();
    await put(region, noted(1, { stream: 'tail/1', log: 'global', commitId, ...(tx && { tx }) }));
    expect(await inStream(region, 'tail/1')).toMatchObject([{ kind: 'intent-unfinished' }]);
  });

  it('contradict a decision for the other state', async () => {
    const region = aVerifiedRegion();
    await put(region, anIntent({ state: 'aborted' }));
    await region.decisions.put(committed());
    expect(await inStream(region)).toEqual([wrong('intent-contradicts')]);
    expect(await inDecisions(region)).toEqual([wrong('intent-contradicts')]);
    const other = aVerifiedRegion();
    await put(other, anIntent({ state: 'committed' }));
    await other.decisions.put(anAbort({ transaction: ID, decidedAt: OLD }));
    expect(await inStream(other)).toEqual([wrong('intent-contradicts')]);
  });

  it('are committed with a decision only, and may be aborted without one', async () => {
    const region = aVerifiedRegion();
    await put(region, anIntent({ state: 'committed' }));
    expect(await inStream(region)).toEqual([wrong('intent-without-decision')]);
    const aborted = aVerifiedRegion();
    await put(aborted, anIntent({ state: 'aborted' }));
    expect(await inStream(aborted)).toEqual([]);
  });

  it('are not looked at while they are young', async () => {
    const region = aVerifiedRegion();
    await put(region, anIntent({ state: 'committed' }, { hlc: nextStamp(NOW) }));
    expect(await inStream(region)).toEqual([]);
  });
});

describe('a decision', () => {
  it('that commits is incomplete without one of its commits', async () => {
    const region = aVerifiedRegion();
    await region.decisions.put(committed());
    expect(await inDecisions(region)).toEqual([wrong('transaction-incomplete')]);
  });

  it('is not looked at while it is young', async () => {
    const region = aVerifiedRegion();
    await region.decisions.put(committed({ decidedAt: NOW }));
    expect(await inDecisions(region)).toEqual([]);
  });

  it('does not commit what another attempt has in the place of its intent', async () => {
    const region = aVerifiedRegion();
    await put(region, anIntent({ state: 'committed' }, { commitId: `${ID}#2` }));
    await region.decisions.put(committed());
    expect(await inDecisions(region)).toEqual([wrong('intent-contradicts')]);
  });

  it('that another attempt was to follow has no outcome after the deadline, where it is driven', async () => {
    const open = { kind: 'transaction-undecided', transaction: ID };
    for (const decision of [aPromise, aBusyAttempt].map((make) => make({ transaction: ID, decidedAt: OLD }))) {
      const region = aVerifiedRegion();
      await region.decisions.put(decision);
      expect(await inDecisions(region)).toEqual([open]);
      await region.decisions.put(committed({ attempt: decision.attempt + 1, participants: [] }));
      expect(await inDecisions(region)).toEqual([]);
      const elsewhere = aVerifiedRegion('eu-west-1');
      await elsewhere.decisions.put(decision);
      expect(await inDecisions(elsewhere)).toEqual([]);
    }
  });

  it('may be followed by another attempt until the deadline', async () => {
    const region = aVerifiedRegion();
    await region.decisions.put(aPromise({ transaction: ID, decidedAt: OLD, remaining: 3_600_000 }));
    expect(await inDecisions(region)).toEqual([]);
  });

  it('is on one of several pages', async () => {
    const region = aVerifiedRegion();
    for (let i = 0; i < 250; i++)
      await region.decisions.put(committed({ transaction: `us-east-1:t${i}`, participants: [] }));
    let scanned = 0;
    let pages = 0;
    for (let cursor: string | undefined; ; pages++) {
      const page: { scanned: number; cursor?: string } = await ask(region.ports, 'verify-decisions', {
        until: UNTIL,
        cursor,
      });
      scanned += page.scanned;
      cursor = page.cursor;
      if (cursor === undefined) break;
    }
    expect([scanned, pages]).toEqual([250, 2]);
  });
});

describe('a page of the events table', () => {
  it('names its streams and their views, in as many pages as it takes', async () => {
    const region = aVerifiedRegion();
    for (let i = 0; i < 150; i++) await put(region, noted(1, { stream: `note/${i}` }));
    await put(region, anIntent());
    const first = await ask(region.ports, 'verify-scan', { until: UNTIL });
    const second = await ask(region.ports, 'verify-scan', { until: UNTIL, cursor: first.cursor });
    expect([first.scanned, second.scanned, second.cursor]).toEqual([100, 51, undefined]);
    expect(new Set([...first.streams, ...second.streams]).size).toBe(151);
    expect(first.views.map(({ view }) => view)).toEqual(['latest', 'words', 'tails']);
    expect(await ask(region.ports, 'verify-scan', { until: UNTIL, types: ['account'] })).toMatchObject({
      streams: [ACCOUNT],
      views: [],
    });
  });

  it('of a stream type that does not exist is refused', async () => {
    const asked = ask(aVerifiedRegion().ports, 'verify-scan', { until: UNTIL, types: ['nothing'] });
    await expect(asked).rejects.toMatchObject({ code: 'unknown-stream-type' });
  });

  it('does not miss commits of streams that a one-Region transaction has only checked', async () => {
    const region = aVerifiedRegion();
    const other = { ...PLACE, version: { 'us-east-1': 1 } };
    await put(region, anIntent({ state: 'committed' }, { commitId: 'us-east-1:other#1' }));
    await region.table.putDecision(
      committed({ participants: [other, { ...other, stream: 'note/none', position: 0 }] }),
    );
    expect((await ask(region.ports, 'verify-scan', { until: UNTIL })).findings).toEqual([]);
    expect((await ask(region.ports, 'verify-decisions', { until: UNTIL, transactions: [ID] })).findings).toEqual([]);
  });

  it('shows one-Region transactions that are incomplete or without an outcome', async () => {
    const region = aVerifiedRegion();
    await region.table.putDecision(committed());
    await region.table.putDecision(aPromise({ transaction: 'us-east-1:late', decidedAt: OLD }));
    await region.table.putDecision(committed({ transaction: 'us-east-1:young', decidedAt: NOW }));
    const scan = () => ask(region.ports, 'verify-scan', { until: UNTIL });
    const late = { kind: 'transaction-undecided', transaction: 'us-east-1:late' };
    expect((await scan()).findings).toEqual([wrong('transaction-incomplete'), late]);
    const { tx: _none, ...commit } = anIntent();
    await put(region, commit);
    expect((await scan()).findings).toEqual([late]);
    const again = await ask(region.ports, 'verify-decisions', { until: UNTIL, transactions: [ID, 'us-east-1:late'] });
    expect(again.findings).toEqual([late]);
  });
});
