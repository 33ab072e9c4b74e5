import * as z from 'zod';

/** What stands in for a member that only other code knows. */
const UNKNOWN = 'unknown';

/** Members that are maps, or belong to a domain or a caller: they have no members that code knows or does not know. */
const OPAQUE = [
  ...['basedOn', 'context', 'expected', 'schemaVersions', 'version', 'withEvents', 'seen', 'ids', 'copies'],
  ...['data', 'input', 'problem', 'reason', 'row', 'rows', 'state', 'sums', 'totals', 'value'],
];

const objectSchema = z.record(z.string(), z.unknown());

/** The same message with a member that today's code does not know in every object that has a form. */
export function withUnknown(form: unknown): unknown {
  if (Array.isArray(form)) return form.map(withUnknown);
  const members = objectSchema.safeParse(form).data;
  if (!members) return form;
  const known = Object.entries(members).map(([name, of]) => [name, OPAQUE.includes(name) ? of : withUnknown(of)]);
  return { ...Object.fromEntries(known), [UNKNOWN]: { since: 2 } };
}

const attributeSchema = z.union([
  z.object({ M: objectSchema }),
  z.object({ L: z.array(z.object({ M: objectSchema })) }),
]);

/** The same item, or items, with an attribute that today's code does not know, there and in every map that has a form. */
export function itemWithUnknown(item: unknown): unknown {
  if (Array.isArray(item)) return item.map(itemWithUnknown);
  const known = Object.entries(objectSchema.parse(item)).map(([name, attribute]) => {
    const nested = attributeSchema.safeParse(attribute).data;
    if (OPAQUE.includes(name) || !nested) return [name, attribute];
    return [
      name,
      'M' in nested ? { M: itemWithUnknown(nested.M) } : { L: nested.L.map(({ M }) => ({ M: itemWithUnknown(M) })) },
    ];
  });
  return { ...Object.fromEntries(known), [UNKNOWN]: { S: 'since 2' } };
}

/** What was read, without what `withUnknown` has put there: some schemas hand on what they do not know. */
export function withoutUnknown(read: unknown): unknown {
  if (Array.isArray(read)) return read.map(withoutUnknown);
  const members = objectSchema.safeParse(read).data;
  if (!members) return read;
  return Object.fromEntries(
    Object.entries(members)
      .filter(([name]) => name !== UNKNOWN)
      .map(([name, of]) => [name, withoutUnknown(of)]),
  );
}
