import type { SubscriberDefinition } from '@meridian-es/meridian/lambda';

/** The subscribers: the same for a world in one process and for what is deployed. */
export const subscribers = {
  mailer: { entry: import.meta.resolve('./mailer.ts'), streamTypes: ['order'], runsIn: 'us-east-1' },
} as const satisfies Readonly<Record<string, SubscriberDefinition>>;
