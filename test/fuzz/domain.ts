import * as z from 'zod';
import { defineDomain, defineStream, defineView, nextVersion, reject } from '../../core/index.ts';

const amountSchema = z.strictObject({ amount: z.int() });

interface State {
  readonly count: number;
  readonly last: unknown;
}
const initial: State = { count: 0, last: null };

const spec = {
  events: {
    /** Carries whatever can be carried. */
    Kept: { schemaVersion: 1, schema: z.unknown(), sample: null },
    Moved: nextVersion(
      { schemaVersion: 1, schema: z.strictObject({ sum: z.int() }), sample: { sum: 1 } },
      { schemaVersion: 2, schema: amountSchema, sample: { amount: 1 }, upcast: ({ sum }) => ({ amount: sum }) },
    ),
  },
  initial,
  evolve: ({ count }: State, { data }: { readonly data: unknown }): State => ({ count: count + 1, last: data }),
  commands: {
    keep: { input: z.unknown(), decide: (_state: unknown, data: unknown) => [{ type: 'Kept' as const, data }] },
    move: {
      input: amountSchema,
      decide: (_state: unknown, data: z.output<typeof amountSchema>) => {
        // The details of a refusal are whatever a domain has, also what JSON cannot say.
        if (data.amount < 0) throw reject('It is negative.', { amount: BigInt(data.amount), data });
        return [{ type: 'Moved' as const, data }];
      },
    },
  },
};

const note = defineStream({ type: 'note', mode: 'merge', ...spec });
const item = defineStream({
  type: 'item',
  mode: 'home',
  home: (id, regions) => regions[id.length % regions.length] ?? '',
  ...spec,
});
/** Most of what its view makes of a stream cannot be stored. */
const odd = defineView({
  kind: 'rows',
  name: 'odd',
  of: item,
  row: ({ count, last }) => (count % 2 ? last : { last, missing: undefined }),
});
const kept = defineView({ kind: 'rows', name: 'kept', of: note, row: ({ last }) => ({ last }) });
const counts = defineView({
  kind: 'totals',
  name: 'counts',
  of: note,
  totals: ({ count, last }) => ({ [typeof last === 'string' ? last : typeof last]: { count } }),
});

/** The streams and views that inputs are for. */
export const fuzzDomain = defineDomain({ streams: [note, item], views: [odd, kept, counts] });
