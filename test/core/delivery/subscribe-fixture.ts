import { expect } from 'vitest';
import { memoryProgress } from '../../../adapters/memory/progress.ts';
import {
  type AnnouncedOutcome,
  type Commit,
  handleMessages,
  type MessagePorts,
  type SubscribedEvent,
} from '../../../core/index.ts';
import { entriesOf } from '../../../core/wire/bus-event.ts';
import { aCommit } from '../../contract/commits.ts';
import { fakeRuntime } from '../../runtime.ts';

export const STREAM = 'note/1';
/** Milliseconds after which a subscriber starts in the middle of a log. */
export const SETTLED = 300_000;

/** A log's commit with this many events, as bodies of queue messages. */
export function bodiesOf(of: Partial<Commit> & { readonly count?: number }): readonly string[] {
  const { count = 1, ...commit } = of;
  const events = Array.from({ length: count }, (_, i) => ({ type: 'Noted', schemaVersion: 1, data: i }));
  return entriesOf(aCommit({ stream: STREAM, events, ...commit })).map(({ source, detailType, detail }) =>
    JSON.stringify({ source, 'detail-type': detailType, detail: JSON.parse(detail) }),
  );
}

export function bodyAt(position: number, of: Partial<Commit> = {}): string {
  return bodiesOf({ position, ...of })[0] ?? '';
}

export function idAt(position: number, index = 0, log = 'us-east-1'): string {
  return `${STREAM}@${log}.${position}.${index}`;
}

/** A subscriber whose effect is a line in a journal: the event's id. */
export function aSubscriber(of: Partial<MessagePorts<string>> = {}) {
  const journal: string[] = [];
  const runtime = fakeRuntime();
  const progress = memoryProgress<string>((id) => journal.push(id), runtime.now);
  const ports = {
    from: 'beginning',
    progress,
    runtime,
    handle: ({ id }: SubscribedEvent) => [id],
    outcome: ({ id, type }: AnnouncedOutcome) => [`${type} ${id}`],
    ...of,
  } as const;
  return { journal, runtime, progress, ports, take: (...bodies: readonly string[]) => handleMessages(ports, bodies) };
}

/** The result for an event that arrives early. */
export const waits: unknown = expect.stringContaining('waits for its predecessor in its log');
