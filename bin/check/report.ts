import { type Finding, type History, isOperationLine, type Line, type OperationLine } from '../../checkers/history.ts';
import type { judgeHistory } from '../../checkers/index.ts';
import { countOf, sayNote, sayText } from '../output.ts';

type Verdict = ReturnType<typeof judgeHistory>;

/** What the lines of a history are the evidence of. Without one of these lines, that is not checked. */
const SUBJECTS = [
  { lines: ['append', 'read', 'transact'], what: 'the answers that clients got' },
  { lines: ['replica'], what: 'what the Regions store' },
  { lines: ['view'], what: 'views' },
  { lines: ['handled', 'tallied'], what: 'subscribers' },
  { lines: ['settled'], what: 'that everything settles' },
  { lines: ['cost'], what: 'what operations take' },
] as const satisfies readonly { readonly lines: readonly Line['line'][]; readonly what: string }[];

/** The most operations that are shown of a finding. */
const SHOWN = 10;

/** Prints a verdict for people: what was checked, and each broken promise with its operations. */
export function sayReport(history: History, verdict: Verdict): void {
  const { violations, undecided } = verdict;
  const operations = operationsIn(history);
  for (const violation of violations) sayNote(textOf('✗', violation, operations));
  for (const finding of undecided) sayText(textOf('? not decided,', finding, operations));
  const { checked, notChecked } = subjectsIn(history);
  sayText(`${summaryOf(history)}\nChecked: ${checked.join(', ') || 'nothing'}.`);
  if (notChecked.length > 0) sayText(`Not checked, because the history has no lines of it: ${notChecked.join(', ')}.`);
  const open =
    undecided.length > 0 ? ` ${countOf(undecided.length, 'property', 'properties')} could not be decided.` : '';
  const broken = violations.length === 1 ? '1 promise is broken' : `${violations.length} promises are broken`;
  sayText(`${violations.length === 0 ? 'No promise is broken' : broken}.${open}`);
}

/** A verdict for machines. */
export function documentOf(history: History, { violations, undecided }: Verdict): object {
  const operations = operationsIn(history);
  const shown = ({ property, what, streams, ops }: Finding) => ({
    ...{ property, what, streams },
    operations: ops.flatMap((op) => operations.get(op) ?? []),
  });
  return {
    ok: violations.length === 0,
    operations: operations.size,
    ...subjectsIn(history),
    violations: violations.map(shown),
    undecided: undecided.map(shown),
  };
}

function operationsIn(history: History): ReadonlyMap<number, OperationLine> {
  return new Map(
    history.flatMap((line): [number, OperationLine][] => (isOperationLine(line) ? [[line.op, line]] : [])),
  );
}

function subjectsIn(history: History) {
  const there = new Set<string>(history.map(({ line }) => line));
  const { true: checked = [], false: notChecked = [] } = Object.groupBy(SUBJECTS, ({ lines }) =>
    lines.some((line) => there.has(line)) ? 'true' : 'false',
  );
  return { checked: checked.map(({ what }) => what), notChecked: notChecked.map(({ what }) => what) };
}

function summaryOf(history: History): string {
  const operations = [...operationsIn(history).values()];
  const [header] = history;
  const regions = header?.line === 'history' ? header.regions : [];
  const count = (line: string, many: string) =>
    countOf(operations.filter((operation) => operation.line === line).length, many.slice(0, -1));
  const kinds = [count('append', 'appends'), count('read', 'reads'), count('transact', 'transactions')];
  const sessions = new Set(operations.map(({ session }) => session));
  return `${countOf(operations.length, 'operation')} (${kinds.join(', ')}) of ${countOf(sessions.size, 'client')} in ${regions.join(', ')}`;
}

function textOf(
  mark: string,
  { property, what, ops }: Finding,
  operations: ReadonlyMap<number, OperationLine>,
): string {
  const involved = ops.flatMap((op) => operations.get(op) ?? []);
  const lines = involved.slice(0, SHOWN).map((operation) => `\n    ${operationText(operation)}`);
  const more = involved.length > SHOWN ? `\n    and ${involved.length - SHOWN} more` : '';
  return `${mark} ${property}: ${what}.${lines.join('')}${more}`;
}

/** `7: s2 in us-east-1 from 1.204 s to 1.310 s: append {"do":"note","text":"t7"} to note/1, ok at us-east-1@3` */
function operationText(operation: OperationLine): string {
  const { op, session, region, begin, end, result, code } = operation;
  const time = `from ${seconds(begin)} ${end === undefined ? 'without an end' : `to ${seconds(end)}`}`;
  return `${op}: ${session} in ${region} ${time}: ${askedText(operation)}, ${result}${result === 'ok' || code === undefined ? '' : ` (${code})`}${answerText(operation)}`;
}

function askedText(operation: OperationLine): string {
  switch (operation.line) {
    case 'append':
      return `append ${JSON.stringify(operation.effect)} to ${operation.stream}`;
    case 'read':
      return `read ${operation.stream}`;
    case 'transact': {
      const parts = operation.participants.map(({ stream, effect }) => `${JSON.stringify(effect)} to ${stream}`);
      const checks = operation.checks.map(({ stream }) => `check ${stream}`);
      return `transaction ${operation.id} (${[...parts, ...checks].join(', ')})`;
    }
  }
}

function answerText(operation: OperationLine): string {
  if (operation.line === 'append' && operation.dot) return ` at ${operation.dot.log}@${operation.dot.position}`;
  return operation.line === 'read' && operation.result === 'ok' ? ` as ${JSON.stringify(operation.state)}` : '';
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3)} s`;
}
