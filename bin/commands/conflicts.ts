import { type Command, Option } from 'commander';
import { wallTimeOf } from '../../core/facts/hlc.ts';
import type { ConflictShown } from '../../core/wire/api.ts';
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

interface ConflictsOptions extends RegionOptions {
  readonly open?: boolean;
  readonly after?: string;
  readonly atLeast?: string;
  readonly limit?: number;
  readonly wait?: number;
}

/** `meridian conflicts` */
export function addConflicts(program: Command): void {
  regionCommand(program, 'conflicts', 'show the conflicts of a stream: commits whose writers had not seen each other')
    .argument('<stream>', '<type>/<id>', streamArgument)
    .option('--open', 'only those of which both sides stay, because no later commit has seen them')
    .option('--after <next>', 'only those after this one')
    .option('--at-least <version>', 'at this version of the stream or a later one')
    .addOption(new Option('--limit <n>', 'at most this many').argParser(wholeNumber(1)))
    .addOption(waitOption())
    .action((stream: string, options: ConflictsOptions) =>
      withRegion(options, (region) => showConflicts(region, stream, options)),
    );
}

const PAGE = 100;

async function showConflicts(region: Region, stream: string, options: ConflictsOptions): Promise<void> {
  const { json = false, open, limit = Number.POSITIVE_INFINITY, atLeast, wait } = options;
  let { after } = options;
  let shown = 0;
  do {
    const asked = { open, after, limit: Math.min(limit - shown, PAGE), waitSeconds: wait };
    const page = await region.conflicts(stream, asked, atLeast);
    for (const conflict of page.conflicts) {
      if (json) sayJson(conflict);
      else for (const line of linesOf(conflict)) sayText(line);
    }
    shown += page.conflicts.length;
    after = page.next;
  } while (after !== undefined && shown < limit);
  if (json) return;
  if (shown === 0) sayText(`${stream} has no ${open ? 'open ' : ''}conflicts${options.after ? ' behind it' : ''}.`);
  if (after !== undefined) sayText(`More: --after ${after}`);
}

/** A line for the commit, and one for each that it is against. */
function linesOf({ hlc, against, open, kind, about, resolvedBy, ...commit }: ConflictShown): readonly string[] {
  const state = open ? 'open' : resolvedBy ? `resolved by ${placeOf(resolvedBy)}` : 'resolved';
  const rules = about.map(({ part, rule }) => `${part} (${rule})`).join(', ');
  const why = kind === 'concurrent' ? rules : `${kind}, so that its events do not count`;
  return [
    `${new Date(wallTimeOf(hlc)).toISOString()}  ${placeOf(commit)}  ${commit.commitId}  ${state}: ${why}`,
    ...against.map((other) => `    against  ${placeOf(other)}  ${other.commitId}`),
  ];
}

function placeOf({ log, position }: { readonly log: string; readonly position: number }): string {
  return `${log}@${position}`;
}
