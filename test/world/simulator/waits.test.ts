import { describe, expect, it } from 'vitest';
import { runHistory } from '../../../world/simulator/history.ts';
import { lackingIn, type Scenario, scenarios, titleOf } from '../../../world/simulator/scenarios.ts';
import { sweepOnce } from '../../../world/simulator/sweep.ts';

const withRival = scenarios.filter(({ options }) => options.rival);

function named(all: readonly Scenario[]) {
  return all.map((scenario) => [titleOf(scenario.options), scenario] as const);
}

describe('writers that compete for streams, without a crash', () => {
  it.each(named(withRival))('wait as the scenario is meant to, and have an outcome: %s', async (_name, scenario) => {
    const { options } = scenario;
    const { waits, outcome, rival, violations } = await runHistory({ ...options, crashes: [] });
    expect(violations).toEqual([]);
    expect({ waits, lacks: lackingIn(scenario, waits) }).toEqual({ waits, lacks: [] });
    expect(outcome).toBe(options.driver === 'dies' ? 'aborted' : 'committed');
    // Of three streams, the rival checks one that the transaction changes.
    if (options.rival !== 'append') expect(rival).toBe(options.participants > 2 ? 'aborted' : 'committed');
  });
});

describe('writers that compete for streams, and crash at any call of a port', () => {
  /** The fewest scenarios with every kind of wait and of rival; the others differ in how decisions are stored. */
  const chosen = withRival.filter(({ options: { participants, decisions, rival, driver, twice } }) => {
    if (participants !== 2) return false;
    if (twice) return true;
    if (driver === 'stalls') return rival === 'older';
    if (driver === 'dies') return rival === 'younger' || (rival === 'append' && decisions === 'eventual');
    return rival === 'at once';
  });

  it.each(named(chosen))(
    'are atomic, reported truthfully, and do not wait permanently: %s',
    async (_name, { options }) => {
      const { violations, waits, outcomes, rivals } = await sweepOnce(options, 'in turn');
      expect(violations).toEqual([]);
      if (options.driver !== 'dies') expect(outcomes.committed).toBeGreaterThan(0);
      if (options.rival !== 'append') expect(rivals.committed).toBeGreaterThan(0);
      expect(waits.all.earlyEnds).toBeGreaterThan(0);
      // Either of the two that decide at the same moment is first in some histories.
      if (options.driver === 'stalls') expect(waits.all.lateEnds).toBeGreaterThan(0);
    },
    180_000,
  );
});
