// Each `home` stream behaves like one object that takes one operation at a time.
import { homesIn } from './evidence/homes.ts';
import { typesIn } from './evidence/lines.ts';
import { requestsIn } from './evidence/requests.ts';
import { storedIn } from './evidence/stored.ts';
import type { Checker, Finding, History, Undecided, Violation } from './history.ts';
import { type Home, type HomeStep, keyOfHome, startOf, stepsOn } from './reference/home.ts';
import { linearize } from './reference/linearize.ts';

/** How many sets of operations are looked at per stream. An ordinary history of 100 operations takes about 100. */
const BUDGET = 50_000;

/** The operations on every `home` stream. Streams that could not be decided are not violations: {@link judgeHomes} names them. */
export const linearizable: Checker = (history) => judgeHomes(history).violations;

/** @param budget how many sets of operations may be looked at per stream */
export function judgeHomes(
  history: History,
  budget = BUDGET,
): { readonly violations: readonly Violation[]; readonly undecided: readonly Undecided[] } {
  const types = typesIn(history);
  const stored = storedIn(history);
  const requests = requestsIn(history, stored);
  const homes = homesIn(history, stored);
  const violations: Violation[] = [];
  const undecided: Undecided[] = [];
  for (const stream of streamsIn(history)) {
    const type = types(stream);
    const home = homes(stream);
    if (type?.mode !== 'home' || home === 'changed') continue;
    const steps = stepsOn({ history, stream, type, requests, stored: stored.get(stream), home });
    const { verdict, order } = linearize<Home>(steps, startOf(type), keyOfHome, budget);
    if (verdict === 'no') violations.push(withoutOrder(stream, steps, order));
    if (verdict === 'undecided') undecided.push(tooMany(stream, steps, budget));
  }
  return { violations, undecided };
}

function streamsIn(history: History): ReadonlySet<string> {
  return new Set(
    history.flatMap((line) =>
      line.line === 'append' || line.line === 'read'
        ? line.stream
        : line.line === 'transact'
          ? [...line.participants, ...line.checks].map(({ stream }) => stream)
          : [],
    ),
  );
}

function withoutOrder(stream: string, steps: readonly HomeStep[], order: readonly number[]): Finding {
  const rest = steps.filter(({ must }, i) => must && !order.includes(i));
  const [next] = rest.toSorted((a, b) => a.end - b.end);
  return {
    property: 'linearizable',
    what: `no order explains the operations on ${stream}: at most ${order.length} of ${steps.length} can be put in one, and then not ${next?.what ?? 'the others'}`,
    ops: rest.flatMap(({ ops }) => ops),
    streams: [stream],
  };
}

function tooMany(stream: string, steps: readonly HomeStep[], budget: number): Finding {
  return {
    property: 'linearizable',
    what: `${steps.length} operations on ${stream} have more than ${budget} orders to look at`,
    ops: [],
    streams: [stream],
  };
}
