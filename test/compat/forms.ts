import type { Form } from './form.ts';
import { items } from './items.ts';
import { messages } from './messages.ts';
import { names } from './names.ts';

/** Every stored or sent form, by the name of its file of samples. */
export const forms: ReadonlyMap<string, Form> = new Map(Object.entries({ ...items, ...messages, ...names }));
