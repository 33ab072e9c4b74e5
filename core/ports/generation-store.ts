import type { Generations } from '../facts/generation.ts';

/** The generations in the `views` table of this Region. Reads are strongly consistent. */
export interface GenerationStore {
  /** The generations of these views, by view; views of which nothing is stored are missing. */
  generations(views: readonly string[]): Promise<ReadonlyMap<string, Generations>>;
  /**
   * Replaces the generations of a view, if the stored ones are at the revision before.
   * @returns whether they were
   */
  setGenerations(view: string, next: Generations): Promise<boolean>;
}
