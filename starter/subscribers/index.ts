import type { SubscriberDefinition } from '@meridian-es/meridian/lambda';

/** Who handles which events: `npm start`, tests and the deployment take it from here. */
export const subscribers = {
  picker: { entry: import.meta.resolve('./picker.ts'), streamTypes: ['stock'], writtenIn: 'here' },
} satisfies Readonly<Record<string, SubscriberDefinition>>;
