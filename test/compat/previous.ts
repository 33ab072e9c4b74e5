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

/** How a form was before: as the previous version wrote it, and what that version made of one of today. */
export interface Previous {
  readonly toPrevious: (form: unknown) => unknown;
  /** @throws Error when the previous version could not read it */
  readonly fromPrevious: (form: unknown) => unknown;
}

/** Without what the schema lets be absent, and with what it does not know. Of today's forms everything can be read. */
function compatible(toPrevious: (form: unknown) => unknown): Previous {
  return { toPrevious, fromPrevious: (form) => form };
}

/**
 * The forms of the version before this one. Nothing has been released yet, so these are as far away as a compatible version
 * can be: from the first release on, what a release changes is put in here, and taken out with the one after it.
 */
export const previousForms = {
  'commit-item': compatible((item) => itemWithUnknown({ ...objectSchema.parse(item), meta: { M: {} } })),
  'decision-item': compatible((item) => itemWithUnknown(withoutCause(item))),
  'view-entry-item': compatible(withUnknown),
  'generations-item': compatible(withUnknown),
  snapshot: compatible(withUnknown),
  'bus-detail': compatible(withUnknown),
  'projection-message': compatible(withUnknown),
  'resolver-message': compatible(withUnknown),
  'command-request': compatible((request) => withUnknown(withEmptyMeta(request))),
  'command-answer': compatible(withUnknown),
  'participant-request': compatible((request) => withUnknown(withEmptyMeta(request))),
  'participant-answer': compatible(withUnknown),
  'machine-input': compatible((input) => withUnknown(withEmptyMeta(input))),
} as const satisfies Readonly<Record<string, Previous>>;

export type PreviousForms = { readonly [Name in keyof typeof previousForms]: Previous };

/** A difference that no code bears: a required member had another name. */
export function renamed(before: string, now: string): Previous {
  return {
    toPrevious: (form) => {
      const { [now]: value, ...members } = objectSchema.parse(form);
      return value === undefined ? members : { ...members, [before]: value };
    },
    fromPrevious: (form) => {
      if (objectSchema.safeParse(form).data?.[now] !== undefined) throw new Error(`There is no ${before}.`);
      return form;
    },
  };
}

function withEmptyMeta(message: unknown): unknown {
  const members = objectSchema.parse(message);
  return 'meta' in members ? { ...members, meta: {} } : members;
}

const causeSchema = z.object({ reason: z.object({ S: z.string() }) });
const problemSchema = z.object({ problem: z.unknown() });

/** A decision that does not name the participant that caused it. */
function withoutCause(item: unknown): unknown {
  const { reason } = causeSchema.safeParse(item).data ?? {};
  if (!reason) return item;
  const { problem } = problemSchema.parse(JSON.parse(reason.S));
  return { ...objectSchema.parse(item), reason: { S: JSON.stringify({ problem }) } };
}
