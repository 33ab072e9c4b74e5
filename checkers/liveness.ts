// After the last fault everything settles within a bound, and no message is given up.
import type { Checker } from './evidence/evidence.ts';
import type { LineOf, Violation } from './history.ts';

/** How a history ended. */
export const liveness: Checker = (evidence) =>
  evidence.lines('settled').flatMap((end) => [...late(end), ...givenUp(end)]);

function late({ lastFault, at, bound }: LineOf<'settled'>): readonly Violation[] {
  if (at !== undefined && at - lastFault <= bound) return [];
  const found = at === undefined ? 'it did not settle' : `it took ${at - lastFault} ms`;
  const what = `everything should settle within ${bound} ms after the last fault, at ${lastFault}; ${found}`;
  return [{ property: 'liveness', what, ops: [], streams: [] }];
}

function givenUp({ deadLetters }: LineOf<'settled'>): readonly Violation[] {
  return Object.entries(deadLetters).flatMap(([queue, count]) => {
    if (count === 0) return [];
    return [{ property: 'no dead letter', what: `${count} messages were given up: ${queue}`, ops: [], streams: [] }];
  });
}
