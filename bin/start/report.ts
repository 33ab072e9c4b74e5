import { parseStreamRef } from '../../core/facts/stream-ref.ts';
import type { Domain } from '../../core/index.ts';
import type { Project } from '../../project/project.ts';
import { WORLD } from '../client/open.ts';
import { cell, countOf, table } from '../output.ts';
import type { Agreement, Compared } from './agreement.ts';
import type { NoSample } from './samples.ts';
import { STATE_FOLDER } from './state.ts';
import type { UnreadableEvent } from './unreadable.ts';

/** The number of streams shown (those written last), and the number of unreadable events shown. */
const MOST_SHOWN = 10;

/** The maximum length of a printed state, in characters. */
const WIDTH = 60;

interface About {
  readonly project: Project;
  readonly domain: Domain;
  readonly regions: readonly string[];
  readonly seconds: number;
  /** The number of streams. */
  readonly total: number;
}

/** A table of the streams written last and the views, with what each Region shows. */
export function agreementText({ agree, streams, views }: Agreement, about: About): string {
  const { domain, regions, seconds, total } = about;
  const rows = [
    ...streams.slice(0, MOST_SHOWN).map((each) => row(each, regions, (state) => short(cell(state)))),
    ...views.map((each) => row({ ...each, name: `view ${each.name}` }, regions, rowsText)),
  ];
  const what = `${countOf(streams.length, 'stream')}${streams.length < total ? ` of ${total}` : ''} and ${countOf(views.length, 'view')}`;
  const all = regions.length === 3 ? 'All three Regions' : `All ${regions.length} Regions`;
  const said = agree
    ? `${all} agree on ${what}, ${seconds} s after the start.`
    : `The Regions do not agree on ${what}, ${seconds} s after the start.`;
  if (rows.length === 0)
    return `The domain has ${countOf(domain.streams.size, 'stream type')}, and no stream exists yet.`;
  return `${table([{ name: '' }, ...regions.map((name) => ({ name })), { name: 'state' }], rows)}\n${said}`;
}

/** Where Regions differ, each column shows what that Region has. */
function row({ name, agree, shown }: Compared, regions: readonly string[], text: (shown: unknown) => string): string[] {
  const first = shown[regions[0] ?? ''];
  return agree
    ? [name, ...regions.map(() => '✓'), text(first)]
    : [name, ...regions.map((region) => text(shown[region])), '✗'];
}

function rowsText(rows: unknown): string {
  return Array.isArray(rows) ? countOf(rows.length, 'row') : '–';
}

function short(text: string): string {
  return text.length > WIDTH ? `${text.slice(0, WIDTH - 1)}…` : text;
}

export function missingText(missing: readonly NoSample[]): string {
  return missing.map(({ type, why }) => `No sample for ${type}: ${why}.`).join('\n');
}

/** @param faults a line each */
export function unusableText(faults: readonly string[]): string {
  return [...faults, 'Change each of these samples to what the current code accepts.'].join('\n');
}

/** @param files the file that defines each stream type */
export function unreadableText(
  unreadable: readonly UnreadableEvent[],
  files: Readonly<Record<string, string>>,
): string {
  const lines = unreadable.slice(0, MOST_SHOWN).flatMap(({ stream, event, name, faults, data }) => {
    const file = files[parseStreamRef(stream).type];
    return [
      `  ${file === undefined ? '' : `${file}: `}${name}, event ${event}`,
      ...faults.map((fault) => `    ${fault}`),
      `    stored: ${short(cell(data))}`,
    ];
  });
  const more = unreadable.length - MOST_SHOWN;
  return [
    '',
    `${countOf(unreadable.length, 'stored event')} cannot be read by the current code:`,
    ...lines,
    ...(more > 0 ? [`  … and ${more} more`] : []),
    `${unreadable.length === 1 ? 'It is' : 'They are'} kept in ${STATE_FOLDER}/. Define the change as a new version of the event with nextVersion and an upcast, undo the change, or start over with --fresh.`,
  ].join('\n');
}

/** Where the Regions are listed. The CDK app is not run, although it could pass other Regions to Meridian. */
export type RegionsFrom = '--regions' | 'cdk.json' | 'default';

/** The address, and commands to try. */
export function invitationText(
  url: string,
  {
    regions,
    regionsFrom,
    domain,
    streams,
  }: {
    readonly regions: readonly string[];
    readonly regionsFrom: RegionsFrom;
    readonly domain: Domain;
    readonly streams: readonly Compared[];
  },
): string {
  const there = regions.at(-1);
  const source =
    regionsFrom === 'default'
      ? `${regions.join(', ')} (cdk.json lists no Regions; those that the app passes to Meridian are not read)`
      : `the Regions of ${regionsFrom}`;
  const where = url === WORLD ? '' : ` --url ${url}`;
  const [view] = domain.views.keys();
  const shown = streams.slice(0, 2).map(({ name }) => `  npx meridian stream ${name} --events${where}`);
  const asked = view === undefined ? [] : [`  curl ${url}/regions/${there}/views/${view}`];
  return [
    '',
    `Serving ${url} until Ctrl-C, with ${source}; restarts when a loaded file is saved. Try:`,
    ...shown,
    ...asked,
  ].join('\n');
}
