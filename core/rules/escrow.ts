// A number that stays above a bound although every Region takes from it: each Region takes only what its own log holds.
// Source: the escrow method of O'Neil, ACM TODS 11 (4), 1986; as a replicated type, the bounded counter of Balegas et
// al., SRDS 2015. What a log holds is never a field of an event, and never negative where the log is written.
import type { DecideContext, LogOwner } from '../definition/stream.ts';
import { dotOfEvent } from '../facts/commit.ts';
import { MeridianError, reject } from '../facts/errors.ts';
import type { Rule } from './rule.ts';

/** A change to a bounded counter, by the log that it is written to. Amounts are whole numbers from 0. */
export type EscrowChange =
  /** Raises the value; the log may take as much more. */
  | { readonly grant: number }
  /** Lowers the value, and what the log may take. */
  | { readonly use: number }
  /** Passes on what the log may take, to another log. */
  | { readonly move: number; readonly to: string }
  /** Takes over what a log may take that no Region writes any more. */
  | { readonly reclaim: number; readonly from: string };

/** A number above a bound, and how much of it each log may take. */
export interface BoundedCounter {
  readonly value: number;
  /** By log. Together they are the value minus the bound. */
  readonly rights: Readonly<Record<string, number>>;
}

/**
 * A number that never falls below a bound, in a type with `escrow`. Its commands ask `checkRights` before they take. A command that grants or
 * moves names the Region, and has that Region as the `home` of the command: a retry elsewhere would grant twice.
 * @param bound the lowest value, which is also the first one: a whole number
 * @throws Error when the bound is not a whole number below 2^53
 */
export function boundedCounter(bound = 0): Rule<BoundedCounter, EscrowChange> {
  if (!Number.isSafeInteger(bound)) throw new Error(`A bound is a whole number below 2^53, not ${bound}.`);
  return {
    name: 'boundedCounter',
    initial: { value: bound, rights: {} },
    conflicts: () => [],
    apply({ value, rights }, { by, change }) {
      const held = new Map(Object.entries(rights));
      const add = (log: string, amount: number): number => {
        held.set(log, (held.get(log) ?? 0) + amount + 0);
        return amount;
      };
      const { log } = dotOfEvent(by);
      const raised = applyTo(add, log, change);
      return { value: value + raised + 0, rights: Object.fromEntries(held) };
    },
  };
}

/** @returns by how much the value rises */
function applyTo(add: (log: string, amount: number) => number, log: string, change: EscrowChange): number {
  if ('grant' in change) return add(log, whole(change.grant));
  if ('use' in change) return add(log, -whole(change.use));
  if ('move' in change) return add(log, -whole(change.move)) + add(change.to, change.move);
  if ('reclaim' in change) return add(change.from, -whole(change.reclaim)) + add(log, change.reclaim);
  throw new Error(`A change has one of grant, use, move, reclaim, not ${Object.keys(change).join(', ')}.`);
}

function whole(amount: number): number {
  if (Number.isSafeInteger(amount) && amount >= 0) return amount;
  throw new Error(`An amount is a whole number from 0, not ${amount}: let the event's schema refuse others.`);
}

/** How much a log may take. */
export function rightsOf({ rights }: BoundedCounter, log: string): number {
  return (Object.hasOwn(rights, log) && rights[log]) || 0;
}

/**
 * Refuses a command that takes or moves more than the deciding log may take.
 * @throws MeridianError `rejected`, with `reason` `no-rights`, the `rights` of this log, and those `elsewhere`
 * @throws Error when the amount is not a whole number from 0: nothing is written
 */
export function checkRights(counter: BoundedCounter, amount: number, context: DecideContext): void {
  const rights = rightsOf(counter, writerIn(context).log);
  if (whole(amount) <= rights) return;
  const all = Object.values(counter.rights).reduce((sum, each) => sum + each, 0);
  const details = { reason: 'no-rights', rights, elsewhere: all - rights };
  throw reject(`Only ${rights} can be taken in this Region, and ${all - rights} in others.`, details);
}

/** The log that a Region writes: what is moved to the Region is moved to this log. @throws MeridianError `rejected`: no such Region */
export function logOf(context: DecideContext, region: string): string {
  const { logs } = writerIn(context);
  if (Object.hasOwn(logs, region) && logs[region] !== undefined) return logs[region];
  throw reject(`${region} is not a Region of the deployment: ${Object.keys(logs).join(', ')}.`);
}

/**
 * What can be taken over from a log: all that it may take, as far as this Region has seen.
 * @throws MeridianError `rejected`: a Region of the deployment writes the log
 */
export function reclaimable(counter: BoundedCounter, from: string, context: DecideContext): number {
  const owner = Object.entries(writerIn(context).logs).find(([, log]) => log === from);
  if (owner) throw reject(`${owner[0]} writes the log ${from}: only what a lost log holds can be reclaimed.`);
  return Math.max(0, rightsOf(counter, from));
}

function writerIn({ writer }: DecideContext): LogOwner {
  if (writer) return writer;
  throw new MeridianError('internal', 'A bounded counter needs `escrow: true` in the definition of its stream type.');
}
