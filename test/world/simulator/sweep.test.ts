import { describe, expect, it } from 'vitest';
import { portsAround } from '../../../world/region/faults.ts';
import { runHistory } from '../../../world/simulator/history.ts';
import { titleOf } from '../../../world/simulator/scenarios.ts';
import { type SweepOptions, sweepOnce, sweepTwice } from '../../../world/simulator/sweep.ts';
import { seeded } from '../../../world/time/randomness.ts';

const sweeps: readonly SweepOptions[] = [
  { participants: 2, decisions: 'strong' },
  { participants: 3, decisions: 'strong' },
  { participants: 5, decisions: 'strong' },
  { participants: 2, decisions: 'eventual' },
  { participants: 3, decisions: 'strong', oneRegion: true },
];

describe('a transaction that crashes at any call of a port, before or after the call takes effect', () => {
  it.each(sweeps.map((options) => [titleOf(options), options] as const))(
    'is atomic, reported truthfully, and releases its streams in time: %s',
    async (_name, options) => {
      const { violations, outcomes, points } = await sweepOnce(options, 'in turn');
      expect(violations).toEqual([]);
      // The crashes matter: some of these transactions have no outcome, others were finished by recovery.
      expect(points).toBeGreaterThanOrEqual(options.oneRegion ? 10 : 2 * (2 * options.participants + 1));
      expect(outcomes.committed).toBeGreaterThan(0);
      if (!options.oneRegion) expect(outcomes.aborted).toBeGreaterThan(0);
    },
    180_000,
  );

  it('is still atomic and reported truthfully if its recovery crashes too', async () => {
    const random = seeded(7);
    const { violations, histories } = await sweepTwice({ participants: 3, decisions: 'strong' }, 60, (count) =>
      Math.floor(random() * count),
    );
    expect(histories).toBe(60);
    expect(violations).toEqual([]);
  }, 120_000);
});

describe('the cost of a transaction', () => {
  const countOf = (calls: readonly string[], name: string) => calls.filter((call) => call.endsWith(` ${name}`)).length;

  it.each([2, 3, 5])('is 2k + 1 writes in several Regions, k = %i', async (participants) => {
    const { calls } = await runHistory({ participants, decisions: 'strong', crashes: [] });
    expect(countOf(calls, 'events.put')).toBe(participants);
    expect(countOf(calls, 'decisions.put')).toBe(1);
    expect(countOf(calls, 'events.finalise')).toBe(participants);
    expect(countOf(calls, 'events.transact') + countOf(calls, 'events.putDecision')).toBe(0);
  });

  it.each([2, 3, 5])(
    'is one cross-Region round trip and one decision before the outcome is known, k = %i',
    async (participants) => {
      const { calls } = await runHistory({ participants, decisions: 'eventual', crashes: [] });
      const decided = calls.findIndex((call) => call.endsWith(' decisions.put'));
      const before = calls.slice(0, decided);
      const elsewhere = Array.from({ length: participants }, (_, i) => i % 3).filter((region) => region > 0).length;
      // The requests are concurrent, and each is made once: none waits for the response to another.
      expect(countOf(before, 'participants.invoke')).toBe(elsewhere);
      expect(countOf(before, 'remote.invoke')).toBe(0);
      expect(before.filter((call) => call.startsWith('us-east-2') && call.endsWith('.invoke'))).toEqual([]);
    },
  );

  it('waits for no quorum before the decision', async () => {
    const quorums: string[] = [];
    await runHistory({
      participants: 3,
      decisions: 'strong',
      crashes: [],
      replacePorts: (ports) =>
        portsAround(ports, (call, name, args) => {
          if (name.startsWith('decisions.') && !args.includes('local')) quorums.push(name);
          return call(args);
        }),
    });
    expect(quorums[0]).toBe('decisions.put');
  });

  it('is one write in one Region', async () => {
    const { calls } = await runHistory({ participants: 5, decisions: 'strong', oneRegion: true, crashes: [] });
    expect(countOf(calls, 'events.transact')).toBe(1);
    const writes = ['events.put', 'events.finalise', 'events.putDecision', 'decisions.put', 'machine.start'];
    expect(writes.map((name) => countOf(calls, name))).toEqual(writes.map(() => 0));
  });
});
