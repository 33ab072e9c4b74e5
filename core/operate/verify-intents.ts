// Decisions against intents, in one Region's tables.

import { type Domain, streamTypeOf } from '../definition/domain.ts';
import { inChunks } from '../facts/chunks.ts';
import { type Commit, isShared } from '../facts/commit.ts';
import { attemptIdOf, type Decision, type PreparedIntent, stateIn } from '../facts/decision.ts';
import { wallTimeOf } from '../facts/hlc.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { drivingRegionOf, nextAttemptEnds, parseAttemptId } from '../facts/transaction.ts';
import { MAX_VERIFIED } from '../limits/budgets.ts';
import { type DecisionPorts, decisionHere } from '../log/decisions.ts';
import type { CommitScan } from '../ports/commit-scan.ts';
import type { DecisionScan } from '../ports/decision-scan.ts';
import type { IntentStore } from '../ports/intent-store.ts';
import type { OneRegionTransactions } from '../ports/one-region-transactions.ts';
import type { ActionRequest, ActionResult } from '../wire/operate.ts';
import type { Finding } from '../wire/verify.ts';

export interface VerifyIntentsPorts extends Omit<DecisionPorts, 'participants' | 'decisions'> {
  readonly domain: Domain;
  readonly events: CommitScan & Pick<IntentStore, 'at' | 'taken'> & Pick<OneRegionTransactions, 'findDecision'>;
  readonly decisions: DecisionPorts['decisions'] & DecisionScan;
}

/** Intents and decisions that are looked up at a time. */
const LOOKUPS = 20;

/** What is wrong with the intents of a stream, as far as the decisions show that have arrived in this Region. */
export async function intentFindings(
  ports: VerifyIntentsPorts,
  commits: readonly Commit[],
  until: number,
): Promise<readonly Finding[]> {
  const intents = commits.filter(({ tx, hlc }) => tx && wallTimeOf(hlc) <= until);
  return inTurn(intents, async (intent) => {
    const kind = await stateOf(ports, intent, until);
    const { stream, log, position, commitId } = intent;
    const { transaction } = parseAttemptId(commitId);
    return kind ? [{ kind, stream, log, position, transaction }] : [];
  });
}

type IntentFinding = Extract<Finding, { readonly kind: `intent-${string}` }>['kind'];

async function stateOf(ports: VerifyIntentsPorts, intent: Commit, until: number): Promise<IntentFinding | undefined> {
  const { tx, commitId, region } = intent;
  if (tx?.state === 'prepared') {
    // Only the Region that wrote an intent makes it final, by its own clock.
    if (tx.deadline > until || (region !== ports.region && !isShared(intent))) return undefined;
    return (await decisionHere(ports, commitId)) ? 'intent-unfinished' : 'intent-undecided';
  }
  const decision = await decisionHere(ports, commitId);
  if (decision) return stateIn(decision, intent) === tx?.state ? undefined : 'intent-contradicts';
  return tx?.state === 'committed' ? 'intent-without-decision' : undefined;
}

/** Findings about many things, of which some are looked up at a time. */
async function inTurn<T>(
  things: readonly T[],
  look: (thing: T) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const some of inChunks(things, LOOKUPS)) findings.push(...(await Promise.all(some.map(look))).flat());
  return findings;
}

/**
 * Names the streams on one page of the `events` table, and looks at the one-Region transactions on it.
 * @throws MeridianError `unknown-stream-type`; `validation`: not a cursor; `unavailable`
 */
export async function verifyScan(
  ports: VerifyIntentsPorts,
  { types, cursor: after, until: time }: ActionRequest<'verify-scan'>,
): Promise<ActionResult<'verify-scan'>> {
  const { domain, events } = ports;
  for (const type of types ?? []) streamTypeOf(domain, type);
  const isAsked = (type: string): boolean => types === undefined || types.includes(type);
  const { commits, outcomes, cursor } = await events.scan(0, 1, after, MAX_VERIFIED);
  const until = Date.parse(time);
  const decided = outcomes.filter(({ decidedAt }) => decidedAt <= until);
  const places = decided
    .flatMap(({ participants, transaction }) => participants.map((place) => ({ ...place, transaction })))
    .filter(({ stream, position }) => isAsked(parseStreamRef(stream).type) && position > 0);
  const taken = places.length > 0 ? await events.taken(places) : [];
  const missing = places.filter((_, i) => !taken[i]);
  return {
    scanned: commits.length + outcomes.length,
    streams: [...new Set(commits.map(({ stream }) => stream))].filter((name) => isAsked(parseStreamRef(name).type)),
    views: [...domain.views.values()]
      .filter(({ of }) => isAsked(of.type))
      .map(({ name, of, kind }) => ({ view: name, type: of.type, kind })),
    findings: [...missing.map(incomplete), ...(await inTurn(decided, (each) => undecided(ports, each, until)))],
    ...(cursor !== undefined && { cursor }),
  };
}

function incomplete({
  stream,
  log,
  position,
  transaction,
}: PreparedIntent & { readonly transaction: string }): Finding {
  return { kind: 'transaction-incomplete', stream, log, position, transaction };
}

/**
 * Compares a page of decisions with the commits of their transactions in this Region's table.
 * @throws MeridianError `validation`: not a cursor; `unavailable`, `quorum-unreachable`
 */
export async function verifyDecisions(
  ports: VerifyIntentsPorts,
  { cursor: after, transactions, until: time }: ActionRequest<'verify-decisions'>,
): Promise<ActionResult<'verify-decisions'>> {
  const { decisions, cursor } = await (transactions
    ? decisionsOf(ports, transactions)
    : ports.decisions.scan(0, 1, after, MAX_VERIFIED));
  const until = Date.parse(time);
  const decided = decisions.filter(({ decidedAt }) => decidedAt <= until);
  const findings = await inTurn(
    decided.flatMap((decision) => decision.participants.map((place) => ({ decision, place }))),
    ({ decision, place }) => participantFinding(ports, decision, place),
  );
  const open = await inTurn(decided, (decision) => undecided(ports, decision, until));
  return { scanned: decisions.length, findings: [...findings, ...open], ...(cursor !== undefined && { cursor }) };
}

async function decisionsOf({ decisions, events }: VerifyIntentsPorts, transactions: readonly string[]) {
  const found: Decision[] = [];
  for (const some of inChunks(transactions, LOOKUPS)) {
    const each = some.map(async (id) => [...(await decisions.attempts(id)), (await events.findDecision(id)) ?? []]);
    found.push(...(await Promise.all(each)).flat(2));
  }
  return { decisions: found, cursor: undefined };
}

/** Whether this Region's table has the commit of a participant as it was decided. */
async function participantFinding(
  ports: VerifyIntentsPorts,
  decision: Decision,
  { stream, log, position, region }: PreparedIntent,
): Promise<readonly Finding[]> {
  const { transaction } = decision;
  // A stream that a one-Region transaction has only checked is listed at its last position: without commits at 0.
  if (position === 0) return [];
  const place = { stream, log, position, transaction };
  const commit = await ports.events.at(stream, log, position);
  if (!commit) return [{ kind: 'transaction-incomplete', ...place }];
  // The commits of a one-Region transaction are not intents; what was checked may be an intent of another one.
  if (!commit.tx || region === undefined) return [];
  const isOfAttempt = commit.commitId === attemptIdOf(decision);
  if (!isOfAttempt || commit.tx.state === 'aborted') return [{ kind: 'intent-contradicts', ...place }];
  const isOurs = commit.region === ports.region || isShared(commit);
  return commit.tx.state === 'prepared' && isOurs ? [{ kind: 'intent-unfinished', ...place }] : [];
}

/** Whether another attempt of a transaction should have followed that this Region drives, and has not. */
async function undecided(ports: VerifyIntentsPorts, decision: Decision, until: number): Promise<readonly Finding[]> {
  const { final, transaction } = decision;
  if (final || drivingRegionOf(transaction) !== ports.region || nextAttemptEnds(decision) > until) return [];
  const last = (await ports.decisions.attempts(transaction)).at(-1) ?? decision;
  const isLast = !last.final && last.attempt === decision.attempt;
  return isLast ? [{ kind: 'transaction-undecided', transaction }] : [];
}
