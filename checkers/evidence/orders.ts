// The order in which a `home` stream was written, as far as reads and what is stored show it.
import type { Violation } from '../history.ts';
import type { Evidence } from './evidence.ts';
import { show } from './json.ts';
import type { Look, Node } from './transactions.ts';
import { covers, type Dot, type Version } from './version.ts';

/** A write of the order. */
interface Entry {
  /** The transaction that has written it; undefined if it is not known. */
  readonly node: number | undefined;
  readonly dot: Dot | undefined;
}

export interface Order {
  readonly stream: string;
  readonly entries: readonly Entry[];
  /** How many of the entries a transaction has read; undefined if that is not known. */
  indexOf(look: Look): number | undefined;
  /** What cannot be, whatever the order is. */
  readonly violations: readonly Violation[];
}

/** A list that was shown. */
interface Shown {
  readonly ops: readonly number[];
  readonly values: readonly unknown[];
}

/** A write of a transaction to the stream. */
interface Written {
  readonly node: number;
  readonly value: unknown;
  readonly dot: Dot | undefined;
  readonly isAborted: boolean;
  /** False: the transaction has written the stream again. */
  readonly isLast: boolean;
}

function writesTo(stream: string, nodes: readonly Node[]): readonly Written[] {
  return nodes.flatMap(({ writes, fate }, node) => {
    const own = writes.filter((write) => write.stream === stream);
    return own.map(({ effect, dot }, i) => ({
      ...{ node, dot, isAborted: fate === 'none', isLast: i === own.length - 1 },
      value: 'value' in effect ? effect.value : undefined,
    }));
  });
}

/** The order of a list, by the longest one that was shown: every other one has to be a beginning of it. */
export function orderOfList(evidence: Evidence, stream: string, nodes: readonly Node[]): Order {
  const writes = new Map(writesTo(stream, nodes).map((write) => [write.value, write]));
  const shown = listsOf(evidence, stream);
  const { values: longest } = shown.reduce<Shown>((a, b) => (b.values.length > a.values.length ? b : a), {
    ops: [],
    values: [],
  });
  const isBeginning = (values: readonly unknown[]) => values.every((value, i) => value === longest[i]);
  const entries = longest.map((value) => ({ node: writes.get(value)?.node, dot: writes.get(value)?.dot }));
  const violation = (property: string, { ops, values }: Shown, what: string) => ({
    ...{ property, ops, streams: [stream] },
    what: `${stream} was shown as ${show(values)}, ${what}`,
  });
  const violations = shown.flatMap((one) => {
    const found: Violation[] = [];
    if (!isBeginning(one.values)) found.push(violation('incompatible order', one, `and as ${show(longest)}`));
    if (new Set(one.values).size < one.values.length) found.push(violation('duplicate', one, 'with a value twice'));
    for (const value of one.values) {
      const write = writes.get(value);
      if (!write) found.push(violation('unwritten read', one, `and ${show(value)} was not appended`));
      else if (write.isAborted)
        found.push(violation('G1a', one, `with ${show(value)} of ${nodes[write.node]?.what}, which is not committed`));
    }
    const last = writes.get(one.values.at(-1));
    if (last && !last.isLast) found.push(violation('G1b', one, `in the middle of ${nodes[last.node]?.what}`));
    return found;
  });
  return {
    ...{ stream, entries, violations },
    indexOf: ({ state, version }) =>
      Array.isArray(state) && isBeginning(state) ? state.length : version && indexOfVersion(entries, version),
  };
}

/** Every list that a Region has shown, or shows in the end. */
function listsOf(evidence: Evidence, stream: string): readonly Shown[] {
  const shown = [
    ...evidence
      .lines('read')
      .flatMap((read) =>
        read.stream === stream && read.result === 'ok' ? [{ ops: [read.op], state: read.state }] : [],
      ),
    ...evidence
      .lines('transact')
      .flatMap(({ op, checks }) =>
        checks.flatMap((check) => (check.stream === stream ? [{ ops: [op], state: check.state }] : [])),
      ),
    ...(evidence.stored.get(stream)?.replicas ?? []).map(({ state }) => ({ ops: [], state })),
  ];
  return shown.flatMap(({ ops, state }) => (Array.isArray(state) ? [{ ops, values: state }] : []));
}

/** The order of a register, by the positions of its commits. */
export function orderOfRegister(evidence: Evidence, stream: string, nodes: readonly Node[]): Order {
  const violations = dirtyReads(evidence, stream, nodes, writesTo(stream, nodes));
  return { ...orderByDots(stream, nodes), violations };
}

/** The order of any other stream, by the positions of its commits. */
export function orderByDots(stream: string, nodes: readonly Node[]): Order {
  const writes = writesTo(stream, nodes);
  const placed = writes.flatMap(({ node, dot, isAborted }) => (dot && !isAborted ? [{ node, dot }] : []));
  const logs = new Set(placed.map(({ dot }) => dot.log));
  const entries = logs.size > 1 ? [] : placed.sort((a, b) => a.dot.position - b.dot.position);
  return {
    ...{ stream, entries, violations: [] },
    indexOf: ({ version }) => version && indexOfVersion(entries, version),
  };
}

/** How many of the entries a version covers; undefined if it covers later ones without earlier ones, or if some place is not known. */
function indexOfVersion(entries: readonly Entry[], version: Version): number | undefined {
  if (entries.some(({ dot }) => !dot)) return undefined;
  const isCovered = ({ dot }: Entry) => dot !== undefined && covers(version, dot);
  const index = entries.findIndex((entry) => !isCovered(entry));
  if (index < 0) return entries.length;
  return entries.slice(index).some(isCovered) ? undefined : index;
}

/** Reads of a register whose value was only written by what was aborted, or not at all. */
function dirtyReads(
  evidence: Evidence,
  stream: string,
  nodes: readonly Node[],
  writes: readonly Written[],
): readonly Violation[] {
  return evidence.lines('read').flatMap((read) => {
    const { op, result, state } = read;
    if (read.stream !== stream || result !== 'ok' || typeof state !== 'number') return [];
    const writers = writes.filter(({ value }) => value === state);
    const [aborted] = writers;
    if (writers.some(({ isAborted }) => !isAborted)) return [];
    const what = aborted
      ? `${stream} was shown as ${state} of ${nodes[aborted.node]?.what}, which is not committed`
      : `${stream} was shown as ${state}, which was not written`;
    return [{ property: aborted ? 'G1a' : 'unwritten read', what, ops: [op], streams: [stream] }];
  });
}
