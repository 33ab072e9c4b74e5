// After the last fault everything settles within a bound, no message is given up, and every Region answers.
import type { Checker } from './evidence/evidence.ts';
import type { LineOf, Violation } from './history.ts';

/** How a history ended. */
export const liveness: Checker = (evidence) => [
  ...evidence.lines('settled').flatMap((end) => [...late(end), ...givenUp(end)]),
  ...evidence.lines('unanswered').map(({ region, path, at, code }): Violation => {
    const what = `everything has settled, and ${region} answers GET ${path} at ${at} with ${code}`;
    return { property: 'liveness', what, ops: [], streams: [] };
  }),
];

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
