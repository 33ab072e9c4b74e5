import { defineStream, reject } from '@meridian-es/meridian';
import * as z from 'zod';

const piecesSchema = z.strictObject({ count: z.int().min(1) });

/** An id such as `us-east-2.lamp`: the Region of the warehouse, and the article. */
const ID = /^(?<warehouse>[a-z0-9-]+)\.(?<article>.+)$/;

/** The article in a stock's id. */
export function articleOf(id: string): string {
  return ID.exec(id)?.groups?.article ?? id;
}

function warehouseOf(id: string, regions: readonly string[]): string {
  const region = ID.exec(id)?.groups?.warehouse;
  if (region === undefined || !regions.includes(region))
    throw reject(`${id} does not name a warehouse. Write <Region>.<article>, with one of ${regions.join(', ')}.`);
  return region;
}

/**
 * Pieces of an article in a warehouse. Mode `home`: the Region of the warehouse decides commands one after the other,
 * so no piece is sold twice. The other Regions forward commands to it.
 */
export const stock = defineStream({
  type: 'stock',
  mode: 'home',
  home: warehouseOf,
  events: {
    Received: { schemaVersion: 1, schema: piecesSchema, sample: { count: 3 } },
    Taken: { schemaVersion: 1, schema: piecesSchema, sample: { count: 1 } },
  },
  initial: 0,
  evolve: (left, { type, data }) => (type === 'Received' ? left + data.count : left - data.count),
  commands: {
    receive: { input: piecesSchema, decide: (_left, data) => [{ type: 'Received', data }] },
    take: {
      input: piecesSchema,
      decide: (left, data) => {
        if (data.count > left) throw reject(`Only ${left} are left.`, { left });
        return [{ type: 'Taken', data }];
      },
    },
  },
});
