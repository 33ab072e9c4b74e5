import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkHistory, encodeHistory, judgeHistory, parseHistory } from '../../checkers/index.ts';
import { goodHistories } from './a-model.ts';
import { mutations } from './mutations.ts';

describe('histories of a model that keeps every promise', () => {
  it('break none, and leave nothing undecided', () => {
    fc.assert(
      fc.property(goodHistories, (history) => {
        expect(judgeHistory(history)).toEqual({ violations: [], undecided: [] });
      }),
      { numRuns: 300 },
    );
  });

  it('are the same after they were written and read', () => {
    fc.assert(
      fc.property(goodHistories, (history) => {
        expect(parseHistory(encodeHistory(history))).toEqual(JSON.parse(JSON.stringify(history)));
      }),
      { numRuns: 30 },
    );
  });

  it.each(Object.entries(mutations))('are caught if %s', (_what, { mutate, shows }) => {
    let changed = 0;
    fc.assert(
      fc.property(goodHistories, fc.nat(), (history, choice) => {
        const mutant = mutate(history, choice);
        if (!mutant) return;
        changed++;
        const found = checkHistory(mutant).map(({ property }) => property);
        expect(found).toEqual(expect.arrayContaining([expect.stringMatching(shows)]));
      }),
      { numRuns: 60 },
    );
    expect(changed).toBeGreaterThan(0);
  });
});
