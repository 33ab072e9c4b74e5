import type { Generations } from '../facts/generation.ts';

/** The generations in the `views` table of this Region. Reads are strongly consistent. */
export interface GenerationStore {
  /** The generations of these views, by view; views without stored generations are missing. */
  generations(views: readonly string[]): Promise<ReadonlyMap<string, Generations>>;
  /**
   * Replaces the generations of a view, if the stored revision is the previous one.
   * @returns true if it was replaced
   */
  setGenerations(view: string, next: Generations): Promise<boolean>;
}
