import Table from 'cli-table3';
import type { Effect, History, Line, OperationLine, Violation } from '../checkers/history.ts';
import type { Step } from './schedule.ts';

/** A step in words. */
export function stepInWords(step: Step): string {
  const when = `${seconds(step.at)} `;
  switch (step.kind) {
    case 'append':
      return `${when}${step.session} sends ${effectInWords(step.effect)} to ${step.stream} in ${step.region}${step.onBus ? ', by the bus' : ''}${step.withVersion ? ', with the version it knows' : ''}`;
    case 'read':
      return `${when}${step.session} reads ${step.stream} in ${step.region}${step.atLeast ? ', at least what it knows' : ''}`;
    case 'transact': {
      const parts = step.participants.map(({ stream, effect }) => `${effectInWords(effect)} to ${stream}`);
      const checks = step.checks.length > 0 ? `, and checks ${step.checks.join(', ')}` : '';
      return `${when}${step.session} transacts ${parts.join(', ')}${checks}, in ${step.region}, driven by ${step.driving}, within ${step.timeoutSeconds} s`;
    }
    case 'weather':
      return `${when}${step.fault}${step.call === undefined ? '' : ` at ${step.call}`} in ${step.region}, in ${Math.round(step.rate * 100)} % of cases, until ${seconds(step.until)}`;
    case 'cut':
      return `${when}${step.links.join(', ')} from ${step.from} to ${step.to} cut until ${seconds(step.until)}`;
    case 'restart':
      return `${when}${step.region} restarts`;
    case 'deploy':
      return `${when}${step.region} is deployed again`;
    case 'jump':
      return `${when}the clock of ${step.region} jumps by ${step.milliseconds} ms`;
    case 'drift':
      return `${when}the clock of ${step.region} drifts by ${step.millionths} millionths`;
    case 'outage':
      return `${when}the tables of ${step.region} cannot be reached until ${seconds(step.until)}`;
    case 'rename':
      return `${when}the log of ${step.region} gets the name ${step.log}`;
    case 'restore':
      return `${when}the events of ${step.region} are restored to what they were ${seconds(step.back)} before, with the log ${step.log}`;
    case 'guest':
      return `${when}${step.region} is added, and removed at ${seconds(step.until)}`;
    case 'split':
      return `${when}a shard of the streams of ${step.region} splits`;
    case 'replay':
      return `${when}the archive of ${step.region} is replayed, from ${seconds(step.back)} before`;
    case 'rebuild':
      return `${when}view ${step.view} is rebuilt in ${step.region}`;
    case 'republish':
      return `${when}${step.region} republishes its events`;
    case 'redrive':
      return `${when}${step.region} sends what is in its quarantine again`;
    case 'move':
      return `${when}the streams that ${step.region} writes are moved to ${step.to}, ${step.how}`;
    case 'pin':
      return `${when}the home of ${step.stream} is moved to ${step.to}, as ${step.region} is asked`;
    case 'complete':
      return `${when}the moves of homes are completed`;
    case 'poison':
      return `${when}a message that cannot be read comes by the bus of ${step.region}`;
  }
}

/**
 * What happened, one column per Region. With violations, only what their streams and operations have to do with.
 * @param most lines at most
 */
export function timeline(history: History, violations: readonly Violation[], most = 80): string {
  const [header] = history;
  if (header?.line !== 'history') return '';
  const { regions } = header;
  const streams = new Set(violations.flatMap((violation) => violation.streams));
  const ops = new Set(violations.flatMap((violation) => violation.ops));
  const rows = history
    .flatMap((line) => entriesOf(line, (about) => concerns(line, about, { streams, ops })))
    .sort((a, b) => a.at - b.at);
  const table = new Table({ head: ['time', ...regions], style: { head: [], border: [], compact: true } });
  for (const { at, region, text } of rows.slice(0, most))
    table.push([seconds(at), ...regions.map((name) => (region === undefined || name === region ? text : ''))]);
  const more = rows.length > most ? `\n… and ${rows.length - most} more` : '';
  return `${table}${more}`;
}

interface Entry {
  readonly at: number;
  /** Undefined: all Regions. */
  readonly region: string | undefined;
  readonly text: string;
}

interface About {
  readonly streams: ReadonlySet<string>;
  readonly ops: ReadonlySet<number>;
}

function concerns(line: Line, streams: readonly string[], about: About): boolean {
  if (about.streams.size + about.ops.size === 0 || streams.some((stream) => about.streams.has(stream))) return true;
  return 'op' in line && about.ops.has(line.op);
}

function entriesOf(line: Line, isShown: (streams: readonly string[]) => boolean): readonly Entry[] {
  switch (line.line) {
    case 'append':
    case 'read': {
      if (!isShown([line.stream])) return [];
      const what = line.line === 'read' ? 'read' : effectInWords(line.effect);
      return around(line, `${what} ${line.stream}`, line.line === 'read' ? JSON.stringify(line.state) : dotText(line));
    }
    case 'transact': {
      const parts = line.participants.map(({ stream, effect }) => `${effectInWords(effect)} ${stream}`);
      const checked = line.checks.map(({ stream }) => stream);
      if (!isShown([...line.participants.map(({ stream }) => stream), ...checked])) return [];
      const checks = checked.length > 0 ? ` checks ${checked.join(', ')}` : '';
      return around(line, `${line.id}: ${parts.join(', ')}${checks}`, '');
    }
    case 'handled':
      return isShown([line.stream])
        ? [{ at: line.at, region: line.region, text: `${line.subscriber} handles ${line.event}` }]
        : [];
    case 'fault': {
      const details = line.details ? ` ${JSON.stringify(line.details)}` : '';
      return [
        { at: line.at, region: line.region, text: `⚡ ${line.fault}${details}` },
        ...(line.until === undefined ? [] : [{ at: line.until, region: line.region, text: `${line.fault} is over` }]),
      ];
    }
    case 'settled':
      return [
        { at: line.at ?? line.lastFault + line.bound, region: undefined, text: line.at ? 'settled' : 'unsettled' },
      ];
    default:
      return [];
  }
}

/** The beginning and the end of an operation. */
function around(line: OperationLine, what: string, answer: string | undefined): readonly Entry[] {
  const begun = { at: line.begin, region: line.region, text: `→ ${line.op} ${line.session} ${what}` };
  const code = line.result === 'ok' ? '' : ` ${line.code ?? ''}`;
  return line.end === undefined
    ? [begun]
    : [
        begun,
        { at: line.end, region: line.region, text: `← ${line.op} ${line.result}${code} ${answer ?? ''}`.trimEnd() },
      ];
}

function dotText({ dot }: Extract<Line, { readonly line: 'append' }>): string {
  return dot ? `${dot.log}#${dot.position}` : '';
}

export function effectInWords(effect: Effect): string {
  switch (effect.do) {
    case 'append':
    case 'write':
    case 'insert':
    case 'remove':
      return `${effect.do} ${effect.value}`;
    case 'add':
      return `add ${effect.amount}`;
    case 'take':
    case 'release':
      return `${effect.do} by ${effect.by}`;
    case 'claim':
      return `claim by ${effect.by}`;
    case 'refund':
      return `refund ${effect.id}`;
    case 'grant':
      return `grant ${effect.amount} to ${effect.region}`;
    case 'use':
      return `use ${effect.amount}`;
    case 'move':
      return `move ${effect.amount} from ${effect.from} to ${effect.to}`;
    case 'note':
      return `note ${effect.text}`;
  }
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3)} s`;
}
