// The ports of several Regions, one of which reads and writes the previous forms.

import * as z from 'zod';
import { fromImage, toImage } from '../../adapters/dynamodb/commit-item.ts';
import { decisionKey, fromDecisionItem, toDecisionItem } from '../../adapters/dynamodb/decision-item.ts';
import {
  fromEntryItem,
  fromGenerationsItem,
  toEntryItem,
  toGenerationsItem,
} from '../../adapters/dynamodb/view-item.ts';
import {
  type Commit,
  type Decision,
  decodeSnapshot,
  encodeSnapshot,
  type Generations,
  type MachineInput,
  MeridianError,
  type Remote,
  type Snapshot,
  type ViewEntry,
} from '../../core/index.ts';
import type { FaultyPorts } from '../../world/region/faults.ts';
import type { Previous, PreviousForms } from './previous.ts';
import { asJson } from './samples.ts';

type Change = (form: unknown) => unknown;

const viewItemSchema = z.record(z.string(), z.unknown());
const machineInputSchema = z.custom<MachineInput>();

/** The result of reading a commit written in this form. */
function commitThrough(change: Change) {
  return (commit: Commit): Commit => fromImage(change(asJson(toImage(commit))));
}

function decisionThrough(change: Change) {
  return (decision: Decision): Decision => {
    const key = decisionKey(decision.transaction, decision.attempt);
    return fromDecisionItem(change(asJson(toDecisionItem(key, decision))));
  };
}

function entryThrough(change: Change) {
  return (entry: ViewEntry): ViewEntry => fromEntryItem(viewItemSchema.parse(change(asJson(toEntryItem('v', entry)))));
}

function generationsThrough(change: Change) {
  return (generations: Generations): Generations =>
    fromGenerationsItem(viewItemSchema.parse(change(asJson(toGenerationsItem('v', generations)))))[1];
}

function snapshotThrough(change: Change) {
  return (snapshot: Snapshot): Snapshot => decodeSnapshot(JSON.stringify(change(JSON.parse(encodeSnapshot(snapshot)))));
}

function textThrough(change: Change) {
  return (text: string): string => JSON.stringify(change(JSON.parse(text)));
}

/** Ports of functions that run the previous version: others read their writes, and they read the others' writes. */
export function portsOfPrevious(forms: PreviousForms, ports: FaultyPorts): FaultyPorts {
  return {
    ...ports,
    ...tablesOfPrevious(forms, ports),
    bus: {
      put: (entries) => {
        const written = textThrough(forms['bus-detail'].toPrevious);
        return ports.bus.put(entries.map((entry) => ({ ...entry, detail: written(entry.detail) })));
      },
    },
    projection: {
      send: (bodies) => ports.projection.send(bodies.map(textThrough(forms['projection-message'].toPrevious))),
    },
    lookAgain: {
      send: (messages) => {
        const written = textThrough(forms['projection-message'].toPrevious);
        return ports.lookAgain.send(messages.map(({ body, delay }) => ({ body: written(body), delay })));
      },
    },
    resolver: {
      send: (messages) => {
        const written = textThrough(forms['resolver-message'].toPrevious);
        return ports.resolver.send(messages.map(({ body, delay }) => ({ body: written(body), delay })));
      },
    },
    machine: {
      start: (input) => ports.machine.start(machineInputSchema.parse(forms['machine-input'].toPrevious(asJson(input)))),
    },
    remote: asked(ports.remote, forms['command-request'].toPrevious, forms['command-answer'].fromPrevious),
    participants: asked(
      ports.participants,
      forms['participant-request'].toPrevious,
      forms['participant-answer'].fromPrevious,
    ),
  };
}

function tablesOfPrevious(forms: PreviousForms, { events, decisions, views, snapshots }: FaultyPorts) {
  const commit = both(commitThrough, forms['commit-item']);
  const decision = both(decisionThrough, forms['decision-item']);
  const entry = both(entryThrough, forms['view-entry-item']);
  const generations = both(generationsThrough, forms['generations-item']);
  const snapshot = both(snapshotThrough, forms.snapshot);
  return {
    events: {
      ...events,
      load: async (stream, after) => (await events.load(stream, after)).map(commit.read),
      loadLog: async (stream, log, after) => (await events.loadLog(stream, log, after)).map(commit.read),
      scan: async (...segment) => {
        const page = await events.scan(...segment);
        return { ...page, commits: page.commits.map(commit.read) };
      },
      at: async (...place) => perhaps(commit.read, await events.at(...place)),
      put: async (one) => perhaps(commit.read, await events.put(commit.write(one))),
      transact: async ({ commits, free, decision: one }) => {
        const written = { commits: commits.map(commit.write), free, decision: decision.write(one) };
        const there = await events.transact(written);
        return (
          there && { ...there, decision: perhaps(decision.read, there.decision), taken: there.taken.map(commit.read) }
        );
      },
      findDecision: async (id) => perhaps(decision.read, await events.findDecision(id)),
      putDecision: async (one) => perhaps(decision.read, await events.putDecision(decision.write(one))),
    },
    decisions: {
      strong: decisions.strong,
      put: async (one) => perhaps(decision.read, await decisions.put(decision.write(one))),
      find: async (...which) => perhaps(decision.read, await decisions.find(...which)),
      attempts: async (...which) => (await decisions.attempts(...which)).map(decision.read),
      scan: async (...segment) => {
        const page = await decisions.scan(...segment);
        return { ...page, decisions: page.decisions.map(decision.read) };
      },
    },
    views: {
      ...views,
      entries: async (...which) =>
        new Map([...(await views.entries(...which))].map(([key, of]) => [key, entry.read(of)])),
      apply: (view, entries, deltas) => views.apply(view, entries.map(entry.write), deltas),
      generations: async (names) =>
        new Map([...(await views.generations(names))].map(([view, of]) => [view, generations.read(of)])),
      setGenerations: (view, next) => views.setGenerations(view, generations.write(next)),
    },
    snapshots: {
      ...snapshots,
      newest: async (...which) => perhaps(snapshot.read, await snapshots.newest(...which)),
      put: (one) => snapshots.put(snapshot.write(one)),
    },
  } satisfies Partial<FaultyPorts>;
}

/** Ports of functions that run the current version, next to a Region with the previous one. */
export function portsBesidePrevious(forms: PreviousForms, previous: string, ports: FaultyPorts): FaultyPorts {
  const towards = (remote: Remote, request: Previous, answer: Previous): Remote => {
    const there = asked(remote, throwing(request.fromPrevious), answer.toPrevious);
    return { invoke: (region, ...call) => (region === previous ? there : remote).invoke(region, ...call) };
  };
  return {
    ...ports,
    remote: towards(ports.remote, forms['command-request'], forms['command-answer']),
    participants: towards(ports.participants, forms['participant-request'], forms['participant-answer']),
  };
}

/** A function whose requests and responses have other forms. */
function asked(remote: Remote, request: Change, answer: Change): Remote {
  return {
    invoke: async (region, form, within) => answer(asJson(await remote.invoke(region, request(asJson(form)), within))),
  };
}

/** A function that throws on forms that it cannot read. */
function throwing(read: Change): Change {
  return (form) => {
    try {
      return read(form);
    } catch (cause) {
      throw new MeridianError('region-unreachable', 'The function failed.', { retryable: true, cause });
    }
  };
}

function both<T>(through: (change: Change) => (value: T) => T, { toPrevious, fromPrevious }: Previous) {
  return { write: through(toPrevious), read: through(fromPrevious) };
}

function perhaps<T>(read: (value: T) => T, value: T | undefined): T | undefined {
  return value === undefined ? undefined : read(value);
}
