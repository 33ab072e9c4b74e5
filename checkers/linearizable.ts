// Each `home` and each `strong` stream behaves like one object that takes one operation at a time.
import type { Checker, Evidence } from './evidence/evidence.ts';
import type { Finding, Undecided, Violation } from './history.ts';
import { type Home, type HomeStep, keyOfHome, startOf, stepsOn } from './reference/home.ts';
import { linearize } from './reference/linearize.ts';

/** How many sets of operations are looked at per stream. An ordinary history of 100 operations takes about 100. */
const BUDGET = 50_000;

/** The operations on every `home` and `strong` stream. Streams that could not be decided are not violations: {@link judgeHomes} names them. */
export const linearizable: Checker = (evidence) => judgeHomes(evidence).violations;

/** @param budget how many sets of operations may be looked at per stream */
export function judgeHomes(
  evidence: Evidence,
  budget = BUDGET,
): { readonly violations: readonly Violation[]; readonly undecided: readonly Undecided[] } {
  const violations: Violation[] = [];
  const undecided: Undecided[] = [];
  for (const stream of streamsIn(evidence)) {
    const type = evidence.typeOf(stream);
    if (!type || !evidence.isSerial(stream)) continue;
    const steps = stepsOn({ evidence, stream, type });
    const { verdict, order } = linearize<Home>(steps, startOf(type), keyOfHome, budget);
    if (verdict === 'no') violations.push(withoutOrder(stream, steps, order));
    if (verdict === 'undecided') undecided.push(tooMany(stream, steps, budget));
  }
  return { violations, undecided };
}

function streamsIn(evidence: Evidence): ReadonlySet<string> {
  const lines = [...evidence.lines('append'), ...evidence.lines('read')];
  const parts = evidence.lines('transact').flatMap(({ participants, checks }) => [...participants, ...checks]);
  return new Set([...lines, ...parts].map(({ stream }) => stream));
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
