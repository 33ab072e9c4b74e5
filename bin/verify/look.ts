import { inChunks } from '../../core/facts/chunks.ts';
import { MAX_VERIFIED } from '../../core/limits/budgets.ts';
import type { ActionResult } from '../../core/wire/operate.ts';
import { type Found, foundIn, type Verified } from './found.ts';

type Look = ActionResult<'verify-streams'>['streams'][number];
type Copy = ActionResult<'verify-commits'>['commits'][number];

/** What the Regions have of some streams. */
interface Seen {
  readonly region: Verified;
  readonly looks: ReadonlyMap<string, Look>;
  readonly found: readonly Found[];
}

/** Looks at streams in every Region, and compares what the Regions have. */
export async function lookAtStreams(
  regions: readonly Verified[],
  streams: readonly string[],
  until: string,
): Promise<{ readonly found: readonly Found[]; readonly commits: number }> {
  const seen = await Promise.all(regions.map((region) => lookIn(region, streams, until)));
  const found: Found[] = [];
  for (const stream of streams) {
    const having = seen.filter(({ looks }) => looks.has(stream));
    if (new Set(having.map(({ looks }) => looks.get(stream)?.hash)).size > 1)
      found.push(...(await differencesOf(stream, having, until)));
  }
  const commits = seen.flatMap(({ looks }) => [...looks.values()].map(({ commits }) => commits));
  found.push(...seen.flatMap((each) => each.found));
  return { found, commits: commits.reduce((sum, number) => sum + number, 0) };
}

async function lookIn(region: Verified, streams: readonly string[], until: string): Promise<Seen> {
  const looks = new Map<string, Look>();
  const found: Found[] = [];
  let rest = [...streams];
  while (rest.length > 0) {
    const asked = rest.slice(0, MAX_VERIFIED);
    const answer = await region.operate('verify-streams', { streams: asked, until });
    for (const look of answer.streams) looks.set(look.stream, look);
    found.push(...answer.findings.map((finding) => foundIn(region.name, finding)));
    rest = [...answer.rest, ...rest.slice(MAX_VERIFIED)];
  }
  return { region, looks, found };
}

/** The commits of a stream that are not the same in all Regions. */
async function differencesOf(stream: string, seen: readonly Seen[], until: string): Promise<readonly Found[]> {
  const logs = new Set(seen.flatMap(({ looks }) => Object.keys(looks.get(stream)?.heads ?? {})));
  const found: Found[] = [];
  for (const log of [...logs].sort()) {
    const copies = await Promise.all(
      seen.map(async ({ region }) => ({ region: region.name, of: await copiesIn(region, { stream, log, until }) })),
    );
    const positions = new Set(copies.flatMap(({ of }) => [...of.keys()]));
    for (const position of [...positions].sort((a, b) => a - b)) {
      const here = copies.map(({ region, of }) => ({ region, copy: of.get(position) }));
      found.push(...compared(here).map((each) => ({ stream, log, position, ...each })));
    }
  }
  return found;
}

async function copiesIn(
  region: Verified,
  asked: { readonly stream: string; readonly log: string; readonly until: string },
): Promise<ReadonlyMap<number, Copy>> {
  const copies = new Map<number, Copy>();
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page: ActionResult<'verify-commits'> = await region.operate('verify-commits', { ...asked, after });
    for (const copy of page.commits) copies.set(copy.position, copy);
    after = page.next;
  }
  return copies;
}

interface Place {
  readonly region: string;
  readonly copy: Copy | undefined;
}

/** What is wrong with the copies of one commit. The one in the Region that wrote it is the original. */
function compared(places: readonly Place[]): readonly Found[] {
  const having = places.flatMap(({ region, copy }) => (copy ? [{ region, copy }] : []));
  const written = having.find(({ region, copy }) => copy.region === region);
  const isOne = new Set(having.map(({ copy }) => copy.digest)).size === 1;
  const original = written ?? (isOne ? having.find(({ copy }) => copy.intact) : undefined);
  const from = original?.copy.intact && { original: original.region, digest: original.copy.digest };
  const missing = places
    .filter(({ copy }) => !copy)
    .map(({ region }) => ({ kind: 'missing' as const, region, ...(isOne && from) }));
  const others = having.filter(({ region }) => region !== original?.region);
  if (!isOne)
    return [
      ...missing,
      ...others
        .filter(({ copy }) => copy.digest !== original?.copy.digest)
        .map(({ region, copy }) => ({
          kind: 'differs' as const,
          region,
          ...(original && { original: original.region }),
          ...damageOf(copy, original?.copy),
        })),
    ];
  const stated = others
    .filter(({ copy }) => copy.state !== original?.copy.state)
    .map(({ region, copy }) => ({
      kind: 'state-differs' as const,
      region,
      ...(original && { original: original.region, detail: `${copy.state}, there ${original.copy.state}` }),
    }));
  return [...missing, ...stated];
}

function damageOf(copy: Copy, original: Copy | undefined): { readonly detail?: string } {
  if (!copy.intact) return { detail: 'its events do not match their digest' };
  return original?.intact === false ? { detail: 'the events of the original do not match their digest' } : {};
}

/** What is wrong with transactions, in every Region. */
export async function lookAtTransactions(
  regions: readonly Verified[],
  transactions: readonly string[],
  until: string,
): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const region of regions)
    for (const some of inChunks(transactions, MAX_VERIFIED)) {
      const { findings } = await region.operate('verify-decisions', { transactions: some, until });
      found.push(...findings.map((finding) => foundIn(region.name, finding)));
    }
  return found;
}
