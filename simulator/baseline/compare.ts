import { checkHistory } from '../../checkers/index.ts';
import { type Counts, countsOf, NONE, sumOf } from './count.ts';
import { type Design, runDesign } from './designs.ts';
import { type LinkWeather, planLoad } from './load.ts';

export interface Compared extends Counts {
  readonly design: Design;
  readonly links: LinkWeather;
  /** Histories in which the checkers of Meridian's histories find a lost commit. */
  readonly historiesJudgedLossy: number;
}

/** Runs the histories of these seeds with a design, and counts. */
export async function runAll(design: Design, links: LinkWeather, seeds: readonly number[]): Promise<Compared> {
  let counts = NONE;
  let historiesJudgedLossy = 0;
  for (const seed of seeds) {
    const history = await runDesign(design, planLoad(seed, links));
    counts = sumOf(counts, countsOf(history));
    if (checkHistory(history).some(({ property }) => property === 'no lost commit')) historiesJudgedLossy++;
  }
  return { design, links, ...counts, historiesJudgedLossy };
}
