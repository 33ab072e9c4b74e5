// Transactions on `home` streams, and the appends and reads between them, have the effect of some order, which respects time. Cycles of
// dependencies are found as in Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies from Experimental Observations" (2020).
import type { Checker } from './evidence/evidence.ts';
import { canonical } from './evidence/json.ts';
import { type Order, orderByDots, orderOfList, orderOfRegister } from './evidence/orders.ts';
import { type Node, nodesIn } from './evidence/transactions.ts';
import type { Violation } from './history.ts';
import { type Cycle, cyclesIn, type Edge } from './reference/graph.ts';
import { realtimeEdges } from './reference/realtime.ts';

/** Anomalies of transactions, by their names. */
export const serializable: Checker = (evidence) => {
  const nodes = nodesIn(evidence);
  const streams = new Set(nodes.flatMap(({ writes, looks }) => [...writes, ...looks].map(({ stream }) => stream)));
  const orders = [...streams].map((stream) => {
    const kind = evidence.typeOf(stream)?.kind;
    if (kind === 'list' && isDistinct(stream, nodes)) return orderOfList(evidence, stream, nodes);
    return kind === 'register' ? orderOfRegister(evidence, stream, nodes) : orderByDots(stream, nodes);
  });
  const edges = [...orders.flatMap((order) => dependencies(order, nodes)), ...realtimeEdges(nodes)];
  const cycles = cyclesIn(nodes.length, edges).map((cycle) => anomaly(cycle, nodes));
  return [...orders.flatMap(({ violations }) => violations), ...cycles];
};

/** Whether a value shows who has written it. */
function isDistinct(stream: string, nodes: readonly Node[]): boolean {
  const writes = nodes.flatMap((node) => node.writes.filter((write) => write.stream === stream));
  return new Set(writes.map(({ effect }) => canonical(effect))).size === writes.length;
}

/** What the order of one stream says about the order of the transactions on it. */
function dependencies(order: Order, nodes: readonly Node[]): readonly Edge[] {
  const { stream, entries } = order;
  const between = (from: number | undefined, to: number | undefined, why: Edge['why']): readonly Edge[] =>
    from === undefined || to === undefined ? [] : [{ from, to, why, stream }];
  const writes = entries.flatMap(({ node }, i) => (i === 0 ? [] : between(entries[i - 1]?.node, node, 'ww')));
  const looks = nodes.flatMap(({ looks }, node) =>
    looks.flatMap((look) => {
      const index = look.stream === stream ? order.indexOf(look) : undefined;
      if (index === undefined) return [];
      return [...between(entries[index - 1]?.node, node, 'wr'), ...between(node, entries[index]?.node, 'rw')];
    }),
  );
  return [...writes, ...looks];
}

const REASONS: Readonly<Record<Edge['why'], string>> = {
  ww: 'was overwritten by',
  wr: 'was read by',
  rw: 'has not read what was written by',
  rt: 'was over before',
};

function anomaly({ name, edges }: Cycle, nodes: readonly Node[]): Violation {
  const steps = edges.map(
    ({ from, why, stream }) => `${nodes[from]?.what} ${REASONS[why]}${stream ? ` (${stream})` : ''}`,
  );
  const involved = edges.flatMap(({ from }) => nodes[from] ?? []);
  return {
    property: name,
    what: `${steps.join(' ')} ${nodes[edges[0]?.from ?? 0]?.what}`,
    ops: involved.flatMap(({ ops }) => ops),
    streams: [...new Set(edges.flatMap(({ stream }) => stream ?? []))],
  };
}
