import * as z from 'zod';
import type { Dot } from '../../core/facts/version.ts';
import {
  acceptedSchema,
  type Commit,
  type Problem,
  problemSchema,
  streamStateSchema,
  transactionShownSchema,
} from '../../core/index.ts';
import type { ConflictShown, ListedConflict } from '../../core/wire/api.ts';
import type { ApiAnswer } from '../../world/simulator/api.ts';
import { shownToken, shownVersion } from './versions.ts';

/** Members of a problem that scenarios do not show: they are the same for every problem of its code, or sentences. */
const LEFT_OUT = ['type', 'title', 'status', 'detail', 'code', 'retryable', 'known', 'id', 'stream'];
/** Members of a problem that are versions. */
const VERSIONS = ['expected', 'actual', 'seen', 'wanted'];

/** `409 version-conflict expected={} actual={east: 1}`. */
export function shownProblem(problem: Problem): string {
  const members = Object.entries(problem)
    .filter(([name]) => !LEFT_OUT.includes(name))
    .map(([name, value]) => `${name}=${VERSIONS.includes(name) ? shownToken(String(value)) : shownValue(value)}`);
  return [problem.status, problem.code, ...(problem.retryable ? ['(retryable)'] : []), ...members].join(' ');
}

/** A value as JSON that is easy to read: text without quotes at the top. */
export function shownValue(value: unknown): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(value) ?? 'undefined';
}

/** A response with a status other than 2xx, as a line. */
export function shownRefusal({ status, answer }: ApiAnswer): string | undefined {
  if (status >= 200 && status < 300) return undefined;
  return shownProblem(problemSchema.parse(answer));
}

/** The result of an append. */
export function shownAppend(answer: unknown): string {
  const { log, position, version } = acceptedSchema.parse(answer);
  const where = log === undefined ? 'nothing to write' : `written as ${log}.${position}`;
  return `${where}; version ${shownToken(version)}`;
}

const entriesSchema = z.array(
  z.object({
    id: z.string(),
    text: z.string().default('(no text)'),
    unseen: z.array(z.string()),
    commitId: z.string(),
  }),
);

/**
 * A stream's state: the entries of a note with what their writers had not seen, a balance, or who took of a stock.
 * @param hasIds whether each entry shows its event: log, position and index
 */
export function shownState(state: unknown, hasIds = false): string {
  const { success, data: entries } = entriesSchema.safeParse(state);
  if (!success || entries.length === 0) return shownValue(state);
  const texts = new Map(entries.map(({ id, text }) => [id, shownText(text)]));
  return entries
    .map(({ id, text, unseen }) =>
      [
        shownText(text),
        ...(hasIds ? [`as ${id.slice(id.indexOf('@') + 1)}`] : []),
        ...(unseen.length === 0
          ? []
          : [`(had not seen ${unseen.map((other) => texts.get(other) ?? other).join(', ')})`]),
      ].join(' '),
    )
    .join(', ');
}

/** A text, in quotes if it has more than words. */
function shownText(text: string): string {
  return /^[\w ()]+$/.test(text) ? text : JSON.stringify(text);
}

export function shownRead(answer: unknown, hasIds: boolean): string {
  const { state, version } = streamStateSchema.parse(answer);
  return `${shownToken(version)} ${shownState(state, hasIds)}`;
}

const refusedSchema = z.object({ reason: problemSchema, participant: z.string().optional() });

/** The state of a transaction: its outcome, or that there is none yet. */
export function shownTransaction({ status, answer }: ApiAnswer): readonly string[] {
  const refused = refusedSchema.safeParse(answer);
  if (refused.success) return [shownAbort(refused.data)];
  const refusal = shownRefusal({ status, answer });
  if (refusal !== undefined) return [refusal];
  const shown = transactionShownSchema.parse(answer);
  if (shown.state !== 'committed') return [shown.state];
  return [
    'committed',
    ...shown.participants.map(
      ({ stream, log, position, version }) => `  ${stream} ${log}.${position}; version ${shownToken(version)}`,
    ),
  ];
}

function shownAbort({ reason, participant }: z.output<typeof refusedSchema>): string {
  return `aborted${participant === undefined ? '' : ` by ${participant}`}: ${shownProblem(reason)}`;
}

/** A commit of a table: `east.1 a Noted{"text":"red"} on {}`. */
export function shownCommit({ log, position, commitId, events, context, tx, ...commit }: CommitLine): string {
  return [
    `${log}.${position}`,
    isGenerated(commitId) ? '(no id)' : commitId,
    ...(tx && tx.state !== 'committed' ? [tx.state] : []),
    ...(events.length === 0 ? ['no event'] : events.map(shownEvent)),
    `on ${shownVersion(context)}`,
    ...(commit.previous === position - 1 ? [] : [`after ${commit.previous}`]),
  ].join(' ');
}

/** `person/ann ohio.1 against east.1: name (lastWriterWins), resolved; revision 1` */
export function shownListed({ stream, revision, ...conflict }: ListedConflict): string {
  return `${stream} ${shownConflict(conflict)}; revision ${revision}`;
}

type Conflicting = Pick<ConflictShown, 'log' | 'position' | 'kind' | 'about' | 'open' | 'resolvedBy' | 'repairedBy'> & {
  readonly against: readonly Dot[];
};

/** `east.2 against ohio.1: name (lastWriterWins), resolved` */
export function shownConflict({ against, kind, about, open, resolvedBy, repairedBy, ...commit }: Conflicting): string {
  const rules = about.map(({ part, rule }) => `${part} (${rule})`);
  const by = open ? undefined : (repairedBy ?? resolvedBy);
  return [
    `${shownPlace(commit)} against ${against.map(shownPlace).join(' ')}:`,
    ...(kind === 'concurrent' ? [`${rules.join(', ')},`] : [`${kind},`]),
    open ? 'open' : repairedBy ? 'repaired' : 'resolved',
    ...(by ? [`by ${shownPlace(by)}`] : []),
  ].join(' ');
}

function shownPlace({ log, position }: { readonly log: string; readonly position: number }): string {
  return `${log}.${position}`;
}

type CommitLine = Pick<Commit, 'log' | 'position' | 'commitId' | 'events' | 'context' | 'tx' | 'previous'>;

/** Ids that the API generates are 32 hexadecimal digits. */
function isGenerated(id: string): boolean {
  return /^[0-9a-f]{32}$/.test(id);
}

function shownEvent({ type, schemaVersion, data }: Commit['events'][number]): string {
  return `${type}${schemaVersion === 1 ? '' : `-${schemaVersion}`}${JSON.stringify(data)}`;
}
