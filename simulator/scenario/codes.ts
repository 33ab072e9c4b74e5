// The codes that Regions run in scenarios: the toy domain, and what a team may deploy after it.
import * as z from 'zod';
import {
  type Domain,
  defineDomain,
  defineStream,
  defineView,
  nextVersion,
  type StreamDefinition,
} from '../../core/index.ts';
import { addWinsSet, evolveBy, initialBy, keepAll, lastWriterWins } from '../../core/rules/index.ts';
import {
  account,
  type Entry,
  money,
  note,
  notes,
  prize,
  stock,
  taken,
  tickets,
  toyDomain,
  words,
} from '../../testing/toy.ts';

const textSchema = z.strictObject({ text: z.string() });

/** Taken so often that a few commits show it; younger commits than `settle` milliseconds are left out. */
function snapshotsOf(codeVersion: number) {
  return { every: 3, codeVersion, settle: 1000 };
}

/** `Noted` in a second version, which has a language. */
const bilingual = {
  ...note,
  events: {
    Noted: nextVersion(
      { schemaVersion: 1, schema: textSchema },
      {
        schemaVersion: 2,
        schema: textSchema.extend({ language: z.string().default('unknown') }),
        upcast: ({ text }) => ({ text, language: 'unknown' }),
      },
    ),
  },
};

/** `Noted` with another schema in its first version, against the rules. */
const renamed = defineStream({
  type: 'note',
  mode: 'merge',
  events: { Noted: { schemaVersion: 1, schema: z.strictObject({ words: z.string() }) } },
  initial: note.initial,
  evolve: (entries, { id, commitId, data }) => [...entries, { id, commitId, text: data.words, unseen: [] }],
  commands: {
    note: { input: textSchema, decide: (_entries, { text }) => [{ type: 'Noted', data: { words: text } }] },
  },
});

/** Another `evolve`, which writes in capitals. */
const loud: typeof note = {
  ...note,
  evolve: (entries, event, context) =>
    note.evolve(entries, { ...event, data: { text: event.data.text.toUpperCase() } }, context),
};

/** An `evolve` that throws on one text. */
const throwing: typeof note = {
  ...note,
  evolve(entries, event, context) {
    if (event.data.text === 'bad') throw new Error('This code cannot fold a bad entry.');
    return note.evolve(entries, event, context);
  },
};

/** A command that returns an event against its own schema. */
const buggy: typeof account = {
  ...account,
  commands: {
    ...account.commands,
    deposit: {
      ...account.commands.deposit,
      decide: (_balance, { amount }) => [{ type: 'Deposited', data: { amount: -amount } }],
    },
  },
};

const lastRegion: typeof account.home = (_id, regions) => regions.at(-1) ?? '';

type AnyNote = StreamDefinition<'note', 'merge', readonly Entry[]>;

/** A domain with these streams, and the toy's views of them. */
function domainOf(ofNotes: AnyNote, ofAccounts: typeof account = account, ofStocks: typeof stock = stock): Domain {
  return defineDomain({
    streams: [ofNotes, ofAccounts, ofStocks],
    views: [
      defineView({ ...notes, of: ofNotes }),
      defineView({ ...words, of: ofNotes }),
      defineView({ ...taken, of: ofStocks }),
      defineView({ ...money, of: ofAccounts }),
    ],
  });
}

/** The toy domain with another view `notes`. */
function withNotes(codeVersion: number, row: (entries: readonly Entry[]) => unknown): Domain {
  return defineDomain({
    streams: [note, account, stock],
    views: [defineView({ name: 'notes', kind: 'rows', of: note, codeVersion, row }), words, taken, money],
  });
}

function lengthOf(entries: readonly Entry[]): unknown {
  return entries.length > 0 ? { entries: entries.length } : undefined;
}

/** How many entries each note has, as a total: a view that the toy does not have. */
const lengths = defineView({
  name: 'lengths',
  kind: 'totals',
  of: note,
  totals: (entries) => ({ all: { entries: entries.length } }),
});

const { home: _home, ...common } = account;

/** Accounts that every Region writes to one log. */
const till = defineStream({ ...common, type: 'till', mode: 'strong' });

const calledSchema = z.strictObject({ name: z.string() });
const movedSchema = z.strictObject({ to: z.string() });
const greetedSchema = z.strictObject({ greeting: z.string() });
const personRules = { name: lastWriterWins(''), addresses: keepAll<string>(), greetings: addWinsSet() };

/** A person: of names the last one wins, and addresses are all kept. A greeting depends on the name. */
const person = defineStream({
  type: 'person',
  mode: 'merge',
  events: {
    Called: { schemaVersion: 1, schema: calledSchema, sample: { name: 'Ann' } },
    Moved: { schemaVersion: 1, schema: movedSchema, sample: { to: '12 Elm Street' } },
    Greeted: { schemaVersion: 1, schema: greetedSchema, sample: { greeting: 'Dear Ann' } },
  },
  initial: initialBy(personRules),
  evolve: evolveBy(personRules, {
    Called: ({ data }) => ({ name: data.name }),
    Moved: ({ data }) => ({ addresses: data.to }),
    Greeted: ({ data }) => ({ greetings: { add: [data.greeting] } }),
  }),
  commands: {
    call: { input: calledSchema, decide: (_person, data) => [{ type: 'Called', data }] },
    move: { input: movedSchema, decide: (_person, data) => [{ type: 'Moved', data }] },
    greet: {
      input: z.strictObject({}),
      decide: ({ name }) => [{ type: 'Greeted', data: { greeting: `Dear ${name}` } }],
    },
  },
});

/** The codes by the names that scenarios use, each with what is different in it. */
export const CODES = {
  /** The toy domain. */
  toy: toyDomain,
  /** There are people, whose state is made by rules. */
  people: defineDomain({ streams: [person], views: [] }),
  /** There are prizes, whose losers are refunded. */
  prizes: defineDomain({ streams: [note, prize], views: [] }),
  /** There are tickets, which every Region sells as far as its log holds some. */
  tickets: defineDomain({ streams: [note, tickets], views: [notes] }),
  /** There are tills: accounts that every Region writes to one log. */
  tills: defineDomain({
    streams: [note, account, till],
    views: [defineView({ name: 'tills', kind: 'rows', of: till, row: (balance) => balance })],
  }),
  /** Notes and accounts have snapshots. */
  snapshots: domainOf({ ...note, snapshots: snapshotsOf(1) }, { ...account, snapshots: snapshotsOf(1) }),
  /** Notes are in capitals, and snapshots of the code before are used. */
  'loud-snapshots': domainOf({ ...loud, snapshots: snapshotsOf(1) }),
  /** Notes are in capitals, and `snapshots.codeVersion` is raised. */
  'loud-snapshots-2': domainOf({ ...loud, snapshots: snapshotsOf(2) }),
  /** Accounts have snapshots, and a state that is not JSON. */
  'not-json': domainOf(note, { ...account, snapshots: snapshotsOf(1), evolve: () => Number.NaN }),
  /** `Noted` has a second version. */
  bilingual: domainOf(bilingual),
  /** `Noted` has another schema under the same version. */
  renamed: domainOf(renamed),
  /** `evolve` of notes throws on an entry `bad`. */
  'evolve-bug': domainOf(throwing),
  /** `deposit` returns an event that its schema refuses. */
  buggy: domainOf(note, buggy),
  /** Every account and stock is at home in the last Region. */
  moved: domainOf(note, { ...account, home: lastRegion }, { ...stock, home: lastRegion }),
  /** The view `notes` counts entries, and its `codeVersion` is raised. */
  'notes-2': withNotes(2, lengthOf),
  /** The view `notes` counts entries, and its `codeVersion` is the same. */
  'notes-unraised': withNotes(1, lengthOf),
  /** The view `notes` fails on an entry `bad`. */
  'notes-bug': withNotes(1, (entries) => {
    if (entries.some(({ text }) => text === 'bad')) throw new Error('This view cannot show bad entries.');
    return entries.map(({ text }) => text);
  }),
  /** There is a view `lengths` too. */
  'more-views': defineDomain({ streams: [note, account, stock], views: [notes, words, lengths, taken, money] }),
} as const satisfies Readonly<Record<string, Domain>>;

export type CodeName = keyof typeof CODES;

export const CODE_NAMES = Object.keys(CODES).filter((name): name is CodeName => Object.hasOwn(CODES, name));
