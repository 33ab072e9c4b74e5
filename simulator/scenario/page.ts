import { anchorOf, table } from '../markdown.ts';
import type { Covered } from './coverage.ts';

/** The heading of the part of the page about scenarios that is written by the runner: the last one. */
const HEADING = '## The scenarios of each guarantee';

/** The page about scenarios with current tables: which files show each guarantee, and what none of them shows. */
export function withTables(page: string, covered: readonly Covered[]): string {
  const own = page.slice(0, page.indexOf(HEADING));
  return [
    `${own}${HEADING}`,
    table(['guarantee', 'shown by'], covered.map(shownRow)),
    'No scenario shows these statements:',
    table(['guarantee', 'statement', 'because'], covered.flatMap(notShownRows)),
  ]
    .join('\n\n')
    .concat('\n');
}

function linkTo(heading: string): string {
  return `[${heading}](../reference/guarantees.md#${anchorOf(heading)})`;
}

function shownRow({ heading, scenarios }: Covered): readonly string[] {
  const files = scenarios.map(({ file }) => `[${file.replace(/\.txt$/, '')}](../../simulator/scenario/files/${file})`);
  return [linkTo(heading), files.join(', ')];
}

function notShownRows({ heading, statements }: Covered): readonly (readonly string[])[] {
  return statements.flatMap(({ statement, reason }) =>
    reason === undefined ? [] : [[linkTo(heading), `${statement.split(/[.:,(]/, 1)[0]?.trim()} …`, reason]],
  );
}
