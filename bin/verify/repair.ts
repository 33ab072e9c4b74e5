import { messageOf } from '../../core/facts/errors.ts';
import { rebuildIn } from '../commands/rebuild.ts';
import { type Found, keyOf, type Repair, repairOf, type Verified } from './found.ts';
import type { Verification } from './verify.ts';

/** How long a repair may take to show, and how often it is looked for. */
const SHOWN_MS = 60_000;
const LOOK_MS = 1_000;

/** What was found, and, if it was to be repaired, whether it is. */
export type Repaired = Found & { readonly repaired?: boolean };

/** A commit that is not what it should be: what is computed from it would be wrong. */
const OF_COMMITS = new Set<Found['kind']>(['missing', 'differs', 'gap', 'changed', 'unreadable', 'state-differs']);

/**
 * Repairs what can be repaired: first commits, then transactions, then the rows that are still wrong, then totals. Nothing is computed
 * from a stream with a commit that is still wrong.
 * @returns what was found, and whether it is repaired; and what is wrong with the same streams by then
 */
export async function repairAll(verification: Verification, found: readonly Found[]): Promise<readonly Repaired[]> {
  const { now, sleep } = verification.options;
  const failures = new Map<string, string>();
  const tryTo = async (each: Found, which: readonly Repair[]): Promise<void> => {
    try {
      await repairOne(verification, each, which);
    } catch (error) {
      failures.set(keyOf(each), messageOf(error));
    }
  };
  for (const each of found) await tryTo(each, ['put', 'resolve']);
  let left = await verification.again(found);
  const faulty = new Set(left.flatMap(({ kind, stream }) => (OF_COMMITS.has(kind) && stream ? [stream] : [])));
  for (const each of left) if (!isFaulty(verification, each, faulty)) await tryTo(each, ['project', 'rebuild']);
  const deadline = now() + SHOWN_MS;
  for (;;) {
    left = await verification.again(found);
    const mayShow = (each: Found): boolean =>
      repairIn(verification, each) !== undefined && !isFaulty(verification, each, faulty) && !failures.has(keyOf(each));
    if (!left.some(mayShow) || now() >= deadline) break;
    await sleep(LOOK_MS);
  }
  const keys = new Set(left.map(keyOf));
  const known = new Set(found.map(keyOf));
  const notRepaired = (each: Found): Repaired => {
    const why = failures.get(keyOf(each));
    const detail = [each.detail, why && `the repair failed: ${why}`].filter((text) => text !== undefined).join('; ');
    return { ...each, repaired: false, ...(detail !== '' && { detail }) };
  };
  return [
    ...found.map((each) => (keys.has(keyOf(each)) ? notRepaired(each) : { ...each, repaired: true })),
    ...left.filter((each) => !known.has(keyOf(each))).map(notRepaired),
  ];
}

/** True if it would be computed from a commit that is wrong. */
function isFaulty(verification: Verification, { stream, view }: Found, faulty: ReadonlySet<string>): boolean {
  if (stream !== undefined) return faulty.has(stream);
  return [...faulty].some((name) => name.startsWith(`${verification.typeOf(view)}/`));
}

function repairIn({ options }: Verification, found: Found): Repair | undefined {
  return found.kind === 'row-ahead' && !options.whole ? undefined : repairOf(found);
}

async function repairOne(verification: Verification, found: Found, which: readonly Repair[]): Promise<void> {
  const repair = repairIn(verification, found);
  const { regions } = verification;
  const region = regions.find(({ name }) => name === found.region);
  if (!region || !repair || !which.includes(repair)) return;
  const { stream, view, log, position, transaction } = found;
  if (repair === 'put') await putOriginal(regions, region, found);
  else if (repair === 'resolve' && stream !== undefined && log !== undefined && position !== undefined)
    await region.operate('repair-transaction', { intent: { stream, log, position } });
  else if (repair === 'resolve') await region.operate('repair-transaction', { transaction });
  else if (repair === 'project' && view !== undefined && stream !== undefined)
    await region.operate('repair-row', { view, stream });
  else if (view !== undefined) await rebuildIn(region, view, undefined, () => undefined);
}

/** Takes a commit, unchanged, from the Region that has the original. */
async function putOriginal(
  regions: readonly Verified[],
  region: Verified,
  { stream, log, position, original, digest }: Found,
): Promise<void> {
  const from = regions.find(({ name }) => name === original);
  if (!from || stream === undefined || log === undefined || position === undefined || digest === undefined) return;
  const { commit } = await from.operate('verify-item', { stream, log, position });
  if (commit) await region.operate('repair-item', { commit, digest });
}
