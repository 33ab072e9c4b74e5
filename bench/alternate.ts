const ROUNDS = 25;
const WARM_UP_ROUNDS = 3;
const ROUND_MS = 40;

/** An operation that is implemented in two ways. */
export interface Pair {
  readonly what: string;
  readonly byHand: () => unknown;
  readonly documentClient: () => unknown;
}

/** Medians, in microseconds of processor time. */
export interface Timed {
  readonly what: string;
  readonly byHand: number;
  readonly documentClient: number;
}

/**
 * Times the two ways alternately, so that other load on the machine affects both. The first rounds only warm up.
 * Measures processor time, which does not include waiting for the processor.
 */
export async function alternate({ what, byHand, documentClient }: Pair): Promise<Timed> {
  const rounds: { readonly byHand: number; readonly documentClient: number }[] = [];
  for (let i = 0; i < WARM_UP_ROUNDS + ROUNDS; i++)
    rounds.push({ byHand: await microseconds(byHand), documentClient: await microseconds(documentClient) });
  const counted = rounds.slice(WARM_UP_ROUNDS);
  return {
    what,
    byHand: median(counted.map((round) => round.byHand)),
    documentClient: median(counted.map((round) => round.documentClient)),
  };
}

async function microseconds(act: () => unknown): Promise<number> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  let count = 0;
  for (; performance.now() - start < ROUND_MS; count++) {
    const result = act();
    // Awaiting a value that is not a promise would dominate the measurement.
    if (result instanceof Promise) await result;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
