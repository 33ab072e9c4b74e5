import { fileURLToPath } from 'node:url';

const CORE = new URL('../core/', import.meta.url).href;
/** Functions that load a team's files: the stack frames below them belong to the caller, not to the cause. */
const LOADERS = ['../project/', '../world/'].map((folder) => new URL(folder, import.meta.url).href);

/** The place in a team's own files that an error comes from: `/shop/streams/stock.ts:12`, or only the file; undefined if unknown. */
export function placeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const above = LOADERS.reduce((text, loader) => text.split(loader)[0] ?? '', error.stack ?? '');
  const [, url, line] =
    [...above.matchAll(/(file:\/\/[^\s()]+?\.[cm]?[jt]s):(\d+)/g)].find(
      ([, url = '']) => !url.startsWith(CORE) && !url.includes('/node_modules/'),
    ) ?? [];
  if (url !== undefined) return `${fileURLToPath(url)}:${line}`;
  return /^Cannot find .* imported from (.*)$/.exec(error.message)?.[1];
}

/** Makes a sentence of a message. */
export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
