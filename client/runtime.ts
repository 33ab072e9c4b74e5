import type { ClientRuntime } from './options.ts';

/** The platform's own time and randomness. */
export const platformRuntime: ClientRuntime = {
  now: Date.now,
  random: Math.random,
  newId: () => globalThis.crypto.randomUUID(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      signal?.addEventListener('abort', end, { once: true });
    }),
};
