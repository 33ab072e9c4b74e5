/** Time, randomness, ids, metrics and the log. With a seed, every run can be repeated. */
export interface Runtime {
  /** Wall clock, milliseconds since 1970: for stamps only, because it may jump. */
  now(): number;
  /**
   * Milliseconds by which `now` was ahead of the database's clock when the database last responded; negative if it was behind,
   * 0 if that is not known.
   */
  clockAhead(): number;
  /** Monotonic clock, milliseconds since an arbitrary start: for ages and deadlines. */
  elapsed(): number;
  sleep(milliseconds: number): Promise<void>;
  /** A random number: at least 0, below 1. */
  random(): number;
  /** A new UUIDv7. */
  newId(): string;
  /** A collision-resistant digest of a text, at most 64 characters. */
  digest(text: string): string;
  /** @param type the stream type that it is about: the metric is then kept in all, and by type */
  metric(name: MetricName, unit: 'Count' | 'Milliseconds', value: number, type?: string): void;
  /** Logs an error whose cause the sender of the request does not learn, with its stack. */
  unexpected(error: unknown): void;
}

export type MetricName =
  | 'ApiFailed'
  | 'CommandFailed'
  | 'OperateFailed'
  | 'Appended'
  | 'AppendConflict'
  | 'ClockAhead'
  | 'IdReused'
  | 'HiddenCommits'
  | 'HiddenCommitAge'
  | 'QuorumMissing'
  | 'Accepted'
  | 'Rejected'
  | 'Quarantined'
  | 'HeldUp'
  | 'Published'
  | 'PublishFailed'
  | 'PublishRefused'
  | 'SightingFailed'
  | 'SnapshotFailed'
  | 'Projected'
  | 'Repaired'
  | 'RepairFailed'
  | 'RowCorrected'
  | 'Handled'
  | 'Standby'
  | 'Waiting'
  | 'WaitingAge'
  | 'TransactionCommitted'
  | 'TransactionAborted'
  | 'TransactionBusy'
  | 'TransactionUndecided'
  | 'IntentResolved'
  | 'ConflictOpen'
  | 'ConflictResolved'
  | 'OpenConflicts'
  | 'OpenConflictAge';
