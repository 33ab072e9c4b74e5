import * as z from 'zod';
import { memoryDecisions } from '../../adapters/memory/decisions.ts';
import { memoryEventStore } from '../../adapters/memory/event-store.ts';
import { memoryPlacement } from '../../adapters/memory/placement.ts';
import { memorySnapshotStore } from '../../adapters/memory/snapshot-store.ts';
import { memoryViewStore } from '../../adapters/memory/view-store.ts';
import type { Append } from '../../core/facts/append.ts';
import type { Operation } from '../../core/facts/operation.ts';
import {
  type Domain,
  defineDomain,
  defineStream,
  defineView,
  type EventsTable,
  type MachineInput,
  MeridianError,
  type Remote,
  type Snapshots,
  type Warm,
} from '../../core/index.ts';
import { KnownPlacement } from '../../core/placement/known-placement.ts';
import { account, note, toyDomain } from '../../testing/toy.ts';
import { fakeRuntime } from '../runtime.ts';

export const REGIONS = ['us', 'eu', 'ap'];

/** Records the names of the calls to an event store; `before` runs before each call, and can make it fail. */
export function watched(
  store: EventsTable,
  before: (call: keyof EventsTable) => Promise<unknown> | undefined = () => undefined,
): EventsTable & { readonly calls: (keyof EventsTable)[] } {
  const calls: (keyof EventsTable)[] = [];
  const watch = async (call: keyof EventsTable): Promise<void> => {
    calls.push(call);
    await before(call);
  };
  return {
    calls,
    load: async (...args) => {
      await watch('load');
      return store.load(...args);
    },
    loadFirst: async (...args) => {
      await watch('loadFirst');
      return store.loadFirst(...args);
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
    taken: async (places) => {
      await watch('taken');
      return store.taken(places);
    },
    finalise: async (intent, state) => {
      await watch('finalise');
      return store.finalise(intent, state);
    },
    mark: async (intent, next) => {
      await watch('mark');
      return store.mark(intent, next);
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

/** The settings of a Region without other Regions. */
const unreachable: Remote = {
  invoke: async () => {
    throw new MeridianError('region-unreachable', 'There is no connection.', { retryable: true });
  },
};

/** A state machine that only records its inputs. */
export function aMachine() {
  const started: MachineInput[] = [];
  const start = async (input: MachineInput): Promise<void> => {
    started.push(input);
  };
  return { started, start };
}

/**
 * A Region with everything in memory, without other Regions; `table` is its events table itself, `events` counts the
 * calls to it.
 */
export function aRegion(region = 'us', runtime = fakeRuntime(), domain: Domain = toyDomain) {
  const table = memoryEventStore();
  const placements = memoryPlacement();
  return {
    placements,
    placement: new KnownPlacement(placements, runtime),
    decisions: memoryDecisions({ strong: true }),
    participants: unreachable,
    turns: unreachable,
    remote: unreachable,
    machine: aMachine(),
    domain,
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

/** The toy's accounts, except that a deposit hits a bug of its `decide`. */
export const buggyAccount = defineStream({
  ...account,
  commands: {
    ...account.commands,
    deposit: {
      ...account.commands.deposit,
      decide: () => {
        throw new TypeError('A bug of the domain.');
      },
    },
  },
});

/** The toy's notes and accounts with snapshots, and a view of notes. */
export function domainWithSnapshots(snapshots: Snapshots) {
  const notes = defineStream({ ...note, snapshots });
  return defineDomain({
    streams: [notes, defineStream({ ...account, snapshots })],
    views: [defineView({ name: 'latest', kind: 'rows', of: notes, row: (entries) => entries.at(-1)?.text })],
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

const entriesSchema = z.array(z.object({ id: z.string(), text: z.string(), unseen: z.array(z.string()) }));

/** The texts of a note in fold order, each with the texts that its writer had not seen. */
export function inTexts(state: unknown) {
  const entries = entriesSchema.parse(state);
  const textOf = new Map(entries.map(({ id, text }) => [id, text]));
  return {
    texts: entries.map(({ text }) => text),
    unseen: entries.map(({ unseen }) => unseen.map((id) => textOf.get(id))),
  };
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

/** An append to `note/n`; tests override what matters to them. */
export function anAppend(of: Partial<Append> = {}): Append {
  return {
    stream: 'note/n',
    commitId: `commit-${++ids}`,
    ...(of.commitId === undefined && { isNew: true }),
    operation: noted('text'),
    meta: {},
    ...of,
  };
}
