/** Which function calls which ports: everything that a history can show. */
const CALLS: Readonly<Record<string, readonly string[]>> = {
  api: [
    ...['decisions.attempts', 'decisions.find', 'decisions.put'],
    ...['events.at', 'events.finalise', 'events.findDecision', 'events.load', 'events.loadLog', 'events.put'],
    ...['events.putDecision', 'events.transact', 'machine.start', 'participants.invoke', 'remote.invoke'],
    ...['snapshots.drop', 'snapshots.newest', 'snapshots.put', 'views.generations', 'views.rows', 'views.totals'],
    'ledger.page',
  ],
  command: [
    ...['decisions.attempts', 'decisions.find', 'decisions.put'],
    ...['events.at', 'events.finalise', 'events.findDecision', 'events.load', 'events.loadLog', 'events.put'],
    ...['events.putDecision', 'events.transact', 'machine.start', 'participants.invoke'],
    ...['snapshots.newest', 'snapshots.put'],
  ],
  coordinate: ['decisions.attempts', 'decisions.put', 'events.findDecision'],
  ingest: [
    ...['bus.put', 'decisions.find', 'decisions.put'],
    ...['events.at', 'events.finalise', 'events.load', 'events.loadLog', 'events.put'],
    ...['participants.invoke', 'remote.invoke', 'snapshots.newest', 'snapshots.put'],
    ...['ingest.send', 'quarantine.send', 'snapshots.drop'],
  ],
  operate: [
    ...['bus.put', 'decisions.find', 'decisions.scan', 'events.load', 'events.scan', 'resolver.send'],
    ...['ingest.send', 'quarantine.count', 'quarantine.receive', 'quarantine.release', 'quarantine.remove'],
    ...['views.apply', 'views.entries', 'views.generations', 'views.setGenerations'],
    ...['events.taken', 'ledger.watched', 'projection.send'],
  ],
  participant: [
    ...['decisions.find', 'decisions.put'],
    ...['events.at', 'events.finalise', 'events.load', 'events.loadLog', 'events.mark', 'events.put'],
    ...['participants.invoke', 'snapshots.newest', 'snapshots.put'],
  ],
  projection: [
    ...['ahead.send', 'decisions.find', 'events.at', 'events.load'],
    ...['ledger.ofStream', 'ledger.put', 'ledger.unwatch', 'ledger.watch'],
    ...['snapshots.drop', 'snapshots.newest', 'snapshots.put'],
    ...['views.apply', 'views.entries', 'views.generations', 'views.setGenerations'],
  ],
  relay: [
    ...['bus.put', 'projection.send', 'resolver.send', 'sightings.record'],
    ...['events.taken', 'ledger.watched'],
  ],
  resolver: [
    ...['decisions.attempts', 'decisions.find', 'decisions.put'],
    ...['events.at', 'events.finalise', 'events.findDecision', 'participants.invoke'],
  ],
  tally: ['progress.advance', 'progress.last', 'progress.park', 'progress.parked', 'waiting.send'],
  turn: [
    ...['decisions.find', 'decisions.put'],
    ...['events.at', 'events.finalise', 'events.load', 'events.loadLog', 'events.mark'],
    ...['participants.invoke', 'snapshots.newest', 'snapshots.put', 'turns.invoke'],
  ],
};

/** The calls of all functions, like `turn events.mark`. */
export const ALL_CALLS: readonly string[] = Object.entries(CALLS).flatMap(([of, methods]) =>
  methods.map((method) => `${of} ${method}`),
);

/** The calls that happen least in histories, so that what can come of them is seen last. */
export const SELDOM: readonly string[] = [
  ...['api snapshots.drop', 'ingest snapshots.drop', 'projection snapshots.drop', 'turn snapshots.put'],
  ...[
    'ingest decisions.put',
    'ingest events.finalise',
    'ingest events.loadLog',
    'turn decisions.put',
    'turn events.mark',
  ],
  ...['operate decisions.find', 'resolver decisions.find', 'resolver participants.invoke'],
];

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
