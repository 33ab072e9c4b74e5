import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ActionResult, Driven } from '../../core/wire/operate.ts';
import { CliError } from '../client/cli-error.ts';
import type { Region } from '../client/region.ts';
import { countOf, sayJson, sayNote, sayText, table } from '../output.ts';
import { type RegionOptions, regionCommand, wholeNumber, withRegion } from '../region-command.ts';

interface FilterOptions extends RegionOptions {
  readonly reason?: string;
  readonly stream?: string;
}
interface ListOptions extends FilterOptions {
  readonly limit: number;
}
interface RedriveOptions extends FilterOptions {
  readonly dryRun?: boolean;
  readonly rate?: number;
}

type Redriven = ActionResult<'quarantine-redrive'>;

/** `meridian quarantine` */
export function addQuarantine(program: Command): void {
  const quarantine = program
    .command('quarantine')
    .description("list and redrive the messages in a Region's quarantine");
  filters(regionCommand(quarantine, 'list', 'list the messages in the quarantine, or a sample if there are very many'))
    .option('--limit <n>', 'at most this many messages, up to 1000', wholeNumber(1, 1000), 100)
    .action((options: ListOptions) => withRegion(options, (region) => list(region, options)));
  regionCommand(quarantine, 'show', 'show one message in full')
    .argument('<id>', 'the id of a message, as `list` shows it')
    .action((id: string, options: RegionOptions) => withRegion(options, (region) => show(region, id, options)));
  filters(
    regionCommand(
      quarantine,
      'redrive',
      'send messages to `ingest` again, and refused events to the bus: all, or those selected',
    )
      .argument('[ids...]', 'only these messages')
      .option('--dry-run', 'only list the messages')
      .option('--rate <n>', 'at most this many messages per second', wholeNumber(1)),
  ).action((ids: readonly string[], options: RedriveOptions) =>
    withRegion(options, (region) => redrive(region, ids, options)),
  );
}

function filters(command: Command): Command {
  return command
    .option('--reason <text>', 'only messages whose reason contains this text')
    .option('--stream <stream>', 'only messages of this stream, or of this stream type');
}

async function list(region: Region, { json, limit, reason, stream }: ListOptions): Promise<void> {
  const { messages, about, complete } = await telling(
    json,
    () => 'Still searching the quarantine …',
    () => region.operate('quarantine-list', { filter: { reason, stream }, limit }),
  );
  if (json) return sayJson({ messages, about, complete });
  if (messages.length > 0) sayText(tableOf(messages));
  if (complete && messages.length === 0)
    sayText(about === 0 ? 'The quarantine is empty.' : `None of about ${countOf(about, 'message')} is chosen.`);
  else if (complete) sayText(`${countOf(messages.length, 'message')}.`);
  else sayText(`${countOf(messages.length, 'message')} of about ${about}, as a random sample.`);
}

function tableOf(messages: readonly Driven[]): string {
  return table(
    [
      { name: 'id' },
      { name: 'since' },
      { name: 'received', align: 'right' },
      { name: 'stream' },
      { name: 'envelope' },
      { name: 'reason' },
    ],
    messages.map(({ id, sentAt, receives, stream, envelopeId, reason }) => [
      id,
      sentAt,
      receives,
      stream ?? '–',
      envelopeId ?? '–',
      reason.length > MAX_REASON ? `${reason.slice(0, MAX_REASON)}…` : reason,
    ]),
  );
}
const MAX_REASON = 60;

async function show(region: Region, id: string, { json }: RegionOptions): Promise<void> {
  const { messages, complete } = await region.operate('quarantine-list', { ids: [id], limit: 1 });
  const [message] = messages;
  if (!message)
    throw new CliError(
      'not-found',
      complete
        ? `There is no message ${id}, or another reader holds it. In that case, try again in half a minute.`
        : `${id} was not found within the time limit. Try again; if it is still not found, it does not exist.`,
    );
  if (json) return sayJson(message);
  const { body, ...rest } = message;
  for (const [name, value] of Object.entries(rest)) sayText(`${name.padEnd(12)}${value}`);
  sayText(`\n${indented(body)}`);
}

/** JSON with line breaks; any other text unchanged, and so is JSON that is nested too deeply to be written again. */
function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}

const TELL_MS = 3000;

/** Reports the progress of long work every few seconds, on a terminal only. */
async function telling<T>(json = false, textOf: () => string, work: () => Promise<T>): Promise<T> {
  const timer = json ? undefined : setInterval(() => sayNote(textOf()), TELL_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

function grouped(number: number): string {
  return number.toLocaleString('en-US');
}

/** Messages per call. */
const PORTION = 1000;

async function redrive(region: Region, chosen: readonly string[], options: RedriveOptions): Promise<void> {
  let looked = 0;
  let about = 0;
  let handed = 0;
  const onStep = (step: Redriven): void => {
    looked += step.examined;
    about = Math.max(about, step.about);
    handed += options.dryRun ? 0 : step.redriven.length;
  };
  const progress = () =>
    looked === 0
      ? 'Searching the quarantine …'
      : `examined ${grouped(looked)} of about ${grouped(Math.max(about, looked))}, ${grouped(handed)} sent again …`;
  await telling(options.json, progress, () => redriveAll(region, chosen, options, onStep));
}

async function redriveAll(
  region: Region,
  chosen: readonly string[],
  { json = false, dryRun = false, rate = Number.POSITIVE_INFINITY, reason, stream }: RedriveOptions,
  onStep: (step: Redriven) => void,
): Promise<void> {
  const all: { -readonly [K in 'redriven' | 'failed']: Redriven[K] } = {
    redriven: [],
    failed: [],
  };
  const begun = performance.now();
  let ids = new Set(chosen);
  let before: number | undefined;
  for (;;) {
    const request = {
      ...(ids.size > 0 && { ids: [...ids] }),
      filter: { reason, stream },
      limit: Math.min(PORTION, rate),
      dryRun,
      before,
    };
    const step = await region.operate('quarantine-redrive', request).catch((error: unknown) => {
      if (!json && all.redriven.length > 0)
        sayNote(
          `Stopped after sending ${countOf(all.redriven.length, 'message')} again. Run the command again for the rest.`,
        );
      throw error;
    });
    onStep(step);
    before = step.before;
    all.redriven.push(...step.redriven);
    all.failed.push(...step.failed);
    const done = new Set([...step.redriven, ...step.failed].map(({ id }) => id));
    ids = ids.difference(done);
    // A dry run examines messages only once: a second call would return the same ones.
    if (dryRun || step.complete || (chosen.length > 0 && ids.size === 0)) {
      tell(step, all, [...ids], { json, dryRun });
      return;
    }
    await sleep(Math.max(0, begun + (all.redriven.length / rate) * 1000 - performance.now()));
  }
}

function tell(
  { about, complete }: Redriven,
  { redriven, failed }: Pick<Redriven, 'redriven' | 'failed'>,
  missing: readonly string[],
  { json, dryRun }: { readonly json: boolean; readonly dryRun: boolean },
): void {
  if (failed.length > 0 || missing.length > 0) process.exitCode = 1;
  if (json) {
    sayJson({ dryRun, redriven, failed, missing, complete, about });
    return;
  }
  if (dryRun && redriven.length > 0) sayText(tableOf(redriven));
  const messages = countOf(redriven.length, 'message');
  sayText(
    dryRun
      ? `${messages} would be sent again${complete ? '' : `. Not all messages were examined: the quarantine holds about ${about}`}.`
      : `${messages} sent again. Messages that still cannot be processed return to the quarantine.`,
  );
  for (const { id, why } of failed) sayNote(`${id}: ${why}`);
  for (const id of missing) sayNote(`There is no message ${id}, or another reader holds it.`);
}
