// Graphs of dependencies between transactions, and cycles in them. After Adya, "Weak Consistency" (1999), and Kingsbury and Alvaro,
// "Elle: Inferring Isolation Anomalies from Experimental Observations" (2020).

/**
 * Why one transaction has to come before another one:
 * - `ww`: the second one overwrote what the first one wrote
 * - `wr`: the second one read what the first one wrote
 * - `rw`: the second one overwrote what the first one read
 * - `rt`: the first one was over before the second one began
 */
export type Dependency = 'ww' | 'wr' | 'rw' | 'rt';

/** Transactions are numbered from 0. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly why: Dependency;
  /** The stream that shows it; none for `rt`. */
  readonly stream?: string;
}

/** A cycle, as its edges in order, with the name of the anomaly that it is. */
export interface Cycle {
  readonly name: string;
  readonly edges: readonly Edge[];
}

/** Each cycle begins with an edge of one kind, and continues with edges of these kinds: the worst anomalies first. */
const ANOMALIES: readonly {
  readonly name: string;
  readonly first: Dependency;
  readonly others: readonly Dependency[];
}[] = [
  { name: 'G0', first: 'ww', others: ['ww'] },
  { name: 'G1c', first: 'wr', others: ['ww', 'wr'] },
  { name: 'G-single', first: 'rw', others: ['ww', 'wr'] },
  { name: 'G2', first: 'rw', others: ['ww', 'wr', 'rw'] },
  { name: 'G0-realtime', first: 'ww', others: ['ww', 'rt'] },
  { name: 'G1c-realtime', first: 'wr', others: ['ww', 'wr', 'rt'] },
  { name: 'G-single-realtime', first: 'rw', others: ['ww', 'wr', 'rt'] },
  { name: 'G2-realtime', first: 'rw', others: ['ww', 'wr', 'rw', 'rt'] },
];

/** The worst cycle of each group of transactions that depend on each other. */
export function cyclesIn(nodes: number, edges: readonly Edge[]): readonly Cycle[] {
  const from = outgoing(nodes, edges);
  return components(from).flatMap((members) => {
    const own = new Set(members);
    const inside = members.map((node) => (from[node] ?? []).filter(({ to }) => own.has(to)));
    const within = new Map(members.map((node, i) => [node, inside[i] ?? []]));
    return worstIn(within) ?? [];
  });
}

type Outgoing = ReadonlyMap<number, readonly Edge[]>;

function outgoing(nodes: number, edges: readonly Edge[]): readonly (readonly Edge[])[] {
  const from: Edge[][] = Array.from({ length: nodes }, () => []);
  for (const edge of edges) if (edge.from !== edge.to) from[edge.from]?.push(edge);
  return from;
}

function worstIn(from: Outgoing): Cycle | undefined {
  for (const { name, first, others } of ANOMALIES) {
    const starts = [...from.values()].flat().filter(({ why }) => why === first);
    const cycles = starts.flatMap((start) => {
      const back = shortestPath(from, start.to, start.from, others);
      return back ? [[start, ...back]] : [];
    });
    const [shortest] = cycles.sort((a, b) => a.length - b.length);
    if (shortest) return { name: isLostUpdate(shortest) ? 'lost update' : name, edges: shortest };
  }
  return undefined;
}

/** Two transactions have read the same version of a stream, and both have written it. */
function isLostUpdate(edges: readonly Edge[]): boolean {
  const [read, write, ...rest] = edges;
  return read?.why === 'rw' && write?.why === 'ww' && rest.length === 0 && read.stream === write.stream;
}

/** Breadth first. */
function shortestPath(
  from: Outgoing,
  start: number,
  goal: number,
  kinds: readonly Dependency[],
): readonly Edge[] | undefined {
  /** How each node was reached. */
  const by = new Map<number, Edge | undefined>([[start, undefined]]);
  for (const [node] of by)
    for (const edge of from.get(node) ?? []) {
      if (!kinds.includes(edge.why)) continue;
      if (edge.to === goal) return [...pathTo(by, node), edge];
      if (!by.has(edge.to)) by.set(edge.to, edge);
    }
  return undefined;
}

function pathTo(by: ReadonlyMap<number, Edge | undefined>, node: number): readonly Edge[] {
  const path: Edge[] = [];
  for (let edge = by.get(node); edge; edge = by.get(edge.from)) path.push(edge);
  return path.reverse();
}

/** A node that is being visited. */
interface Visit {
  readonly node: number;
  /** Index of its next edge. */
  next: number;
}

/**
 * The strongly connected components with more than one node. Tarjan, "Depth-First Search and Linear Graph Algorithms" (1972), with a
 * stack of its own: a history may have more transactions than the runtime has stack frames.
 */
function components(from: readonly (readonly Edge[])[]): readonly (readonly number[])[] {
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const stack: number[] = [];
  const isOpen = new Set<number>();
  const found: number[][] = [];
  const lower = (node: number, to = Number.POSITIVE_INFINITY) => low.set(node, Math.min(low.get(node) ?? to, to));
  const open = (node: number): Visit => {
    index.set(node, index.size);
    lower(node, index.get(node));
    stack.push(node);
    isOpen.add(node);
    return { node, next: 0 };
  };
  const close = (node: number): void => {
    const members = stack.splice(stack.lastIndexOf(node));
    for (const member of members) isOpen.delete(member);
    if (members.length > 1) found.push(members);
  };
  for (const root of from.keys()) {
    const visits = index.has(root) ? [] : [open(root)];
    for (let visit = visits.at(-1); visit; visit = visits.at(-1)) {
      const { node } = visit;
      const edge = from[node]?.[visit.next++];
      if (!edge) {
        if (low.get(node) === index.get(node)) close(node);
        visits.pop();
        const parent = visits.at(-1);
        if (parent) lower(parent.node, low.get(node));
      } else if (!index.has(edge.to)) visits.push(open(edge.to));
      else if (isOpen.has(edge.to)) lower(node, index.get(edge.to));
    }
  }
  return found;
}
