import { memoryDecisions } from '../../../adapters/memory/decisions.ts';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import { memoryViewStore } from '../../../adapters/memory/view-store.ts';
import type { Commit } from '../../../core/facts/commit.ts';
import { fingerprintOf } from '../../../core/facts/fingerprint.ts';
import { nextStamp } from '../../../core/facts/hlc.ts';
import { type DelayedMessage, defineDomain, defineStream, defineView } from '../../../core/index.ts';
import { type OperatePorts, runAction } from '../../../core/operate/actions.ts';
import { projectTriggers } from '../../../core/view/projection.ts';
import {
  type ActionInput,
  type ActionResult,
  encodeOperateRequest,
  type OperatorAction,
  operatorActions,
} from '../../../core/wire/operate.ts';
import { account, note } from '../../../testing/toy.ts';
import { fakeRuntime } from '../../runtime.ts';
import { operatePorts } from './operate-ports.ts';

/** A type that all Regions write to one log. */
const tail = defineStream({ ...note, type: 'tail', mode: 'strong' });

export const domain = defineDomain({
  streams: [note, account, tail],
  views: [
    defineView({
      name: 'latest',
      kind: 'rows',
      of: note,
      row(entries, id) {
        if (entries.some(({ text }) => text === '!')) throw new Error('The view fails on this text.');
        return entries.length > 1 ? { id, text: entries.at(-1)?.text } : undefined;
      },
    }),
    defineView({
      name: 'words',
      kind: 'totals',
      of: note,
      totals: (entries) => ({ all: { notes: entries.length }, [entries.at(-1)?.text ?? '']: { last: 1, none: 0 } }),
    }),
    defineView({ name: 'tails', kind: 'rows', of: tail, row: (entries) => entries.length }),
  ],
});

export const NOW = Date.UTC(2026, 0, 1);
/** A minute before: what is younger does not count. */
export const UNTIL = new Date(NOW - 60_000).toISOString();
export const STREAM = 'note/n';

export type VerifiedRegion = ReturnType<typeof aVerifiedRegion>;

/** A Region whose tables can be damaged: its events table is this one, and messages to its resolver are kept. */
export function aVerifiedRegion(region = 'us-east-1') {
  const sent: DelayedMessage[] = [];
  const runtime = fakeRuntime(NOW);
  const table = memoryEventStore();
  const views = memoryViewStore();
  const decisions = memoryDecisions({ strong: false });
  const ports = {
    ...operatePorts(),
    ...{ domain, region, runtime, views, decisions },
    events: table,
    resolver: {
      send: async (messages: readonly DelayedMessage[]) => {
        sent.push(...messages);
        return messages.map(() => undefined);
      },
    },
  } satisfies OperatePorts;
  return { ports, table, views, decisions, sent, runtime };
}

/** Runs an action, with its request and its result as they are sent. */
export async function ask<Name extends OperatorAction>(
  ports: OperatePorts,
  action: Name,
  input: ActionInput<Name>,
): Promise<ActionResult<Name>> {
  const request: unknown = JSON.parse(JSON.stringify(encodeOperateRequest(action, input)));
  return operatorActions[action].result.parse(JSON.parse(JSON.stringify(await runAction(ports, request))));
}

/** A commit as a Region writes it, an hour before now. */
export function noted(position: number, of: Partial<Commit> & { readonly text?: string } = {}): Commit {
  const { text = `text ${position}`, ...members } = of;
  const { log = 'us-east-1' } = of;
  const events = [{ type: 'Noted', schemaVersion: 1, data: { text } }];
  return {
    ...{ stream: STREAM, log, position, commitId: `${log}-${position}`, fingerprint: `of ${position}` },
    digest: fingerprintOf(fakeRuntime(), members.events ?? events),
    events,
    context: position > 1 ? { [log]: position - 1 } : {},
    previous: position - 1,
    hlc: nextStamp(NOW - 3_600_000 + position),
    region: 'us-east-1',
    meta: {},
    ...members,
  };
}

export async function put({ table }: Pick<VerifiedRegion, 'table'>, ...commits: readonly Commit[]): Promise<void> {
  for (const commit of commits) await table.put(commit);
}

/** Brings the views up to date. */
export async function project({ ports }: VerifiedRegion, ...commits: readonly Commit[]): Promise<void> {
  const failed = await projectTriggers(
    ports,
    commits.map(({ stream, log, position }) => ({ stream, log, position, inTable: true })),
  );
  for (const error of failed.values()) throw error;
}

/** The commits that a stream has unless a test says otherwise. */
export const three = [noted(1), noted(2), noted(3)];
