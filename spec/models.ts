// The models: which of their instances are checked, for what, and with which rules off they are broken.

/** An instance of a specification: its rules hold, and so do its invariants. */
interface Instance {
  readonly main: string;
  /** What its random traces have to reach. */
  readonly reached: readonly string[];
}

/** An instance with one rule off. */
interface Broken {
  readonly main: string;
  /** An invariant that it violates. */
  readonly violates: string;
  /** The number of traces within which it does. */
  readonly within: number;
}

export interface Model {
  readonly file: string;
  readonly invariants: readonly string[];
  readonly steps: number;
  readonly instances: readonly Instance[];
  readonly broken: readonly Broken[];
  /** Modules with one rule off whose tests are traces that violate an invariant. */
  readonly counterexamples?: readonly string[];
}

const transactions: Model = {
  file: 'transaction.qnt',
  invariants: [
    'decidedOnce',
    'oneOutcome',
    'finalAsDecided',
    'allOrNothing',
    'nothingBehind',
    'positionsKept',
    'serial',
    'oldestIsNext',
    'settles',
  ],
  steps: 40,
  instances: [
    { main: 'eventual', reached: ['hasCommitted', 'hasCommittedLater', 'hasEndedEarly', 'hasStray', 'hasNext'] },
    { main: 'moving', reached: ['hasCommitted', 'hasTwoIntents'] },
    { main: 'mrsc', reached: ['hasCommitted', 'hasCommittedLater', 'hasEndedEarly', 'hasStray', 'hasNext'] },
  ],
  broken: [
    { main: 'without_once', violates: 'decidedOnce', within: 50 },
    { main: 'without_driving', violates: 'decidedOnce', within: 50 },
    { main: 'without_listed', violates: 'finalAsDecided', within: 400 },
    { main: 'without_all', violates: 'allOrNothing', within: 50 },
    { main: 'without_decided', violates: 'finalAsDecided', within: 100 },
    { main: 'without_attempts', violates: 'oneOutcome', within: 50 },
    { main: 'without_behind', violates: 'nothingBehind', within: 50 },
    { main: 'without_positions', violates: 'positionsKept', within: 50 },
    { main: 'without_oldest', violates: 'oldestIsNext', within: 100 },
  ],
};

const replication: Model = {
  file: 'replication.qnt',
  invariants: ['converges', 'snapshotsAgree', 'causallyClosed', 'causalOrder', 'countedOnce', 'onlyGrows', 'allIsSeen'],
  steps: 25,
  instances: [{ main: 'replicated', reached: ['hasCopies', 'hasHidden', 'hasGap', 'hasServed', 'hasNotServed'] }],
  broken: [
    { main: 'without_closed', violates: 'causallyClosed', within: 50 },
    { main: 'without_stamps', violates: 'causalOrder', within: 50 },
    { main: 'without_copies', violates: 'countedOnce', within: 50 },
    { main: 'without_serves', violates: 'snapshotsAgree', within: 50 },
    { main: 'without_ids', violates: 'countedOnce', within: 50 },
  ],
};

export const placement: Model = {
  file: 'placement.qnt',
  invariants: ['ordered', 'nothingAboveSeals', 'oneActing', 'writable', 'writableWithoutLost'],
  steps: 40,
  instances: [
    { main: 'placed', reached: ['hasMoved', 'hasFailedOver', 'hasFailedBack', 'hasCompleted', 'hasTwoEntries'] },
  ],
  broken: [
    { main: 'without_pairs', violates: 'oneActing', within: 50 },
    { main: 'without_seals', violates: 'ordered', within: 100 },
    { main: 'without_sources', violates: 'ordered', within: 1000 },
    { main: 'without_empty', violates: 'ordered', within: 600 },
    { main: 'without_own', violates: 'nothingAboveSeals', within: 600 },
    { main: 'without_waits', violates: 'ordered', within: 300 },
  ],
  // The trace is too rare to be found by chance: its module has it as a test.
  counterexamples: ['without_forced'],
};

export const models: readonly Model[] = [transactions, replication, placement];
