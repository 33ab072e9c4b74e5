import type { MemoryDecisions } from '../../adapters/memory/decisions.ts';
import type { Commit } from '../../core/facts/commit.ts';
import { type Decision, finalOf } from '../../core/facts/decision.ts';
import { drivingRegionOf } from '../../core/facts/transaction.ts';
import type { Mutant, Ports } from './recorded-core.ts';

// Ports that break one rule each. What they record is what tables without the rule would have taken.

/** The ports of events, with some calls replaced. */
function events(of: (ports: Ports) => Partial<Ports['events']>): Mutant {
  return (ports) => ({ events: { ...ports.events, ...of(ports) } });
}

function decisions(of: (ports: Ports) => Partial<MemoryDecisions>): Mutant {
  return (ports) => ({ decisions: { ...ports.decisions, ...of(ports) } });
}

/** The commit as code sees it that takes an undecided intent for an aborted one. */
function asAborted(commit: Commit): Commit {
  return commit.tx?.state === 'prepared' ? finalOf(commit, 'aborted') : commit;
}

export const mutants: Readonly<Record<string, Mutant>> = {
  finalises_without_a_decision: events(({ events: { put, finalise } }) => ({
    put: async (commit) => {
      const taken = await put(commit);
      if (!taken && commit.tx) await finalise(commit, 'aborted');
      return taken;
    },
  })),

  overwrites_a_decision: decisions(({ region, record, decisions: { put } }) => ({
    put: async (decision) => {
      if (await put(decision)) record({ kind: 'decision', region, decision });
      return undefined;
    },
  })),

  takes_a_position_twice: events(({ record, events: { put } }) => ({
    put: async (commit) => {
      const taken = await put(commit);
      if (taken) record({ kind: 'put', commit });
      return undefined;
    },
  })),

  commits_what_is_aborted: events(({ events: { finalise } }) => ({
    finalise: (intent) => finalise(intent, 'committed'),
  })),

  aborts_what_is_committed: events(({ events: { finalise } }) => ({
    finalise: (intent) => finalise(intent, 'aborted'),
  })),

  commits_without_a_participant: decisions(({ decisions: { put } }) => ({
    put: (decision) => put({ ...decision, participants: decision.participants.slice(1) }),
  })),

  lists_another_position: decisions(({ decisions: { put } }) => ({
    put: (decision) =>
      put({
        ...decision,
        participants: decision.participants.map((intent) => ({ ...intent, position: intent.position + 1 })),
      }),
  })),

  goes_on_behind_an_intent: events(({ events: { load, loadLog, at } }) => ({
    load: async (...asked) => (await load(...asked)).map(asAborted),
    loadLog: async (...asked) => (await loadLog(...asked)).map(asAborted),
    at: async (...asked) => {
      const commit = await at(...asked);
      return commit && asAborted(commit);
    },
    finalise: async () => {},
  })),

  lets_the_last_one_be_next: events(({ record, events: { mark, at } }) => ({
    mark: async (intent, next) => {
      const before = await at(intent.stream, intent.log, intent.position);
      const marked = await mark(intent, next);
      if (!marked?.tx || before?.tx?.state !== 'prepared' || marked.tx.next?.transaction === next.transaction)
        return marked;
      const commit = { ...marked, tx: { ...marked.tx, next } };
      record({ kind: 'mark', commit });
      return commit;
    },
  })),

  decides_where_it_does_not_drive: decisions(({ region, record, decisions: { find } }) => ({
    find: async (transaction, attempt, options) => {
      const found = await find(transaction, attempt, options);
      if (found || drivingRegionOf(transaction) === region) return found;
      const decision = endOf(transaction, attempt, region);
      record({ kind: 'decision', region, decision });
      return decision;
    },
  })),
};

function endOf(transaction: string, attempt: number, region: string): Decision {
  const of = { transaction, attempt, region, fingerprint: '', decidedAt: 0, remaining: 0, participants: [] };
  return { ...of, state: 'aborted', final: true };
}
