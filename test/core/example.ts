import * as z from 'zod';
import { memoryDecisions } from '../../adapters/memory/decisions.ts';
import { memoryEventStore } from '../../adapters/memory/event-store.ts';
import { memorySnapshotStore } from '../../adapters/memory/snapshot-store.ts';
import { memoryViewStore } from '../../adapters/memory/view-store.ts';
import type { Append } from '../../core/facts/append.ts';
import type { Operation } from '../../core/facts/operation.ts';
import {
  defineDomain,
  defineStream,
  defineView,
  type EventStore,
  type MachineInput,
  MeridianError,
  type Remote,
  reject,
  type Snapshots,
  type Warm,
} from '../../core/index.ts';
import { fakeRuntime } from '../runtime.ts';

/** What was noted, in fold order, each with what its writer had not seen. */
export interface Notes {
  readonly texts: readonly string[];
  readonly unseen: readonly (readonly string[])[];
}

const metaTextSchema = z.strictObject({ text: z.string() });

/** A `merge` stream whose state tells everything that folding decides. */
export const note = defineStream({
  type: 'note',
  mode: 'merge',
  events: {
    Noted: { schemaVersion: 1, schema: metaTextSchema },
    Dated: { schemaVersion: 1, schema: z.strictObject({ text: z.coerce.date() }) },
  },
  initial: { texts: [], unseen: [] } as Notes,
  evolve({ texts, unseen }, { data }, { concurrent }) {
    return {
      texts: [...texts, String(data.text)],
      unseen: [...unseen, concurrent.map((event) => String(event.data.text))],
    };
  },
  commands: {
    note: { input: metaTextSchema, decide: (_state, { text }) => [{ type: 'Noted', data: { text } }] },
    once: {
      input: metaTextSchema,
      decide: ({ texts }, { text }) => (texts.includes(text) ? [] : [{ type: 'Noted', data: { text } }]),
    },
    after: {
      input: z.strictObject({ text: z.string(), after: z.string() }),
      decide({ texts }, { text, after }) {
        if (!texts.includes(after)) throw reject(`There is no ${after} yet.`, { after });
        return [{ type: 'Noted', data: { text } }];
      },
    },
  },
});

const amountSchema = z.strictObject({ amount: z.int() });

/** A `home` stream: the Region that its id begins with has it. */
export const account = defineStream({
  type: 'account',
  mode: 'home',
  home(id, regions) {
    const home = regions.find((region) => id.startsWith(`${region}.`));
    if (!home) throw reject(`There is no home for ${id}.`);
    return home;
  },
  events: {
    Deposited: { schemaVersion: 2, schema: amountSchema },
    Withdrawn: { schemaVersion: 1, schema: amountSchema },
  },
  initial: 0,
  evolve: (balance, { type, data }) => balance + (type === 'Deposited' ? data.amount : -data.amount),
  commands: {
    deposit: { input: amountSchema, decide: (_balance, data) => [{ type: 'Deposited', data }] },
    withdraw: {
      input: amountSchema,
      decide(balance, data, { id }) {
        if (balance < data.amount) throw reject(`${id} has ${balance} only.`, { balance });
        return data.amount === 0 ? [] : [{ type: 'Withdrawn', data }];
      },
    },
  },
});

/** How often each text was noted; `!` stands for a fault of the domain, a key by itself for that key. */
const texts = defineView({
  name: 'texts',
  kind: 'totals',
  of: note,
  totals({ texts }) {
    const totals: Record<string, Record<string, number>> = {};
    for (const text of texts) {
      if (text === '!') throw new Error('The view cannot bear this.');
      totals[text] = { count: (totals[text]?.count ?? 0) + (text === 'half' ? 0.5 : 1) };
    }
    return totals;
  },
  present: ({ count = 0 }) => `${count} times`,
});

/** The number of notes, in all and without a presentation of its own; nothing once the last one says `clear`. */
const lengths = defineView({
  name: 'lengths',
  kind: 'totals',
  of: note,
  shards: 1,
  totals: ({ texts }) => (texts.at(-1) === 'clear' ? {} : { all: { notes: texts.length, streams: 1 } }),
});

/** One row a stream of notes, once there are any. */
const latest = defineView({
  name: 'latest',
  kind: 'rows',
  of: note,
  row: ({ texts }, id) => (texts.length > 0 ? { id, text: texts.at(-1) } : undefined),
});

export const domain = defineDomain({ streams: [note, account], views: [texts, lengths, latest] });

export const REGIONS = ['us', 'eu', 'ap'];

/** Counts the calls of an event store by name; `before` can interfere with each. */
export function watched(
  store: EventStore,
  before: (call: keyof EventStore) => Promise<unknown> | undefined = () => undefined,
): EventStore & { readonly calls: (keyof EventStore)[] } {
  const calls: (keyof EventStore)[] = [];
  const watch = async (call: keyof EventStore): Promise<void> => {
    calls.push(call);
    await before(call);
  };
  return {
    calls,
    load: async (...args) => {
      await watch('load');
      return store.load(...args);
    },
    loadLog: async (stream, log, after) => {
      await watch('loadLog');
      return store.loadLog(stream, log, after);
    },
    scan: async (...args) => {
      await watch('scan');
      return store.scan(...args);
    },
    put: async (commit) => {
      await watch('put');
      return store.put(commit);
    },
    at: async (...args) => {
      await watch('at');
      return store.at(...args);
    },
    finalise: async (intent, state) => {
      await watch('finalise');
      return store.finalise(intent, state);
    },
    transact: async (write) => {
      await watch('transact');
      return store.transact(write);
    },
    findDecision: async (transaction) => {
      await watch('findDecision');
      return store.findDecision(transaction);
    },
    putDecision: async (outcome) => {
      await watch('putDecision');
      return store.putDecision(outcome);
    },
  };
}

/** What a Region has that is alone in the world. */
const unreachable: Remote = {
  invoke: async () => {
    throw new MeridianError('region-unreachable', 'There is no line.', { retryable: true });
  },
};

/** A state machine that only notes what it was started with. */
export function aMachine() {
  const started: MachineInput[] = [];
  const start = async (input: MachineInput): Promise<void> => {
    started.push(input);
  };
  return { started, start };
}

/**
 * A Region with memory for everything, alone in the world; `table` is its events table as such, `events` counts the calls of
 * it.
 */
export function aRegion(region = 'us', runtime = fakeRuntime(), domainOf = domain) {
  const table = memoryEventStore();
  return {
    decisions: memoryDecisions({ strong: true }),
    participants: unreachable,
    remote: unreachable,
    machine: aMachine(),
    domain: domainOf,
    region,
    regions: REGIONS,
    log: region,
    runtime,
    warm: new Map<string, Warm>(),
    table,
    events: watched(table),
    snapshots: memorySnapshotStore(),
    views: memoryViewStore(),
  };
}

/** The streams and a view of this domain, with snapshots. */
export function domainWithSnapshots(snapshots: Snapshots) {
  const notes = defineStream({ ...note, snapshots });
  return defineDomain({
    streams: [notes, defineStream({ ...account, snapshots })],
    views: [defineView({ name: 'latest', kind: 'rows', of: notes, row: ({ texts }) => texts.at(-1) })],
  });
}

/** Delivers a stream's commits from one Region's table to another's. */
export async function replicate(
  stream: string,
  from: Pick<ReturnType<typeof aRegion>, 'table'>,
  to: Pick<ReturnType<typeof aRegion>, 'table'>,
): Promise<void> {
  for (const commit of await from.table.load(stream)) to.table.replicate(commit);
}

let ids = 0;

export function noted(...texts: readonly string[]): Operation {
  return {
    kind: 'events',
    events: texts.map((text) => ({ type: 'Noted', data: { text } })),
  };
}

export function command(command: string, input: unknown): Operation {
  return { kind: 'command', command, input };
}

/** An append to `note/n`; a test says only what matters to it. */
export function anAppend(of: Partial<Append> = {}): Append {
  return {
    stream: 'note/n',
    commitId: `commit-${++ids}`,
    operation: noted('text'),
    meta: {},
    ...of,
  };
}
