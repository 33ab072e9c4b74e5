import { isTable } from '../world/region/port-failures.ts';
import type { Fault } from '../world/weather.ts';

/** Which function calls which ports: everything that a history can show. */
const CALLS: Readonly<Record<string, readonly string[]>> = {
  api: [
    ...['decisions.attempts', 'decisions.find', 'decisions.put'],
    ...['events.at', 'events.finalise', 'events.findDecision', 'events.load', 'events.loadLog', 'events.put'],
    ...['events.putDecision', 'events.transact', 'machine.start', 'participants.invoke', 'remote.invoke'],
    ...['snapshots.drop', 'snapshots.newest', 'snapshots.put', 'views.generations', 'views.rows', 'views.totals'],
    ...['ledger.page', 'placements.records'],
  ],
  command: [
    ...['decisions.attempts', 'decisions.find', 'decisions.put'],
    ...['events.at', 'events.finalise', 'events.findDecision', 'events.load', 'events.loadLog', 'events.put'],
    ...['events.putDecision', 'events.transact', 'machine.start', 'participants.invoke'],
    ...['placements.records', 'snapshots.newest', 'snapshots.put'],
  ],
  coordinate: ['decisions.attempts', 'decisions.put', 'events.findDecision', 'placements.records'],
  ingest: [
    ...['bus.put', 'decisions.find', 'decisions.put'],
    ...['events.at', 'events.finalise', 'events.load', 'events.loadLog', 'events.put'],
    ...['participants.invoke', 'remote.invoke', 'snapshots.newest', 'snapshots.put'],
    ...['ingest.send', 'placements.records', 'quarantine.send', 'snapshots.drop'],
  ],
  operate: [
    ...['bus.put', 'decisions.find', 'decisions.scan', 'events.load', 'events.scan', 'resolver.send'],
    ...['ingest.send', 'quarantine.count', 'quarantine.receive', 'quarantine.release', 'quarantine.remove'],
    ...['views.apply', 'views.entries', 'views.generations', 'views.setGenerations'],
    ...['events.taken', 'ledger.ofStream', 'ledger.watched', 'lookAgain.send', 'projection.send'],
    ...['placements.put', 'placements.records'],
  ],
  participant: [
    ...['decisions.find', 'decisions.put'],
    ...['events.at', 'events.finalise', 'events.load', 'events.loadLog', 'events.mark', 'events.put'],
    ...['participants.invoke', 'placements.records', 'snapshots.newest', 'snapshots.put'],
  ],
  projection: [
    ...['ahead.send', 'decisions.find', 'events.at', 'events.load', 'events.put'],
    ...['ledger.ofStream', 'ledger.put', 'ledger.unwatch', 'ledger.watch', 'placements.records'],
    ...['snapshots.drop', 'snapshots.newest', 'snapshots.put'],
    ...['views.apply', 'views.entries', 'views.generations', 'views.setGenerations'],
  ],
  relay: [
    ...['bus.put', 'projection.send', 'resolver.send', 'sightings.record'],
    ...['events.taken', 'ledger.watched', 'lookAgain.send'],
  ],
  resolver: [
    ...['decisions.attempts', 'decisions.find', 'decisions.put'],
    ...['events.at', 'events.finalise', 'events.findDecision', 'participants.invoke'],
  ],
  tally: ['progress.advance', 'progress.last', 'progress.park', 'progress.parked', 'waiting.send'],
  bills: [
    'placements.records',
    'progress.advance',
    'progress.last',
    'progress.park',
    'progress.parked',
    'waiting.send',
  ],
  turn: [
    ...['decisions.find', 'decisions.put'],
    ...['events.at', 'events.finalise', 'events.load', 'events.loadLog', 'events.mark'],
    ...['participants.invoke', 'placements.records', 'snapshots.newest', 'snapshots.put', 'turns.invoke'],
  ],
};

/** The calls of all functions, like `turn events.mark`. */
export const ALL_CALLS: readonly string[] = Object.entries(CALLS).flatMap(([of, methods]) =>
  methods.map((method) => `${of} ${method}`),
);

/** The calls that happen least in histories, so that what can come of them is seen last. */
export const SELDOM: readonly string[] = [
  ...['api snapshots.drop', 'ingest snapshots.drop', 'projection snapshots.drop', 'turn snapshots.put'],
  ...['ingest decisions.find', 'ingest decisions.put', 'ingest events.at', 'ingest events.finalise'],
  ...['ingest events.loadLog', 'ingest ingest.send', 'ingest participants.invoke'],
  ...['operate decisions.find', 'operate ingest.send', 'operate quarantine.release'],
  ...['turn decisions.put', 'turn events.finalise', 'turn events.mark'],
];

/** Those that happen less than others, in a history of ten to three. */
export const LESS: readonly string[] = [
  ...['api participants.invoke', 'operate resolver.send', 'resolver events.finalise', 'resolver participants.invoke'],
  ...['command events.finalise', 'command events.loadLog', 'command events.putDecision', 'command participants.invoke'],
  ...['turn events.at', 'turn events.load', 'turn events.loadLog', 'turn participants.invoke', 'turn snapshots.newest'],
  ...['turn decisions.find', 'turn turns.invoke'],
];

/** Faults at single calls that bring about calls which seldom happen otherwise, each with the one that it brings about. */
export const CAUSES: readonly (Aim & { readonly of: string })[] = [
  // A message that takes long holds up those of the same stream behind it in its batch.
  { call: 'ingest events.load', fault: 'process.stalls', of: 'ingest ingest.send' },
  // An attempt whose resolver is late is ended by the next writer.
  { call: 'resolver events.at', fault: 'process.stalls', of: 'ingest decisions.put' },
  // A snapshot that the projection cannot drop is dropped by the next one that reads the stream.
  { call: 'projection snapshots.drop', fault: 'port.refused', of: 'api snapshots.drop' },
  // What cannot be sent or removed is released.
  { call: 'operate ingest.send', fault: 'port.refused', of: 'operate quarantine.release' },
  { call: 'operate quarantine.remove', fault: 'port.refused', of: 'operate quarantine.release' },
];

/** The faults that a call of any port can have, and that one of a table can have too. */
export const PORT_FAULTS = [
  'port.slow',
  'port.refused',
  'port.answer-lost',
  'port.late-effect',
  'process.dies',
  'process.stalls',
] as const satisfies readonly Fault[];
const TABLE_FAULTS = ['table.throttled', 'table.unresolved'] as const satisfies readonly Fault[];

/** Further faults of tables, by the methods that can have them. */
const METHOD_FAULTS: readonly (readonly [Fault, RegExp])[] = [
  ['table.torn', /^events\.(load|loadLog|scan)$/],
  ['table.stale', /^(views\.(rows|totals)|decisions\.(find|attempts))$/],
  ['table.conflict', /^(events\.(put|finalise|mark|putDecision|transact)|views\.apply|progress\.advance)$/],
  ['decisions.stale', /^decisions\.(find|attempts)$/],
  ['decisions.write-conflict', /^decisions\.put$/],
];

/** One way in which one call of one function can fail. */
export interface Aim {
  readonly call: string;
  readonly fault: Fault;
}

/** The ways in which a call can fail. */
export function aimsAt(call: string): readonly Aim[] {
  const method = call.slice(call.indexOf(' ') + 1);
  const port = method.slice(0, method.indexOf('.'));
  return [
    ...PORT_FAULTS,
    ...(isTable(port) ? TABLE_FAULTS : []),
    ...METHOD_FAULTS.flatMap(([fault, methods]) => (methods.test(method) ? fault : [])),
  ].map((fault) => ({ call, fault }));
}

/** The calls of a method by all functions that make them. */
function calls(method: string): readonly string[] {
  return ALL_CALLS.filter((call) => call.endsWith(` ${method}`));
}

/**
 * The calls that carry out each action of the models `transaction` and `replication`. An action without calls is not one of
 * a function: time passes, or DynamoDB replicates.
 */
export const ACTIONS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  transaction: {
    prepare: ['participant events.put'],
    prepareElsewhere: ['participant events.put'],
    decide: ['coordinate decisions.put'],
    finish: ['participant events.finalise'],
    resolve: ['resolver events.finalise', 'resolver participants.invoke'],
    resolveAttempt: ['resolver decisions.put'],
    end: calls('decisions.put').filter((call) => !/^(coordinate|resolver)/.test(call)),
    turn: [...calls('events.mark'), ...calls('turns.invoke')],
    appendTo: calls('events.put').filter((call) => !call.startsWith('participant')),
    shortCut: calls('events.transact'),
    arrive: [],
    expire: [],
  },
  replication: {
    write: calls('events.put').filter((call) => !call.startsWith('participant')),
    arrive: [],
    read: calls('events.load'),
    takeSnapshot: calls('snapshots.put'),
    tick: [],
  },
};
