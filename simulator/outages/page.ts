import { anchorOf, table } from '../markdown.ts';
import { FAILED, KINDS, type Kind } from './kinds.ts';
import { USE_NAMES, USES } from './load.ts';
import type { Events, Figures, Measured, Share } from './measure.ts';

type ByUse = Measured['meanwhile'];

/** The parts of the page that the command writes, by name. */
export function blocksOf(all: readonly Measured[]): ReadonlyMap<string, string> {
  return new Map([
    ['table', linkedTable(all)],
    ...all.map((measured): [string, string] => [measured.kind, detailsOf(measured)]),
  ]);
}

/**
 * The page with other parts.
 * @throws Error if a part has no place in it
 */
export function withBlocks(page: string, blocks: ReadonlyMap<string, string>): string {
  return [...blocks].reduce((text, [name, block]) => {
    const [start, end] = placeOf(text, name);
    return `${text.slice(0, start)}${block}\n${text.slice(end)}`;
  }, page);
}

/** The part of a page with this name. @throws Error if it has none */
export function blockIn(page: string, name: string): string {
  const [start, end] = placeOf(page, name);
  return page.slice(start, end).trimEnd();
}

const END = '<!-- end -->';

function placeOf(page: string, name: string): readonly [start: number, end: number] {
  const head = `<!-- measured: ${name} -->\n`;
  const at = page.indexOf(head);
  const end = page.indexOf(END, at);
  if (at < 0 || end < 0) throw new Error(`The page has no part ${name}.`);
  return [at + head.length, end];
}

/** A table with all kinds: one row for each, and one more for the time after the homes were moved. */
export function summaryOf(all: readonly Measured[]) {
  const uses = SHOWN.map((use) => USES[use].title);
  const head = ['outage', ...uses, 'acknowledged and lost (RPO)', 'accepted after the command (RTO)', 'who does what'];
  const rows = all.flatMap((measured) => {
    const { title, who }: Kind = KINDS[measured.kind];
    const first = [title, ...SHOWN.map((use) => shares(measured.meanwhile[use]))];
    const whole = [lossOf(measured), rtoOf(measured), who];
    const { moved } = measured;
    if (!moved) return [[...first, ...whole]];
    return [
      [...first, '', '', ''],
      ['… after the command', ...SHOWN.map((use) => shares(moved[use])), ...whole],
    ];
  });
  return { head, rows };
}

function linkedTable(all: readonly Measured[]): string {
  const { head, rows } = summaryOf(all);
  const titles = new Set(all.map(({ kind }): string => KINDS[kind].title));
  const linked = ([first = '', ...others]: readonly string[]) => [
    titles.has(first) ? `[${first}](#${anchorOf(first)})` : first,
    ...others,
  ];
  return table(head, rows.map(linked));
}

const SHOWN = USE_NAMES.filter((use) => use !== 'bus');

function detailsOf(measured: Measured): string {
  const { meanwhile, moved, after } = measured;
  const isMovedAtOnce = 'rto' in measured && !moved;
  const parts: readonly (readonly [string, ByUse | undefined])[] = [
    [isMovedAtOnce ? 'After the command' : moved ? 'Until the command' : 'Meanwhile', meanwhile],
    ['After the command', moved],
    [isMovedAtOnce || moved ? 'After the homes are brought back' : 'After the end', after],
  ];
  const { what }: Kind = KINDS[measured.kind];
  return [
    `In the run ${what}.`,
    ...parts.flatMap(([when, figures]) => (figures ? [phaseOf(when, figures)] : [])),
    factsOf(measured)
      .map((fact) => `- ${fact}`)
      .join('\n'),
  ].join('\n\n');
}

function phaseOf(when: string, figures: ByUse): string {
  return table(
    [when, `sent in ${FAILED}`, 'sent elsewhere', 'callers also get', 'longest wait'],
    USE_NAMES.map((use) => {
      const { failed, elsewhere, codes, longestWait } = figures[use];
      const answers = Object.entries(codes).map(([code, count]) => `\`${code}\` ${count}`);
      return [
        ...[USES[use].title, countOf(failed), countOf(elsewhere), answers.join(', ') || '–'],
        failed.accepted + elsewhere.accepted === 0 ? '–' : seconds(longestWait),
      ];
    }),
  );
}

function factsOf({
  equalAfter,
  unseen,
  conflicts,
  events,
  resent,
  hidden,
  partly,
  ...losses
}: Measured): readonly string[] {
  const { quarantined, ofSubscribers } = resent;
  const late = (where: string, { longest, missing }: Events) =>
    `Subscribers ${where} handled each event at most ${seconds(longest)} after it was acknowledged${missing === 0 ? '' : `; ${missing} never arrived`}.`;
  return [
    ...(equalAfter === undefined ? [] : [`All Regions had the same commits ${seconds(equalAfter)} after the end.`]),
    ...(events.failed ? [late(`in ${FAILED}`, events.failed)] : []),
    late('elsewhere', events.elsewhere),
    ...(unseen === undefined
      ? []
      : [`When the homes were moved, the new writer lacked ${many(unseen, 'commit')} of ${FAILED}.`]),
    ...(conflicts === 0 ? [] : [`Listed in the end: ${many(conflicts, 'conflict')} of \`home\` streams.`]),
    ...(quarantined === 0 ? [] : [`Sent again from the quarantine: ${many(quarantined, 'message')}.`]),
    ...(ofSubscribers === 0 ? [] : [`Put back by the operator: ${many(ofSubscribers, 'dead letter')} of subscribers.`]),
    ...(partly === 0 ? [] : [`In one of the remaining Regions only: ${many(partly, 'acknowledged change')}.`]),
    ...(hidden === 0
      ? []
      : [`Stored in a Region and hidden there, because it lacks one that they depend on: ${many(hidden, 'commit')}.`]),
    `Acknowledged and lost: ${lossOf(losses)}.`,
    `Properties that the [checkers](../proof.md) find broken: ${losses.broken.join(', ') || 'none'}.`,
  ];
}

/** How many of those sent were accepted: in the failed Region, and elsewhere. */
function shares({ failed, elsewhere }: Figures): string {
  return isAll(failed) && isAll(elsewhere) ? 'all' : `${percent(failed)} · ${percent(elsewhere)}`;
}

function isAll({ sent, accepted }: Share): boolean {
  return accepted === sent;
}

function percent({ sent, accepted }: Share): string {
  if (sent === 0) return '–';
  const rounded = Math.round((100 * accepted) / sent);
  return `${accepted === sent ? 100 : accepted === 0 ? 0 : Math.min(99, Math.max(1, rounded))} %`;
}

function countOf({ sent, accepted }: Share): string {
  return sent === 0 ? '–' : `${accepted} of ${sent}`;
}

function lossOf({ lost, incomplete, window }: Pick<Measured, 'lost' | 'incomplete' | 'window'>): string {
  if (lost + incomplete === 0) return 'nothing';
  const parts = [
    ...(lost === 0 ? [] : [many(lost, 'append')]),
    ...(incomplete === 0 ? [] : [`a part of ${many(incomplete, 'transaction')}`]),
  ];
  return `${parts.join(' and ')}, of the last ${seconds(window)}`;
}

function rtoOf({ rto }: Measured): string {
  return rto === undefined ? '–' : `${seconds(rto.first)}; in every Region ${seconds(rto.everywhere)}`;
}

function many(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}

function seconds(milliseconds: number): string {
  if (milliseconds < 1_000) return `${milliseconds} ms`;
  if (milliseconds >= 600_000) return `${Math.round(milliseconds / 60_000)} min`;
  return `${(milliseconds / 1_000).toFixed(milliseconds < 100_000 ? 1 : 0)} s`;
}
