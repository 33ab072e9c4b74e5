import { describe, expect, it } from 'vitest';
import { MeridianError } from '../../../core/facts/errors.ts';
import type { Decision } from '../../../core/index.ts';
import type { FaultyPorts } from '../../../world/region/faults.ts';
import { histories, type SweepOptions } from '../../../world/simulator/sweep.ts';

/** Replaces the store of decisions. */
function withPut(put: (ports: FaultyPorts, decision: Decision) => Promise<Decision | undefined>) {
  return (ports: FaultyPorts): FaultyPorts => ({
    ...ports,
    decisions: { ...ports.decisions, put: (decision) => put(ports, decision) },
  });
}

/** True for an attempt that ends although its transaction may make another one. */
function isBusy({ attempt, final }: Decision): boolean {
  return attempt > 0 && !final;
}

/** The violations up to the first one that matches. */
async function violationsUpTo(what: RegExp, options: SweepOptions): Promise<string> {
  const found = new Set<string>();
  for await (const { violations } of histories(options)) {
    for (const violation of violations) found.add(violation);
    if (violations.some((violation) => what.test(violation))) break;
  }
  return [...found].join('\n');
}

describe('the sweep', () => {
  const options: SweepOptions = { participants: 2, decisions: 'strong' };
  const stalling: SweepOptions = { ...options, rival: 'older', driver: 'stalls' };

  it('finds a commit without a record', async () => {
    const what = /not atomic|is still locked|is unknown, but/;
    const violations = await violationsUpTo(what, { ...options, replacePorts: withPut(async () => undefined) });
    expect(violations).toMatch(what);
  });

  it('detects missing recovery of orphaned intents', async () => {
    const what = /is still locked/;
    const violations = await violationsUpTo(what, {
      ...options,
      replacePorts: (ports) => ({ ...ports, resolver: { send: async (messages) => messages.map(() => undefined) } }),
    });
    expect(violations).toMatch(what);
  });

  it('detects an intent that is committed before the decision', async () => {
    const what = /not atomic/;
    const violations = await violationsUpTo(what, {
      ...options,
      replacePorts: (ports) => ({
        ...ports,
        events: {
          ...ports.events,
          put: async (commit) => {
            const taken = await ports.events.put(commit);
            if (!taken && commit.tx) await ports.events.finalise(commit, 'committed');
            return taken;
          },
        },
      }),
    });
    expect(violations).toMatch(what);
  });

  it.each(['aborted', 'committed'] as const)('detects a mark that also makes the intent %s', async (state) => {
    const what = /but [01],[01] commits are visible/;
    const violations = await violationsUpTo(what, {
      ...options,
      rival: 'younger',
      replacePorts: (ports) => ({
        ...ports,
        events: {
          ...ports.events,
          mark: async (intent, next) => {
            await ports.events.finalise(intent, state);
            return ports.events.mark(intent, next);
          },
        },
      }),
    });
    expect(violations).toMatch(what);
  });

  it('detects an early end that is not recorded', async () => {
    const what = /not atomic/;
    const violations = await violationsUpTo(what, {
      ...stalling,
      replacePorts: withPut(async ({ decisions }, decision) =>
        isBusy(decision) ? undefined : decisions.put(decision),
      ),
    });
    expect(violations).toMatch(what);
  });

  it('detects an early end that counts although the attempt is already decided', async () => {
    const what = /not atomic/;
    const violations = await violationsUpTo(what, {
      ...stalling,
      rival: 'append',
      replacePorts: withPut(async ({ decisions }, decision) => {
        const standing = await decisions.put(decision);
        return isBusy(decision) ? undefined : standing;
      }),
    });
    expect(violations).toMatch(what);
  });

  it('detects an early end that leaves a transaction without an outcome', async () => {
    const what = /is undecided|still waits/;
    const violations = await violationsUpTo(what, {
      ...stalling,
      replacePorts: withPut(async ({ decisions }, decision) =>
        decisions.put(isBusy(decision) ? { ...decision, timeout: Number.MAX_SAFE_INTEGER } : decision),
      ),
    });
    expect(violations).toMatch(what);
  });

  it('detects an append that no early end lets pass', async () => {
    const what = /the append got status/;
    const violations = await violationsUpTo(what, {
      ...options,
      rival: 'append',
      driver: 'dies',
      replacePorts: withPut(async ({ decisions }, decision) => {
        if (isBusy(decision)) throw new MeridianError('unavailable', 'Retry.', { retryable: true });
        return decisions.put(decision);
      }),
    });
    expect(violations).toMatch(what);
  });
});
