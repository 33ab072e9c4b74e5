import * as z from 'zod';
import type { MessageKeeper } from '../../adapters/memory/message-keeper.ts';
import type { Storage } from './storage.ts';

const itemSchema = z.object({ pk: z.object({ S: z.string() }), body: z.string(), sentAt: z.number() });

function keysOf(id: string) {
  return { pk: { S: id }, sk: { S: 'message' } };
}

/** Keeps the messages of a queue in the storage, as items of a table. */
export function keptMessages(storage: Storage, table: string): MessageKeeper {
  return {
    before: storage
      .load(table)
      .map((item) => itemSchema.parse(item))
      .map(({ pk, body, sentAt }) => ({ id: pk.S, body, sentAt })),
    save: ({ id, body, sentAt }) => storage.save(table, { ...keysOf(id), ...{ body, sentAt } }),
    remove: (id) => storage.remove(table, keysOf(id)),
  };
}
