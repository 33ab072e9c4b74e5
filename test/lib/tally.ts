import { subscriber } from '../../lambdas/index.ts';

/** A subscriber for bundles and templates: it counts events by their type. */
export const handler = subscriber({ handle: ({ type }) => [{ key: type, sums: { events: 1 } }] });
