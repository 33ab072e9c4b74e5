import { type Command, InvalidArgumentError, Option } from 'commander';
import { wallTimeOf } from '../../core/facts/hlc.ts';
import type { ConflictShown, ListedConflict } from '../../core/wire/api.ts';
import { parseTime } from '../../core/wire/point.ts';
import type { Region } from '../client/region.ts';
import { sayJson, sayText } from '../output.ts';
import {
  type RegionOptions,
  regionCommand,
  streamArgument,
  waitOption,
  wholeNumber,
  withRegion,
} from '../region-command.ts';

interface Asked {
  readonly open?: boolean;
  readonly type?: string;
  readonly from?: string;
  readonly to?: string;
  readonly after?: string | undefined;
  readonly atLeast?: string;
  readonly limit?: number;
  readonly wait?: number;
}

type ConflictsOptions = Asked & RegionOptions;

/** `meridian conflicts` */
export function addConflicts(program: Command): void {
  regionCommand(program, 'conflicts', 'show conflicts: commits whose writers had not seen each other')
    .argument('[stream]', '<type>/<id>; without it, the listed conflicts of all streams', streamArgument)
    .option('--open', 'only those that wait for a repair, or of which both sides stay')
    .addOption(new Option('--type <type>', 'of all streams: only those of this type'))
    .addOption(
      new Option('--from <time>', 'of all streams: only commits written then or later').argParser(timeArgument),
    )
    .addOption(
      new Option('--to <time>', 'of all streams: only commits written then or earlier').argParser(timeArgument),
    )
    .option('--after <next>', 'only those after this one')
    .addOption(new Option('--at-least <version>', 'of one stream: at this version or a later one'))
    .addOption(new Option('--limit <n>', 'at most this many').argParser(wholeNumber(1)))
    .addOption(waitOption())
    .action((stream: string | undefined, options: ConflictsOptions, command: Command) => {
      refuseOthers(command, stream === undefined ? OF_ONE : OF_ALL, stream);
      return withRegion(options, (region) => showConflicts(region, stream, options));
    });
}

/** The options for one stream, and for all. */
const OF_ONE = ['atLeast', 'wait'];
const OF_ALL = ['type', 'from', 'to'];

function refuseOthers(command: Command, names: readonly string[], stream: string | undefined): void {
  const given = command.options.find(
    (option) =>
      names.includes(option.attributeName()) && command.getOptionValueSource(option.attributeName()) === 'cli',
  );
  if (given) command.error(`error: ${given.long} is ${stream ? 'not for one stream' : 'for one stream'}.`);
}

function timeArgument(text: string): string {
  if (parseTime(text) === undefined)
    throw new InvalidArgumentError('Write a time with its offset, such as 2026-11-30T12:00:00Z.');
  return text;
}

const PAGE = 100;

/** A page of conflicts, and the lines of each. */
interface Shown {
  readonly conflicts: readonly (ConflictShown | ListedConflict)[];
  readonly next?: string | undefined;
}

async function showConflicts(region: Region, stream: string | undefined, options: ConflictsOptions): Promise<void> {
  const { json = false, open, limit = Number.POSITIVE_INFINITY } = options;
  let { after } = options;
  let shown = 0;
  do {
    const page = await pageOf(region, stream, { ...options, after, limit: Math.min(limit - shown, PAGE) });
    for (const conflict of page.conflicts) {
      if (json) sayJson(conflict);
      else for (const line of linesOf(conflict)) sayText(line);
    }
    shown += page.conflicts.length;
    after = page.next;
  } while (after !== undefined && shown < limit);
  if (json) return;
  const kind = `${open ? 'open ' : ''}conflicts`;
  const behind = options.after ? ' behind it' : '';
  if (shown === 0) sayText(stream ? `${stream} has no ${kind}${behind}.` : `No ${kind} are listed${behind}.`);
  if (after !== undefined) sayText(`More: --after ${JSON.stringify(after).replace(/^"(\S+)"$/, '$1')}`);
}

async function pageOf(
  region: Region,
  stream: string | undefined,
  { open, type, from, to, after, limit, atLeast, wait: waitSeconds }: Asked,
): Promise<Shown> {
  if (stream === undefined) return region.ledger({ open, type, from, to, after, limit });
  return region.conflicts(stream, { open, after, limit, waitSeconds }, atLeast);
}

/** A line for the commit, and one for each that it is against. */
function linesOf(conflict: ConflictShown | ListedConflict): readonly string[] {
  const { hlc, open, kind, about, ...others } = conflict;
  const { resolvedBy, repairedBy, ...commit } = others;
  const by = repairedBy ? `repaired by ${placeOf(repairedBy)}` : resolvedBy && `resolved by ${placeOf(resolvedBy)}`;
  const state = open ? 'open' : (by ?? 'resolved');
  const rules = about.map(({ part, rule }) => `${part} (${rule})`).join(', ');
  const why = kind === 'concurrent' ? rules : `${kind}, so that its events do not count`;
  const of = 'stream' in conflict ? `${conflict.stream}  ` : '';
  return [
    `${new Date(wallTimeOf(hlc)).toISOString()}  ${of}${placeOf(commit)}  ${commit.commitId}  ${state}: ${why}`,
    ...againstIn(conflict),
  ];
}

/** Those that are listed have no ids, which may be many. */
function againstIn(conflict: ConflictShown | ListedConflict): readonly string[] {
  if (!('stream' in conflict))
    return conflict.against.map((other) => `    against  ${placeOf(other)}  ${other.commitId}`);
  const { against, count } = conflict;
  const more = count > MOST_LISTED ? [`    and ${count - MOST_LISTED} more`] : [];
  return [...against.slice(0, MOST_LISTED).map((dot) => `    against  ${placeOf(dot)}`), ...more];
}

/** The most commits that a line is printed for. */
const MOST_LISTED = 10;

function placeOf({ log, position }: { readonly log: string; readonly position: number }): string {
  return `${log}@${position}`;
}
