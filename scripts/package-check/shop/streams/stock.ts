import { defineStream, reject } from '@meridian-es/meridian';
import * as z from 'zod';

const piecesSchema = z.strictObject({ count: z.int().min(1) });

/** The warehouse's Region. */
function regionOf(id: string, regions: readonly string[]): string {
  const region = regions.find((one) => id.startsWith(`${one}.`));
  if (region === undefined) throw reject(`${id} names no warehouse.`);
  return region;
}

/** Pieces of one article in one Region's warehouse. Ids begin with the Region: `us-east-2.lamp`. */
export const stock = defineStream({
  type: 'stock',
  mode: 'home',
  home: regionOf,
  events: {
    Received: { schemaVersion: 1, schema: piecesSchema, sample: { count: 3 } },
    Taken: { schemaVersion: 1, schema: piecesSchema, sample: { count: 1 } },
  },
  initial: 0,
  evolve: (left, { type, data }) => (type === 'Received' ? left + data.count : left - data.count),
  commands: {
    receive: { input: piecesSchema, decide: (_left, { count }) => [{ type: 'Received', data: { count } }] },
    take: {
      input: piecesSchema,
      decide: (left, { count }) => {
        if (count > left) throw reject('Not enough left.', { left });
        return [{ type: 'Taken', data: { count } }];
      },
    },
  },
});
