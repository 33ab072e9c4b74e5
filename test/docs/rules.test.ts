// Runs the timelines of docs/guides/rules.md.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Commit } from '../../core/facts/commit.ts';
import type { VersionVector } from '../../core/facts/version.ts';
import { History } from '../../core/log/history.ts';
import {
  addWinsMap,
  addWinsSet,
  boundedCounter,
  counter,
  evolveBy,
  initialBy,
  keepAll,
  lastWriterWins,
  lastWriterWinsPerField,
  maximum,
  minimum,
  type RemoveWinsMap,
  type Rules,
  removeWinsMap,
  removeWinsSet,
} from '../../core/rules/index.ts';
import { defineStream } from '../../index.ts';
import { aCommit } from '../contract/commits.ts';

const page = readFileSync(new URL('../../docs/guides/rules.md', import.meta.url), 'utf8');

/** The rules, by the heading of their timelines; and how the page shows their states. */
const shown: Readonly<Record<string, { readonly rule: Rules[string]; readonly show?: (state: never) => unknown }>> = {
  'lastWriterWins(null)': { rule: lastWriterWins<unknown>(null) },
  'lastWriterWinsPerField({})': { rule: lastWriterWinsPerField<object>({}) },
  'keepAll()': { rule: keepAll<unknown>(), show: valuesOf },
  'addWinsSet()': { rule: addWinsSet(), show: (set: object) => Object.keys(set) },
  'removeWinsSet()': { rule: removeWinsSet() },
  'addWinsMap()': { rule: addWinsMap<unknown>(), show: valuesByKey },
  'removeWinsMap()': { rule: removeWinsMap<unknown>(), show: valuesByKey },
  'counter(0)': { rule: counter(0) },
  'minimum()': { rule: minimum() },
  'maximum()': { rule: maximum() },
  'boundedCounter(0)': { rule: boundedCounter(0) },
};

function valuesOf(written: readonly { readonly value: unknown }[]): readonly unknown[] {
  return written.map(({ value }) => value);
}

function valuesByKey(map: RemoveWinsMap<unknown>): object {
  return Object.fromEntries(Object.entries(map).map(([key, written]) => [key, valuesOf(written)]));
}

/** The cells of a timeline: one row for each time, one cell for each Region. */
function timelineOf(heading: string): readonly (readonly string[])[] {
  const [, section = ''] = page.split(`### \`${heading}\`\n`);
  const [table = ''] = section.trimStart().split('\n\n');
  return table
    .split('\n')
    .slice(2)
    .map((row) =>
      row
        .split('|')
        .slice(2, 4)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
}

const regions = ['us-east-1', 'us-west-2'];

/** What the Regions write in the rows of a timeline, each knowing what it had received. */
function writtenIn(rows: readonly (readonly string[])[]): readonly Commit[] {
  const written: Commit[] = [];
  const knows = new Map<string, VersionVector>();
  for (const [time, row] of rows.entries())
    for (const [i, cell] of row.entries()) {
      const log = regions[i] ?? '';
      const of = (name: string): number => written.filter((commit) => commit.log === name).length;
      if (cell === 'both') knows.set(log, Object.fromEntries(regions.map((name) => [name, of(name)])));
      else if (cell !== '') {
        const position = of(log) + 1;
        const events = [{ type: 'Changed', schemaVersion: 1, data: { change: JSON.parse(cell) } }];
        const context = { ...knows.get(log), [log]: position - 1 };
        written.push(aCommit({ stream: 'thing/a', log, position, context, hlc: `${time}`.padStart(16, '0'), events }));
      }
    }
  return written;
}

describe('the timelines of the rules', () => {
  it('are there for every rule that the page names', () => {
    const headings = [...page.matchAll(/^### `(.*)`$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual(Object.keys(shown));
  });

  it.each(Object.entries(shown))('end as the page says: %s', (heading, { rule, show = (state: never) => state }) => {
    const rows = timelineOf(heading);
    expect(rows).toHaveLength(6);
    const rules = { part: rule };
    const thing = defineStream({
      type: 'thing',
      mode: 'merge',
      events: { Changed: { schemaVersion: 1, schema: z.object({ change: z.unknown() }), sample: { change: 1 } } },
      initial: initialBy(rules),
      evolve: evolveBy(rules, { Changed: ({ data }) => ({ part: data.change }) }),
      commands: {},
    });
    const written = writtenIn(rows.slice(0, -1));
    for (const arrived of [written, written.toReversed()]) {
      const { state } = new History(thing, 'thing/a', arrived);
      const { part } = z.object({ part: z.unknown() }).parse(state);
      const expected = rows.at(-1)?.map((cell): unknown => JSON.parse(cell));
      expect([show(part as never), show(part as never)]).toEqual(expected);
    }
  });
});
