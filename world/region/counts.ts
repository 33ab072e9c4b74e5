/** Counters of a Region. */
export interface RegionCounts {
  /** Commits appended here, including intents. */
  written: number;
  /** Intents of multi-Region transactions appended here. */
  intents: number;
  /** Marks of intents here: which transaction takes the stream next. */
  marked: number;
  /** Intents made final here. */
  finalised: number;
  /** Decisions made here. */
  decided: number;
  /** Outcomes of one-Region transactions stored here. */
  oneRegionDecisions: number;
  /** Commits of all Regions in the table here. */
  seen: number;
  /** Milliseconds from the append of another Region's commit to its arrival in the table here. */
  readonly lags: number[];
  readonly metrics: Map<string, number>;
}

export function noCounts(): RegionCounts {
  return {
    written: 0,
    intents: 0,
    marked: 0,
    finalised: 0,
    decided: 0,
    oneRegionDecisions: 0,
    seen: 0,
    lags: [],
    metrics: new Map(),
  };
}
