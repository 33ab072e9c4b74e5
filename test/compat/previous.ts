import * as z from 'zod';

/** Stands in for a member that only other code knows. */
const UNKNOWN = 'unknown';

/** Members whose own members the code does not know: they are maps, or belong to a domain or a caller. */
const OPAQUE = [
  ...['basedOn', 'context', 'expected', 'schemaVersions', 'version', 'withEvents', 'seen', 'ids', 'copies', 'heads'],
  ...['placement', 'known', 'moved', 'entries'],
  ...['data', 'input', 'problem', 'reason', 'row', 'rows', 'state', 'sums', 'totals', 'value'],
];

const objectSchema = z.record(z.string(), z.unknown());

/** The same message with an unknown member in every object that has a form. */
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

/** The same item, or items, with an unknown attribute at the top level, and in every map that has a form. */
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

/** A read result without the members added by `withUnknown`: some schemas pass on unknown ones. */
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

/** The previous version of a form: how the previous version writes it, and how it reads the current form. */
export interface Previous {
  readonly toPrevious: (form: unknown) => unknown;
  /** @throws Error if the previous version could not read it */
  readonly fromPrevious: (form: unknown) => unknown;
}

/** A previous form that lacks optional members, or has unknown ones. The previous version can read all current forms. */
function compatible(toPrevious: (form: unknown) => unknown): Previous {
  return { toPrevious, fromPrevious: (form) => form };
}

/**
 * The forms of the previous version. Nothing has been released yet, so they differ from the current forms as much as
 * compatible forms can. From the first release on, a change is added here with its release, and removed with the next
 * release. The forms of a turn are not among them: if a turn fails, the next attempt follows.
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

/** An incompatible difference: a required member had another name. */
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
