import {
  defineStream,
  evolveBy,
  initialBy,
  latestIn,
  removeWinsMap,
  removeWinsSet,
  type StateOf,
} from '@meridian-es/meridian';
import * as z from 'zod';

const articleSchema = z.string().regex(/^[a-z0-9-]{1,50}$/, 'is the name of an article, such as apples');
const additionSchema = z.strictObject({ article: articleSchema, count: z.int().min(1).max(100) });
/** The ids of lines: a writer can only name those that it has seen. */
const linesSchema = z.array(z.string()).min(1);
const orderIdSchema = z.string().min(1).max(200);

const rules = {
  /**
   * Additions that were neither removed nor ordered. Removals win: a line may be ordered through a Region that has not seen it
   * yet, and whose clock is behind.
   */
  lines: removeWinsMap<z.output<typeof additionSchema>>(),
  /** The orders placed from it, each once, even if two Regions record it. */
  orders: removeWinsSet(),
};

/** What is in a cart. */
export type Cart = StateOf<typeof rules>;

/**
 * A customer's cart, `boardman.ada`. Like the wallet, it is named after the warehouse nearest to the customer. The
 * phone may write to it in one Region and the laptop in another, even while the Regions cannot reach each other. Each
 * addition is a line of its own, and a removal names the lines that it has seen. So no addition of one device is lost
 * when another device removes or orders items at the same moment.
 */
export const cart = defineStream({
  type: 'cart',
  mode: 'merge',
  events: {
    Added: { schemaVersion: 1, schema: additionSchema, sample: { article: 'apples', count: 6 } },
    Removed: {
      schemaVersion: 1,
      schema: z.strictObject({ lines: linesSchema }),
      sample: { lines: ['4711.0'] },
    },
    Ordered: {
      schemaVersion: 1,
      schema: z.strictObject({ order: orderIdSchema, lines: linesSchema }),
      sample: { order: 'boardman.ada.1', lines: ['4711.0'] },
    },
  },
  initial: initialBy(rules),
  evolve: evolveBy(rules, {
    // The same id for every copy of the event, in case the device sent it to two Regions.
    Added: ({ commitId, id, data }) => ({ lines: { put: { [`${commitId}${id.slice(id.lastIndexOf('.'))}`]: data } } }),
    Removed: ({ data }) => ({ lines: { remove: data.lines } }),
    Ordered: ({ data }) => ({ lines: { remove: data.lines }, orders: { add: [data.order] } }),
  }),
  commands: {
    add: { input: additionSchema, decide: (_cart, data) => [{ type: 'Added', data }] },
    /** Sets how many pieces of an article are in the cart; 0 removes it. */
    set: {
      input: additionSchema.extend({ count: z.int().min(0).max(100) }),
      decide(cart, { article, count }) {
        if (countOf(cart, article) === count) return [];
        const lines = linesOf(cart, article);
        return [
          // This event is the first, so that its line has the same id if the device retries in a Region that has seen
          // other lines.
          ...(count > 0 ? [{ type: 'Added' as const, data: { article, count } }] : []),
          ...(lines.length > 0 ? [{ type: 'Removed' as const, data: { lines } }] : []),
        ];
      },
    },
    /** Removes the ordered lines from the cart, once the order is placed. */
    'mark-ordered': {
      input: z.strictObject({ order: orderIdSchema, lines: linesSchema }),
      decide: ({ orders }, data) => (orders.includes(data.order) ? [] : [{ type: 'Ordered', data }]),
    },
  },
});

/** The number of pieces of each article, over all lines. */
export function articlesIn({ lines }: Cart): Readonly<Record<string, number>> {
  // A map, not an object: an article may be named `constructor`, which every object has.
  const counts = new Map<string, number>();
  for (const { article, count } of latestIn(lines).values()) counts.set(article, (counts.get(article) ?? 0) + count);
  return Object.fromEntries(counts);
}

function countOf({ lines }: Cart, article: string): number {
  return [...latestIn(lines).values()].reduce((sum, line) => sum + (line.article === article ? line.count : 0), 0);
}

function linesOf({ lines }: Cart, article: string): string[] {
  return [...latestIn(lines)].filter(([, line]) => line.article === article).map(([id]) => id);
}
