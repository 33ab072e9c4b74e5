import type { Effect, Kind } from '../checkers/history.ts';

/** Numbers of at least 0 and below 1. */
type Random = () => number;

/** The names and texts of seats and sets: few, so that operations meet. */
const PEOPLE = ['ann', 'bob', 'cid', 'dan'] as const;
const COLORS = ['red', 'green', 'blue'] as const;

/**
 * Draws what an operation does to a stream of a kind. Accounts get more than they give.
 * @param i number of the operation, from 0: every value that is appended or written, and every text, is a new one
 */
export function drawEffect(kind: Kind, i: number, random: Random): Effect {
  const value = i + 1;
  const isDrawn = (share: number): boolean => random() < share;
  switch (kind) {
    case 'list':
      return { do: 'append', value };
    case 'register':
      return { do: 'write', value };
    case 'balance':
      return { do: 'add', amount: isDrawn(0.4) ? -Math.round(1 + random() * 9) : 10 };
    case 'counter':
      return { do: 'add', amount: (i % MOST) + 1 };
    case 'seats':
      return { do: isDrawn(0.7) ? 'take' : 'release', by: pick(PEOPLE, random) };
    case 'set':
      return { do: isDrawn(0.6) ? 'insert' : 'remove', value: pick(COLORS, random) };
    case 'entries':
      return { do: 'note', text: `t${value}` };
  }
}

/** The most that is added to a counter. */
const MOST = 100;

/** One of several, each as likely as the others. */
function pick<T>(from: readonly [T, ...T[]], random: Random): T {
  return from[Math.floor(random() * from.length)] ?? from[0];
}
