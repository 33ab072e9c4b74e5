import type { Domain, StreamDefinition, ViewDefinition } from '../../core/index.ts';
import { type FirstEvent, firstEventOf, idOf } from '../sample.ts';

/** An append of the check. */
export interface PlannedAppend {
  readonly id: string;
  readonly stream: string;
  readonly mode: StreamDefinition['mode'];
  readonly events: readonly FirstEvent['event'][];
  /** The Region that it is sent to. */
  readonly region: string;
  /** Another Region, which it is sent to again. */
  readonly elsewhere: string;
}

/** A row that appears in a view once the view includes the appends. */
export interface PlannedRow {
  readonly view: string;
  readonly key: string;
}

/** What is written, and the results that must follow. */
export interface Plan {
  readonly appends: readonly PlannedAppend[];
  /** Streams at home in two Regions, changed together; undefined if the domain has none. */
  readonly transaction: PlannedTransaction | undefined;
  readonly rows: readonly PlannedRow[];
  /** The parts that this domain does not allow, and why. */
  readonly missing: readonly string[];
}

export interface PlannedTransaction {
  /** The transaction's id, which begins with the Region that drives it. */
  readonly id: string;
  readonly region: string;
  readonly participants: readonly Pick<PlannedAppend, 'stream' | 'events'>[];
}

interface Chosen {
  readonly definition: StreamDefinition;
  readonly first: FirstEvent;
}

/** Plans the writes that the samples of a domain allow. @param key the prefix of every written id; it must be new */
export function planOf(domain: Domain, regions: readonly string[], key: string): Plan {
  const merge = chosen(domain, 'merge', (definition) => idOf(definition, regions, key) !== undefined);
  const home = chosen(domain, 'home', (definition) => homesOf(definition, regions, key).length > 0);
  const appends = [
    ...(merge ? appendsTo(merge, regions, { key, streams: mergeStreams(merge, regions, key) }) : []),
    ...(home ? appendsTo(home, regions, { key, streams: homesOf(home.definition, regions, key) }) : []),
  ];
  const transaction = home && transactionOf(home, regions, `${key}-tx`);
  const why = 'with a sample of an event that can be the first of a stream, and with ids such as';
  const ids = `${key} or ${regions[0]}.${key}`;
  return {
    appends,
    transaction,
    rows: [merge, home].flatMap((one) => (one ? rowsOf(domain, one, appends) : [])),
    missing: [
      ...(merge ? [] : [`no merge type ${why} ${ids}`]),
      ...(home ? [] : [`no home type ${why} ${ids}`]),
      ...(home && !transaction ? [`no ids of ${home.definition.type} that are at home in two Regions`] : []),
    ],
  };
}

function chosen(
  domain: Domain,
  mode: StreamDefinition['mode'],
  takesId: (definition: StreamDefinition) => boolean,
): Chosen | undefined {
  for (const definition of domain.streams.values()) {
    const first = definition.mode === mode && takesId(definition) ? firstEventOf(definition) : undefined;
    if (first) return { definition, first };
  }
  return undefined;
}

/** A stream, and the Region that appends to it. */
interface Target {
  readonly region: string;
  readonly id: string;
}

/** One stream, appended to in every Region at once. */
function mergeStreams({ definition }: Chosen, regions: readonly string[], key: string): readonly Target[] {
  const id = idOf(definition, regions, key);
  return id === undefined ? [] : regions.map((region) => ({ region, id }));
}

/** A stream at home in each Region that an id can name. */
function homesOf(definition: StreamDefinition, regions: readonly string[], key: string): readonly Target[] {
  return regions.flatMap((region) => {
    const id = idOf(definition, regions, key, (home) => home === region);
    return id === undefined ? [] : [{ region, id }];
  });
}

function appendsTo(
  { definition: { type, mode }, first }: Chosen,
  regions: readonly string[],
  { key, streams }: { readonly key: string; readonly streams: readonly Target[] },
): readonly PlannedAppend[] {
  return streams.map(({ region, id }) => ({
    id: `${key}-${type}-${region}`,
    stream: `${type}/${id}`,
    mode,
    events: [first.event],
    region,
    elsewhere: regions[(regions.indexOf(region) + 1) % regions.length] ?? region,
  }));
}

function transactionOf(
  { definition, first }: Chosen,
  regions: readonly string[],
  key: string,
): PlannedTransaction | undefined {
  const [one, other] = homesOf(definition, regions, key);
  if (!one || !other) return undefined;
  const participants = [one, other].map(({ id }) => ({ stream: `${definition.type}/${id}`, events: [first.event] }));
  return { id: `${one.region}:${key}`, region: one.region, participants };
}

/** The rows that result from the streams of a type. */
function rowsOf(
  domain: Domain,
  { definition, first }: Chosen,
  appends: readonly PlannedAppend[],
): readonly PlannedRow[] {
  const start = `${definition.type}/`;
  const ids = new Set(
    appends.filter(({ stream }) => stream.startsWith(start)).map(({ stream }) => stream.slice(start.length)),
  );
  const views = [...domain.views.values()].filter(({ of }) => of === definition);
  return views.flatMap((view) =>
    [...ids].flatMap((id) => keysOf(view, first.state, id).map((key) => ({ view: view.name, key }))),
  );
}

function keysOf(view: ViewDefinition, state: unknown, id: string): readonly string[] {
  if (view.kind === 'rows') return view.row(state, id) === undefined ? [] : [id];
  return Object.entries(view.totals(state, id)).flatMap(([key, sums]) =>
    Object.values(sums).some((sum) => sum !== 0) ? [key] : [],
  );
}
