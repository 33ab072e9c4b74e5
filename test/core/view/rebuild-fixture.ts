import { expect } from 'vitest';
import { type Domain, defineDomain } from '../../../core/definition/domain.ts';
import { defineView, type ViewDefinition } from '../../../core/definition/view.ts';
import type { Commit } from '../../../core/facts/commit.ts';
import type { ViewsTable } from '../../../core/ports/views-table.ts';
import { readRows } from '../../../core/read/views.ts';
import { storedAs } from '../../../core/view/generation.ts';
import { type ProjectPorts, projectTriggers } from '../../../core/view/projection.ts';
import { beginRebuild, type RebuildPorts, stepRebuild } from '../../../core/view/rebuild.ts';
import type { Trigger } from '../../../core/view/trigger.ts';
import { account, note } from '../../../testing/toy.ts';
import { aCommit } from '../../contract/commits.ts';
import { aRegion } from '../a-region.ts';

export type Region = ReturnType<typeof aRegion>;

export function noting(stream: string, text: string, of: Partial<Commit> = {}): Commit {
  return aCommit({
    stream: `note/${stream}`,
    log: 'us',
    context: {},
    hlc: `0${of.position ?? 1}`,
    events: [{ type: 'Noted', schemaVersion: 1, data: { text } }],
    ...of,
  });
}

export function key({ stream, log, position }: Commit): Trigger {
  return { stream, log, position, inTable: true };
}

/** How often each text was noted, and the last text of each stream: version 1 of the two views. */
export function counts(of: Partial<ViewDefinition> = {}): ViewDefinition {
  return defineView({
    name: 'counts',
    kind: 'totals',
    of: note,
    totals: (entries: typeof note.initial) => Object.fromEntries(entries.map(({ text }) => [text, { n: 1 }])),
    ...of,
  } as ViewDefinition);
}

export function last(of: Partial<ViewDefinition> = {}): ViewDefinition {
  return defineView({
    name: 'last',
    kind: 'rows',
    of: note,
    row: (entries: typeof note.initial) => entries.at(-1)?.text,
    ...of,
  } as ViewDefinition);
}

/** Version 2: other keys, other rows, other shards. */
const counts2 = counts({
  codeVersion: 2,
  shards: 7,
  totals: (entries: typeof note.initial) => Object.fromEntries(entries.map(({ text }) => [`${text}!`, { notes: 10 }])),
} as Partial<ViewDefinition>);

const last2 = last({
  codeVersion: 2,
  shards: 3,
  row: (entries: typeof note.initial) => ({ all: entries.map(({ text }) => text) }),
} as Partial<ViewDefinition>);

export function domainOf(...views: ViewDefinition[]): Domain {
  return defineDomain({ streams: [note, account], views });
}

export const before = domainOf(counts(), last());

export const after = domainOf(counts2, last2);

/** Ports of other code, over the same tables. */
export function running<P extends ProjectPorts>(ports: P, domain: Domain): P {
  return { ...ports, domain };
}

export function put({ table }: Region, ...commits: readonly Commit[]): void {
  for (const commit of commits) table.replicate(commit);
}

export async function deliver(ports: ProjectPorts, ...triggers: readonly Trigger[]): Promise<void> {
  return expect(await projectTriggers(ports, triggers)).toEqual(new Map());
}

export async function rowsOf(
  ports: Pick<ProjectPorts, 'domain' | 'views' | 'runtime'>,
  view: string,
): Promise<unknown> {
  return (await readRows(ports, view, { limit: 1000 })).rows;
}

/** The rows that a Region with this code shows after projecting each of these commits. */
export async function fromScratch(domain: Domain, commits: readonly Commit[]) {
  const fresh = { ...aRegion(), domain };
  put(fresh, ...commits);
  await deliver(fresh, ...commits.map(key));
  return shown(fresh);
}

export async function shown(ports: Pick<ProjectPorts, 'domain' | 'views' | 'runtime'>) {
  return {
    counts: await rowsOf(ports, 'counts'),
    last: await rowsOf(ports, 'last'),
  };
}

export async function build(ports: RebuildPorts, view: string, segments = 2) {
  const begun = await beginRebuild(ports, { view, segments });
  let status = begun;
  while (!status.done && status.build === begun.build)
    for (const { segment, done } of status.segments)
      if (!done) status = await stepRebuild(ports, { view, build: begun.build, segment });
  return status;
}

export async function leftOf(views: ViewsTable, view: string, codeVersion: number, build: number, shards: number) {
  return !(await views.remove(storedAs(view, { codeVersion: codeVersion, build }), shards, 1));
}

export const someCommits = Array.from({ length: 40 }, (_, i) => noting(`${i}`, `text-${i % 5}`));

/** A Region with these commits, whose views the previous code has built. */
export async function aRunningRegion(commits = someCommits): Promise<Region> {
  const us = { ...aRegion(), domain: before };
  put(us, ...commits);
  await deliver(us, ...commits.map(key));
  return us;
}
