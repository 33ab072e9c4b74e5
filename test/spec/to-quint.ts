import type { Commit } from '../../core/facts/commit.ts';
import type { Decision } from '../../core/facts/decision.ts';
import { drivingRegionOf } from '../../core/facts/transaction.ts';
import { isOlder } from '../../core/facts/waiter.ts';
import { attemptOf, type Recorded, type Write } from './recorded-core.ts';

// Writes recorded traces as runs of the model, which `quint test` accepts or refuses.

/** The streams of recorded transactions, with the Region of each. */
const HOMES = { 'account/us.1': 'us', 'account/us.2': 'us', 'account/eu.1': 'eu' };

/** A module for the folder of the model, with one run for each trace, named by its key. The traces must have the same transactions. */
export function moduleOf(name: string, strong: boolean, traces: ReadonlyMap<string, Recorded>): string {
  const [{ transactions = [] } = {}] = traces.values();
  const byAge = transactions.toSorted((a, b) =>
    isOlder({ transaction: a.id, began: a.began }, { transaction: b.id, began: b.began }) ? -1 : 1,
  );
  const constants = {
    off: text('none'),
    strong: String(strong),
    homes: mapOf(HOMES, text),
    drivers: mapOf(Object.fromEntries(transactions.map(({ id }) => [id, drivingRegionOf(id)])), text),
    parts: mapOf(
      Object.fromEntries(transactions.map(({ id, participants }) => [id, participants.map(({ stream }) => stream)])),
      (streams) => `Set(${streams.map(text).join(', ')})`,
    ),
    ages: mapOf(Object.fromEntries(byAge.map(({ id }, i) => [id, i + 1])), String),
    attempts: '1',
    moves: 'false',
  };
  const given = Object.entries(constants).map(([constant, value]) => `${constant} = ${value}`);
  const runs = [...traces].map(([key, { writes }]) => {
    const list = `pure val ${key} = [\n${writes.map((write) => `    ${writeText(write)}`).join(',\n')}\n  ]`;
    return `  ${list}\n  run ${key}Test = init.then(${key}.length().reps(i => take(${key}[i]))).expect(isSound)`;
  });
  return `module ${name} {\n  import transaction(${given.join(', ')}).* from "./transaction"\n\n${runs.join('\n\n')}\n}\n`;
}

function writeText(write: Write): string {
  if ('commit' in write) {
    const { stream, position } = write.commit;
    return textOf(write.kind, { stream, position, item: itemText(write.commit), decision: 'none' });
  }
  const { transaction: tx, attempt: n } = write.decision;
  const region = write.kind === 'all' ? '' : write.region;
  const item = `{ tx: ${text(tx)}, n: ${n}, state: "committed", next: "" }`;
  return textOf(write.kind, { region, item, decision: decisionText(write.decision) });
}

interface Members {
  readonly region?: string;
  readonly stream?: string;
  readonly position?: number;
  readonly item: string;
  readonly decision: string;
}

function textOf(kind: Write['kind'], { region = '', stream = '', position = 0, item, decision }: Members): string {
  const where = `kind: ${text(kind)}, region: ${text(region)}, stream: ${text(stream)}, position: ${position}`;
  return `{ ${where}, item: ${item}, decision: ${decision} }`;
}

function itemText(commit: Commit): string {
  const { tx, n } = attemptOf(commit);
  const { state = 'committed', next } = commit.tx ?? {};
  return `{ tx: ${text(tx)}, n: ${n}, state: ${text(state)}, next: ${text(next?.transaction ?? '')} }`;
}

function decisionText(decision: Decision): string {
  const { state, final } = decision;
  return `{ state: ${text(state)}, final: ${final}, listed: ${listedText(decision)} }`;
}

function listedText({ participants }: Pick<Decision, 'participants'>): string {
  return mapOf(Object.fromEntries(participants.map(({ stream, position }) => [stream, position])), String);
}

function mapOf<T>(values: Readonly<Record<string, T>>, textOf: (value: T) => string): string {
  return `Map(${Object.entries(values)
    .map(([key, value]) => `${text(key)} -> ${textOf(value)}`)
    .join(', ')})`;
}

function text(value: string): string {
  return `"${value}"`;
}
