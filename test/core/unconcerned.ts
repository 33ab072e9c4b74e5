import { toyDomain } from '../../testing/toy.ts';

/** Ports of a Region in which nothing that a writer had not seen is ever in the table, no stream is watched, and each message to look again is taken. */
export const unconcerned = {
  domain: toyDomain,
  events: { taken: async (places: readonly unknown[]) => places.map(() => false) },
  ledger: { watched: async () => new Set<string>() },
  lookAgain: { send: async (messages: readonly unknown[]) => messages.map(() => undefined) },
};
