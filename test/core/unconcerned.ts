/** Ports of a Region in which nothing that a writer had not seen is ever in the table, and no stream is watched. */
export const unconcerned = {
  events: { taken: async (places: readonly unknown[]) => places.map(() => false) },
  ledger: { watched: async () => new Set<string>() },
};
