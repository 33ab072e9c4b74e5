import type { SubscriberDefinition } from '@meridian-es/meridian/lambda';

/** The subscribers and their events, for `npm start`, the tests and the deployment. */
export const subscribers = {
  picker: { entry: import.meta.resolve('./picker.ts'), streamTypes: ['stock'], writtenIn: 'here' },
} satisfies Readonly<Record<string, SubscriberDefinition>>;
