// Repairs of what was found by comparing. Each may be repeated, and each leaves alone what it did not expect.

import { streamTypeOf, viewOf } from '../definition/domain.ts';
import { shardOf } from '../definition/view.ts';
import { type ArmPorts, armResolver, type Change, resolverMessageFor } from '../delivery/relay.ts';
import { type Commit, isShared } from '../facts/commit.ts';
import { invalid, MeridianError } from '../facts/errors.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { loadWhole } from '../log/load.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { IntentStore } from '../ports/intent-store.ts';
import { applyChanges } from '../view/apply-changes.ts';
import { replacement } from '../view/change.ts';
import { generationsOf } from '../view/current-generations.ts';
import { targetOf } from '../view/generation.ts';
import type { ActionRequest, ActionResult } from '../wire/operate.ts';
import { wholeCommitSchema } from '../wire/verify.ts';
import { isIntact, itemDigest } from './item-digest.ts';
import type { VerifyStreamsPorts } from './verify-streams.ts';
import { isServed } from './verify-view.ts';

export interface RepairPorts extends VerifyStreamsPorts, ArmPorts {
  readonly events: VerifyStreamsPorts['events'] & EventStore & IntentStore;
}

/**
 * One commit as this Region's table has it. An intent that is not final is not given away: its copy could replace the final state.
 * @throws MeridianError `unavailable`, `quorum-unreachable`
 */
export async function verifyItem(
  { events }: Pick<RepairPorts, 'events'>,
  { stream, log, position }: ActionRequest<'verify-item'>,
): Promise<ActionResult<'verify-item'>> {
  const commit = await events.at(stream, log, position);
  return commit && commit.tx?.state !== 'prepared' ? { commit: wholeCommitSchema.parse(commit) } : {};
}

/**
 * Puts a commit of another Region where this Region's table has none: the same item, so that it does not matter who writes it, or when.
 * @throws MeridianError `validation`: the commit is not the one that was read, or not one of a log that a Region writes to itself;
 *   `unavailable`
 */
export async function repairItem(
  { events, runtime }: RepairPorts,
  { commit, digest }: ActionRequest<'repair-item'>,
): Promise<ActionResult<'repair-item'>> {
  if (isShared(commit))
    throw invalid([
      { path: 'commit.log', message: 'is the log that all Regions write: it has one table, and no copies' },
    ]);
  if (itemDigest(runtime, commit) !== digest)
    throw invalid([{ path: 'digest', message: 'is not that of the commit, which has changed on its way' }]);
  if (!isIntact(runtime, commit))
    throw invalid([{ path: 'commit.events', message: 'do not match their digest: this is not what was written' }]);
  const holder: Commit | undefined = await events.put(commit);
  return { put: holder === undefined };
}

/**
 * Makes an entry of the active generation what this Region's table alone gives, whatever its version is.
 * @throws MeridianError `unknown-view`; `validation`: the stream is not of the view's type; `version-conflict`: another version of the
 *   code keeps the view; `unavailable`; what the view's code throws
 */
export async function repairRow(
  ports: RepairPorts,
  { view: name, stream }: ActionRequest<'repair-row'>,
): Promise<ActionResult<'repair-row'>> {
  const { domain, views } = ports;
  const view = viewOf(domain, name);
  const ref = parseStreamRef(stream);
  streamTypeOf(domain, ref.type);
  if (view.of.type !== ref.type)
    throw invalid([{ path: 'stream', message: `is not of the type that ${name} is made of: ${view.of.type}` }]);
  const generations = await generationsOf(views, view);
  if (!isServed({ view, generations }))
    throw new MeridianError('version-conflict', `${name} was built by another version of its code. Rebuild it.`);
  const target = targetOf(view, generations.active);
  // The entry is read before the stream, so that it has nothing from the table that the stream lacks.
  const entries = await views.entries(target.name, [{ stream, shard: shardOf(target.shards, stream) }]);
  const history = await loadWhole(ports, ref);
  const change = replacement(target, ref, history, entries.get(stream));
  const { late, failed } = await applyChanges(ports, target.name, [change]);
  for (const error of failed.values()) throw error;
  return { written: late.length === 0 };
}

/**
 * Sends the resolver what is left to be finished: an intent that this Region wrote, or a transaction that it drives. The resolver
 * decides again whether anything is to be done.
 * @throws MeridianError `validation`, `unavailable`
 */
export async function repairTransaction(
  ports: RepairPorts,
  { intent, transaction }: ActionRequest<'repair-transaction'>,
): Promise<ActionResult<'repair-transaction'>> {
  if ((intent === undefined) === (transaction === undefined))
    throw invalid([{ path: 'intent', message: 'or transaction is required, and not both' }]);
  const changes: Change[] = [];
  if (intent) {
    const commit = await ports.events.at(intent.stream, intent.log, intent.position);
    if (commit) changes.push({ commit });
  }
  if (transaction !== undefined) {
    const [attempts, oneRegion] = await Promise.all([
      ports.decisions.attempts(transaction),
      ports.events.findDecision(transaction),
    ]);
    const decision = attempts.at(-1) ?? oneRegion;
    if (decision) changes.push({ decision });
  }
  const open = changes.filter((change) => resolverMessageFor(ports, change) !== undefined);
  const refused = await armResolver(ports, open);
  if (refused.length === 0) return { sent: open.length };
  throw new MeridianError('unavailable', "The resolver's queue has refused the message. Retry.", { retryable: true });
}
