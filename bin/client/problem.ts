import * as z from 'zod';
import { isClientError } from '../../client/error.ts';
import { MeridianError, messageOf, type Problem, toProblem } from '../../core/facts/errors.ts';
import { type ProblemDetails, problemDetailsSchema } from '../../core/wire/api.ts';
import { CliError } from './cli-error.ts';

/** True if a retry of the same request may succeed. */
export function isRetryable(error: unknown): boolean {
  return (isClientError(error) || error instanceof MeridianError) && error.retryable;
}

/** True if the request may have been carried out despite the error. */
export function mayStand(error: unknown): boolean {
  return isClientError(error) && error.maybeWritten;
}

/** Makes a problem document of any error. */
export function documentOf(error: unknown): object {
  if (isClientError(error) && error.problem) return error.problem;
  if (error instanceof MeridianError) return toProblem(error);
  return {
    code: error instanceof CliError || isClientError(error) ? error.code : 'failed',
    detail: messageOf(error),
  };
}

/** The code of any error. */
export function codeOf(error: unknown): string {
  return z.object({ code: z.string() }).parse(documentOf(error)).code;
}

/** The command line's name for each part of a request. The keys are the API's names, which are the paths of faults. */
export type Names = Readonly<Record<string, string>>;

/**
 * A problem as text: its code, what is wrong and where, and what to do.
 * @param names the command's own names, where they differ from the shared options
 */
export function textOf(error: unknown, names: Names = {}): string {
  const { success, data } = problemDetailsSchema.safeParse(documentOf(error));
  if (!success) return messageOf(error);
  const { code, detail, faults = [] } = data;
  const typed = new Map(Object.entries({ ...OPTIONS, ...names }));
  const shown = faults.map(({ path, message }) => ({
    path: typed.get(path) ?? path,
    message: `${inOptions(message)}${hintOf(path, message)}`,
  }));
  const width = Math.max(0, ...shown.map(({ path }) => path.length));
  const wrong = shown.map(({ path, message }) => `\n  ${path.padEnd(width)}  ${message}`.trimEnd()).join('');
  const advice = adviceOf(data, isClientError(error) && error.id !== undefined, typed.get('id') ?? '');
  return `${code}: ${faults.length > 0 ? 'the request is malformed:' : detail}${wrong}${advice && `\n${advice}`}`;
}

/** Paths that the API and the command line name differently. */
const OPTIONS: Names = {
  'If-At-Least': '--at-least',
  after: '--after',
  at: '--at',
  basedOn: '--based-on',
  expected: '--expected',
  id: '--id',
  'meta.actor': '--actor',
  'meta.causation': '--causation',
  'meta.correlation': '--correlation',
};

/** Replaces the API's name for a part of the request at the end of a message by the name of the option. */
function inOptions(message: string): string {
  return message.replace(/(?<= accepts )(basedOn|expected)$/, (word) => OPTIONS[word] ?? word);
}

function hintOf(path: string, message: string): string {
  return /^(events\[\d+\]\.data|input)$/.test(path) && message.endsWith('received undefined')
    ? `; give the ${path === 'input' ? 'input' : 'data'} as JSON: '{…}'`
    : '';
}

/** A problem in one line. */
export function briefOf(error: unknown): string {
  const { data } = problemDetailsSchema.safeParse(documentOf(error));
  return data ? briefOfDocument(data) : textOf(error);
}

/** A problem in one line that follows a word: its code is left out if it is that word. */
export function briefWithout(word: string, problem: Problem): string {
  return problem.code === word ? problem.detail : briefOfDocument(problem);
}

function briefOfDocument({ code, detail }: Problem): string {
  return `${code}: ${detail}`;
}

/** @param ofWrite true if the request was a write @param id the option that gives an id */
function adviceOf(
  { code, retryable, known, actual, state, lost }: ProblemDetails,
  ofWrite: boolean,
  id: string,
): string {
  if (known) return `Existing names: ${known.join(', ')}.`;
  if (code === 'version-conflict' && actual !== undefined && !retryable)
    return `It is at version ${actual}. Read it, decide again, and give --expected with the version that you read.`;
  if (code === 'not-caught-up' && lost)
    return 'The version has commits that only a lost Region has: waiting for them may be in vain. See the runbook lost-region.';
  if (code === 'not-caught-up')
    return 'This Region is behind: see `meridian regions`, and retry, or wait longer with --wait.';
  if (state === 'unknown') return 'To learn the result, send it again with the same id.';
  if (code === 'id-reused') return `Give another ${id}.`;
  if (code === 'aborted')
    return `The transaction with this id stays aborted. To try again, give another ${id}, or leave the option out.`;
  if (retryable) return 'The request was tried several times. The cause may be temporary: try again later.';
  return (ofWrite ? ofWrites.get(code) : undefined) ?? advice.get(code) ?? '';
}

/** Advice for failed writes only. */
const ofWrites: ReadonlyMap<string, string> = new Map([
  ['validation', 'Nothing was written. Fix the request and send it again.'],
  ['rejected', 'The domain refused the request; nothing was written.'],
]);

const advice: ReadonlyMap<string, string> = new Map([
  ['misdirected', 'Deploy the same configuration to every Region.'],
]);
