import { type Command, Option } from 'commander';
import { askPage } from '../../client/page.ts';
import type { Row } from '../../core/index.ts';
import type { Region } from '../client/region.ts';
import { cell, sayJson, sayText, table } from '../output.ts';
import { type RegionOptions, regionCommand, waitOption, wholeNumber, withRegion } from '../region-command.ts';

interface ViewOptions extends RegionOptions {
  readonly limit?: number;
  readonly after?: string;
  readonly atLeast?: readonly string[];
  readonly wait?: number;
}

/** `meridian view` */
export function addView(program: Command): void {
  regionCommand(program, 'view', 'show the rows of a view')
    .argument('<view>', 'its name')
    .argument('[key]', 'only the row with this key')
    .option('--limit <n>', 'at most this many rows', wholeNumber(1))
    .option('--after <key>', 'only rows after this key')
    .addOption(
      new Option(
        '--at-least <version>',
        'only once the view includes this version of a stream; may be repeated',
      ).argParser((version: string, others: readonly string[] = []) => [...others, version]),
    )
    .addOption(waitOption())
    .action((view: string, key: string | undefined, options: ViewOptions) =>
      withRegion(options, (region) =>
        key === undefined ? showRows(region, view, options) : showRow(region, view, key, options),
      ),
    );
}

async function showRow(region: Region, view: string, key: string, options: ViewOptions): Promise<void> {
  const { json, atLeast, wait } = options;
  const { value } = await region.row(view, key, { atLeast, waitSeconds: wait });
  if (json) sayJson({ key, value });
  else sayText(tableOf([{ key, value }]));
}

const PAGE = 1000;

/** One table per page, so that a view of any size can be printed. */
async function showRows(
  region: Region,
  view: string,
  { json = false, limit = Number.POSITIVE_INFINITY, atLeast, wait, ...options }: ViewOptions,
): Promise<void> {
  let { after } = options;
  const seen = { atLeast, waitSeconds: wait };
  for (let left = limit; left > 0; ) {
    // Regions with older code refuse a page that is too large, rather than end it early.
    const page = (limit: number) => region.rows(view, { after, limit, ...seen });
    const { rows, next } = await askPage(page, Math.min(left, PAGE));
    if (json) rows.forEach(sayJson);
    else if (rows.length > 0) sayText(tableOf(rows));
    else if (left === limit && next === undefined)
      sayText(`${view} has no rows${after === undefined ? '' : ` behind ${after}`}.`);
    if (next === undefined) return;
    left -= rows.length;
    after = next;
  }
  if (!json) sayText(`There are more: --after ${after}`);
}

/** If every value is an object with members, each member becomes a column. */
function tableOf(rows: readonly Row[]): string {
  const objects = rows.map(({ value }) => value).filter(isObject);
  if (objects.length < rows.length)
    return table(
      [{ name: 'key' }, { name: 'value' }],
      rows.map(({ key, value }) => [cell(key), cell(value)]),
    );
  const names = [...new Set(objects.flatMap((value) => Object.keys(value)))];
  const columns = names.map((name) => ({
    name,
    align: objects.every((value) => typeof (value[name] ?? 0) === 'number') ? ('right' as const) : ('left' as const),
  }));
  return table(
    [{ name: 'key' }, ...columns],
    objects.map((value, i) => [cell(rows[i]?.key ?? ''), ...names.map((name) => cell(value[name]))]),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
