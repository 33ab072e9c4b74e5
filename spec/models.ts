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

export const models: readonly Model[] = [transactions];
