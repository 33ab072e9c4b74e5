import { memoryDecisions } from '../../../adapters/memory/decisions.ts';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import { memoryPlacement } from '../../../adapters/memory/placement.ts';
import type { Commit, Intent } from '../../../core/facts/commit.ts';
import { attemptIdOf, type Decision } from '../../../core/facts/decision.ts';
import { nextStamp } from '../../../core/facts/hlc.ts';
import type { OperatePorts } from '../../../core/operate/actions.ts';
import type { BusEntry } from '../../../core/wire/bus.ts';
import { operatePorts } from './operate-ports.ts';
import { noted } from './verify-fixture.ts';

export const LOST = 'us-east-1';
/** The Region that writes the streams of the lost one. */
export const BY = 'us-west-2';
export const OTHER = 'us-east-2';

/** The intents of an attempt begin in the past, so that every deadline has passed for long. */
export const LONG_AGO = Date.UTC(2020, 0, 1);

/** A Region that is left, with tables of its own. */
export function aSurvivor(name: string, { strong = false }: { readonly strong?: boolean } = {}) {
  let ticks = LONG_AGO + 3_600_000;
  const replica = { region: name, now: () => ticks++ };
  const table = memoryEventStore(replica);
  const decisions = memoryDecisions({ strong, ...replica });
  const placements = memoryPlacement();
  const announced: BusEntry[] = [];
  const bus: OperatePorts['bus'] = {
    put: async (entries) => {
      announced.push(...entries);
      return entries.map(() => undefined);
    },
  };
  const ports: OperatePorts = { ...operatePorts(), region: name, events: table, decisions, placements, bus };
  return { name, ports, table, decisions, placements, announced };
}

export type LeftRegion = ReturnType<typeof aSurvivor>;

/** Two Regions that are left, and know that the third one is lost. */
export async function twoSurvivors(of: { readonly strong?: boolean } = {}) {
  const by = aSurvivor(BY, of);
  const other = aSurvivor(OTHER, of);
  const entry = {
    forced: 1,
    epoch: 1,
    by: BY,
    kind: 'forced',
    acting: BY,
    sources: [LOST],
    lost: [LOST],
    at: 0,
  } as const;
  for (const { placements } of [by, other])
    placements.replicate({ region: BY, revision: 1, entries: { [LOST]: entry } });
  return { by, other, both: [by, other] };
}

/** Everything that a Region has written itself arrives in the other one. */
export function spread(from: LeftRegion, to: LeftRegion): void {
  for (const { change, write } of from.table.items())
    if (write.region === from.name && 'commit' in change) to.table.replicate(change.commit, write);
  for (const { decision, write } of from.decisions.items())
    if (write.region === from.name) to.decisions.replicate(decision, write);
}

/** The intent of an attempt in a stream at home in a Region, which wrote it. */
export function anIntent(attemptId: string, region: string, state: Intent['state'] = 'prepared', position = 1): Commit {
  const stream = `account/${region}.${attemptId.replaceAll(/[:#]/g, '-')}`;
  const events = [{ type: 'Deposited', schemaVersion: 2, data: { amount: 5 } }];
  const tx = { state, deadline: LONG_AGO + 30_000 };
  const of = { commitId: attemptId, fingerprint: `of ${attemptId}`, stream, log: region, region, events, tx };
  return noted(position, { ...of, hlc: nextStamp(LONG_AGO) });
}

/** Puts an item that the lost Region wrote where it has arrived. */
export function arrive({ table, decisions }: LeftRegion, item: Commit | Decision): void {
  const write = { at: LONG_AGO + ('tx' in item && item.tx?.state !== 'prepared' ? 1 : 0), region: LOST };
  if ('commitId' in item) table.replicate(item, write);
  else decisions.replicate(item, { at: LONG_AGO, region: LOST });
}

/** Puts an intent that a Region has written itself, and makes it final. */
export async function write({ table }: LeftRegion, intent: Commit): Promise<void> {
  const { tx } = intent;
  if (!tx) return;
  await table.put({ ...intent, tx: { ...tx, state: 'prepared' } });
  if (tx.state !== 'prepared') await table.finalise(intent, tx.state);
}

/** The states of the intents of a Region, by attempt and writer. */
export function statesIn({ table }: LeftRegion): ReadonlyMap<string, string | undefined> {
  return new Map(
    table
      .items()
      .flatMap(({ change }) =>
        'commit' in change ? [[`${change.commit.commitId} in ${change.commit.region}`, change.commit.tx?.state]] : [],
      ),
  );
}

/** The decisions of a Region, by attempt. */
export function decidedIn({ decisions }: LeftRegion): ReadonlyMap<string, Decision['state']> {
  return new Map(decisions.items().map(({ decision }) => [attemptIdOf(decision), decision.state]));
}
