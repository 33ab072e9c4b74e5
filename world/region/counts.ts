/** What happened in a Region. */
export interface RegionCounts {
  /** Commits that were appended here, intents included. */
  written: number;
  /** Of them intents of transactions over several Regions. */
  intents: number;
  /** Intents that were made final here. */
  finalised: number;
  /** Decisions that were put here. */
  decided: number;
  /** Outcomes of one-Region transactions that were put here. */
  oneRegionDecisions: number;
  /** Commits that the table here holds, every Region's. */
  seen: number;
  /** Milliseconds from the append of another Region's commit to its arrival in the table here. */
  readonly lags: number[];
  readonly metrics: Map<string, number>;
}

export function noCounts(): RegionCounts {
  return {
    written: 0,
    intents: 0,
    finalised: 0,
    decided: 0,
    oneRegionDecisions: 0,
    seen: 0,
    lags: [],
    metrics: new Map(),
  };
}
