import { expect } from 'vitest';
import type { Domain } from '../../../core/definition/domain.ts';
import type { Commit } from '../../../core/facts/commit.ts';
import type { ViewsTable } from '../../../core/ports/views-table.ts';
import { readRows } from '../../../core/read/views.ts';
import { type ProjectPorts, projectTriggers } from '../../../core/view/projection.ts';
import type { Trigger } from '../../../core/view/trigger.ts';
import { aCommit } from '../../contract/commits.ts';
import { type aRegionWithViews, domain } from './a-region-with-views.ts';

export type Region = ReturnType<typeof aRegionWithViews>;

export function key({ stream, log, position }: Commit): Trigger {
  return { stream, log, position, inTable: true };
}

export function payload(commit: Commit): Trigger {
  return { ...key(commit), inTable: false, commit };
}

/** An event of a commit whose other events are missing. */
export function part(commit: Commit): Trigger {
  return { ...key(commit), inTable: false };
}

export function noting(text: string, of: Partial<Commit> = {}): Commit {
  return aCommit({
    stream: 'note/n',
    log: 'us',
    context: {},
    hlc: `0${of.position ?? 1}`,
    events: [{ type: 'Noted', schemaVersion: 1, data: { text } }],
    ...of,
  });
}

/** The domain with only one of its views. */
export function withView(name: string): Domain {
  return {
    ...domain,
    views: new Map([...domain.views].filter(([of]) => of === name)),
  };
}

export async function rowsOf(
  ports: Pick<ProjectPorts, 'domain' | 'views' | 'runtime'>,
  view: string,
): Promise<unknown> {
  return Object.fromEntries((await readRows(ports, view, { limit: 1000 })).rows.map(({ key, value }) => [key, value]));
}

export async function viewsOf(ports: Pick<ProjectPorts, 'domain' | 'views' | 'runtime'>) {
  return {
    texts: await rowsOf(ports, 'texts'),
    lengths: await rowsOf(ports, 'lengths'),
    latest: await rowsOf(ports, 'latest'),
  };
}

export async function put({ table }: Region, commits: readonly Commit[]): Promise<void> {
  for (const commit of commits) table.replicate(commit);
}

export async function projectAll(ports: ProjectPorts, triggers: readonly Trigger[]): Promise<void> {
  expect(await projectTriggers(ports, triggers)).toEqual(new Map());
}

/** A view store with hooks between reading and changing, and after changing. */
export function disturbed(
  views: ViewsTable,
  { before = async () => {}, after = async () => {} }: { before?: () => Promise<void>; after?: () => Promise<void> },
): ViewsTable & { readonly sizes: number[] } {
  const sizes: number[] = [];
  return {
    ...views,
    sizes,
    apply: async (view, entries, deltas) => {
      sizes.push(entries.length + deltas.length);
      await before();
      const applied = await views.apply(view, entries, deltas);
      await after();
      return applied;
    },
  };
}
