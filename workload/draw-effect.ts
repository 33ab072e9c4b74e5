import type { Effect, Kind } from '../checkers/history.ts';
import type { Dice } from './dice.ts';

/** The names and texts of seats and sets: few, so that operations meet. */
const PEOPLE = ['ann', 'bob', 'cid', 'dan'] as const;
const COLORS = ['red', 'green', 'blue'] as const;

/**
 * Draws what an operation does to a stream of a kind. Accounts get more than they give.
 * @param regions of the deployment, whose logs have their names
 * @param i number of the operation, from 0: every value that is appended or written, and every text, is a new one
 */
export function drawEffect(kind: Kind, i: number, dice: Dice, regions: readonly string[]): Effect {
  const value = i + 1;
  switch (kind) {
    case 'list':
      return { do: 'append', value };
    case 'register':
      return { do: 'write', value };
    case 'balance':
      return { do: 'add', amount: dice.chance(0.4) ? -Math.round(dice.between(1, 10)) : 10 };
    case 'counter':
      return { do: 'add', amount: (i % MOST) + 1 };
    case 'seats':
      return { do: dice.chance(0.7) ? 'take' : 'release', by: dice.pick(PEOPLE) };
    case 'set':
      return { do: dice.chance(0.6) ? 'insert' : 'remove', value: dice.pick(COLORS) };
    case 'escrow': {
      const amount = 1 + dice.below(5);
      const roll = dice.between(0, 1);
      if (roll < 0.3) return { do: 'grant', amount, region: dice.pick(regions) };
      return roll < 0.8
        ? { do: 'use', amount }
        : { do: 'move', amount, from: dice.pick(regions), to: dice.pick(regions) };
    }
    case 'claims':
      return { do: 'claim', by: dice.pick(PEOPLE) };
    case 'entries':
      return { do: 'note', text: `t${value}` };
  }
}

/** The most that is added to a counter. */
const MOST = 100;
