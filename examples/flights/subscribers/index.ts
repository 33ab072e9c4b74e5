import type { SubscriberDefinition } from '@meridian-es/meridian/lambda';

/** The subscribers: the same for a world in one process and for what is deployed. */
export const subscribers = {
  tally: { entry: import.meta.resolve('./tally.ts'), streamTypes: ['flight'] },
} as const satisfies Readonly<Record<string, SubscriberDefinition>>;
