// What an operation takes without faults stays within the stated limits.
import type { Checker } from './evidence/evidence.ts';

const MEASURES = ['writes', 'requests', 'roundTrips'] as const;

/** Writes, requests and round trips per operation. */
export const cost: Checker = (evidence) =>
  evidence.lines('cost').flatMap((line) =>
    MEASURES.flatMap((measure) => {
      if (line[measure] <= line.most[measure]) return [];
      const kind = `${line.of} on ${line.warm ? 'warm' : 'cold'} instances`;
      const what = `${kind} took ${line[measure]} ${measure}, at most ${line.most[measure]} are stated`;
      return [{ property: 'cost', what, ops: [line.op], streams: [] }];
    }),
  );
