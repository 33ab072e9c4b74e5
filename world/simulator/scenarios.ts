import { DECISIONS } from '../../core/names.ts';
import type { SweepOptions } from './sweep.ts';
import type { Waits } from './waits.ts';

/** A transaction to crash, and what it must be about. */
export interface Scenario {
  readonly options: SweepOptions;
  /** The waits that must occur in the run without a crash: otherwise the scenario does not show what it is meant to show. */
  readonly has: readonly (keyof Waits)[];
}

const dying = { participants: 2, driver: 'dies' } as const;
const stalling = { participants: 2, driver: 'stalls' } as const;

/** What `npm run crash-sweep` crashes. */
export const scenarios: readonly Scenario[] = [
  ...DECISIONS.flatMap((decisions) =>
    [2, 3, 5].map((participants) => ({ options: { participants, decisions }, has: [] })),
  ),
  { options: { participants: 3, decisions: 'strong', oneRegion: true }, has: [] },
  // Each of two transactions holds what the other one needs: one waits for it, the other one lets go and waits for its turn.
  { options: { participants: 2, decisions: 'strong', rival: 'at once' }, has: ['marks', 'turns'] },
  { options: { participants: 3, decisions: 'eventual', rival: 'at once' }, has: ['marks', 'turns'] },
  { options: { participants: 2, decisions: 'eventual', rival: 'at once', twice: true }, has: ['marks', 'turns'] },
  { options: { participants: 2, decisions: 'strong', rival: 'younger' }, has: ['marks'] },
  { options: { participants: 2, decisions: 'eventual', rival: 'older' }, has: ['marks'] },
  // No driver is left: the writer that waits ends the attempt, as itself or through the Region that decides.
  { options: { ...dying, decisions: 'strong', rival: 'younger' }, has: ['marks', 'turns', 'earlyEnds'] },
  { options: { ...dying, decisions: 'eventual', rival: 'older' }, has: ['marks', 'earlyEnds'] },
  { options: { ...dying, decisions: 'strong', rival: 'append' }, has: ['earlyEnds'] },
  { options: { ...dying, decisions: 'eventual', rival: 'append' }, has: ['earlyEnds'] },
  // The driver and the writer that waits decide at the same moment. Which of them is first differs between the histories.
  { options: { ...stalling, decisions: 'strong', rival: 'older' }, has: ['marks', 'lateEnds'] },
  { options: { ...stalling, decisions: 'eventual', rival: 'younger' }, has: ['marks', 'turns', 'lateEnds'] },
  { options: { ...stalling, decisions: 'strong', rival: 'append' }, has: ['lateEnds'] },
];

const RIVALS = {
  'at once': 'a rival at once',
  younger: 'a younger rival',
  older: 'an older rival',
  append: 'an append',
} as const;

/** What happens in a scenario: `2 participants, strong decisions, an older rival, the driver stalls`. */
export function titleOf({ participants, decisions, oneRegion, rival, driver, twice }: SweepOptions): string {
  return [
    `${participants} participants`,
    oneRegion ? 'in one Region' : `${decisions} decisions`,
    ...(rival ? [RIVALS[rival]] : []),
    ...(driver ? [`the driver ${driver}`] : []),
    ...(twice ? ['everything twice'] : []),
  ].join(', ');
}

/** The waits that a scenario lacks. @param without those in the run without a crash */
export function lackingIn({ has }: Scenario, without: Waits): readonly (keyof Waits)[] {
  return has.filter((kind) => without[kind] === 0);
}
