import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { CommitPage } from '../../client/call.ts';
import { isClientError } from '../../client/error.ts';
import { isTemporary } from '../../client/follow.ts';
import { askPage } from '../../client/page.ts';
import { writtenAt } from '../../core/facts/commit.ts';
import type { CommitShown } from '../../core/wire/api.ts';
import { decodeVersionToken } from '../../core/wire/version-token.ts';
import { CliError } from '../client/cli-error.ts';
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
import { timeOf } from '../time.ts';

interface StreamOptions extends RegionOptions {
  readonly events?: boolean;
  readonly follow?: boolean;
  readonly after?: string;
  readonly atLeast?: string;
  readonly at?: string;
  readonly local?: boolean;
  readonly wait?: number;
  readonly limit?: number;
}

/** `meridian stream` */
export function addStream(program: Command): void {
  const command = regionCommand(program, 'stream', 'show the state of a stream, or its events')
    .argument('<stream>', '<type>/<id>', streamArgument)
    .option('--events', 'show its events instead, in fold order')
    .option('--follow', 'show its events, and new ones as they arrive, until Ctrl-C')
    .option('--after <version>', 'only events after this version')
    .addOption(new Option('--limit <n>', 'at most this many commits').argParser(wholeNumber(1)).conflicts('follow'))
    .addOption(
      new Option('--at-least <version>', 'the state at this version or a later one').conflicts(['events', 'follow']),
    )
    .addOption(
      new Option('--at <version|time>', 'the state at an earlier version or time, such as 36h ago, 2026-11-24T01:00Z')
        .argParser(pointArgument)
        .conflicts(['events', 'follow']),
    )
    .addOption(
      new Option('--local', "of a strong stream, what this Region's replica shows, though it may be behind").conflicts([
        'events',
        'follow',
      ]),
    )
    .addOption(waitOption());
  command.action((stream: string, options: StreamOptions) => {
    const { events = false, follow = false, after, limit } = options;
    if (!events && !follow && (after !== undefined || limit !== undefined))
      command.error('error: --after and --limit need --events or --follow.');
    return withRegion(options, (region) =>
      events || follow ? showEvents(region, stream, options) : showState(region, stream, options),
    );
  });
}

/** A time as an API takes it; anything else is left for the Region to check. */
function pointArgument(text: string): string {
  return timeOf(text, Date.now())?.toISOString() ?? text;
}

async function showState(region: Region, stream: string, options: StreamOptions): Promise<void> {
  const { json, atLeast, at, local, wait } = options;
  const consistency = local ? 'local' : undefined;
  const answer = await region.stream(stream, { atLeast, at, consistency, waitSeconds: wait });
  if (at !== undefined && answer.at === undefined)
    throw new CliError('older-region', `${answer.region} runs a version of Meridian that reads no earlier states.`);
  if (json) return sayJson(answer);
  const isEmpty = Object.keys(decodeVersionToken(stream, answer.version, 'version')).length === 0;
  const point = at === undefined ? '' : ` at ${at.includes(':') ? at : 'that version'}`;
  const shows = answer.local ? `as the replica of ${answer.region} shows it` : `as ${answer.region} has seen it`;
  sayText(`${stream} (${answer.mode})${point}, ${shows}${isEmpty ? ': no events yet' : ''}`);
  sayText(`version  ${answer.version}`);
  sayText(JSON.stringify(answer.state, undefined, 2));
}

const PAGE = 100;
const POLL_MS = 1000;

async function showEvents(region: Region, stream: string, options: StreamOptions): Promise<void> {
  const { json = false, follow = false, limit = Number.POSITIVE_INFINITY, wait } = options;
  let { after } = options;
  // SIGINT is the normal way to end `--follow`.
  if (follow) process.once('SIGINT', () => process.exit(0));
  let hasRead = false;
  for (let left = limit; left > 0; ) {
    let page: CommitPage;
    try {
      // Regions with older code refuse a page that is too large, rather than end it early.
      page = await askPage(
        (most) => region.commits(stream, { after, limit: most, waitSeconds: wait }),
        Math.min(left, PAGE),
      );
      hasRead = true;
    } catch (error) {
      // After the first page, temporary failures are retried, because `npm start` restarts whenever a file is saved.
      if (!(follow && hasRead && isClientError(error) && isTemporary(error))) throw error;
      await sleep(POLL_MS);
      continue;
    }
    const { commits, version, next } = page;
    for (const commit of commits) {
      if (json) sayJson(commit);
      else for (const line of linesOf(commit)) sayText(line);
    }
    // The version that the reader has seen so far.
    after = version;
    left -= commits.length;
    if (next !== undefined) continue;
    if (!follow) {
      if (!json && commits.length === 0 && left === limit)
        sayText(`${stream} has no events ${options.after ? 'behind it' : 'yet'}.`);
      return;
    }
    await sleep(POLL_MS);
  }
  if (!json) sayText(`${limit === 1 ? 'This is one commit' : `These are ${limit} commits`}. More: --after ${after}`);
}

/** One line per event: its time, its Region, its type with the schema version, and its content. */
function linesOf(commit: CommitShown): readonly string[] {
  const { log, position, events } = commit;
  return events.map(({ type, schemaVersion, data }) => {
    const at = new Date(writtenAt(commit)).toISOString();
    const name = `${type}.${schemaVersion}`;
    return `${at}  ${`${log}@${position}`.padEnd(14)}  ${name.padEnd(14)}  ${JSON.stringify(data) ?? ''}`.trimEnd();
  });
}
