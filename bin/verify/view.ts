import type { ActionResult } from '../../core/wire/operate.ts';
import type { Found, Verified } from './found.ts';

type Page = ActionResult<'verify-view'>;

/** What comparing a view with its totals has found. */
export interface ViewLook {
  readonly found: readonly Found[];
  /** Streams whose entries have commits that the table lacks. */
  readonly ahead: readonly string[];
  readonly entries: number;
  readonly totals: number;
  /** Totals that changed meanwhile, so that they could not be compared. */
  readonly changing: number;
}

/** How often a view is read again that is rebuilt meanwhile. */
const TRIES = 3;

/**
 * Adds up the entries of a view, and compares them with its totals. A total is compared only if it was the same before and after the
 * entries were read.
 */
export async function lookAtView(
  region: Verified,
  { view, kind }: { readonly view: string; readonly kind: 'rows' | 'totals' },
): Promise<ViewLook> {
  const partOf = (part: 'entries' | 'totals') => readAll(region, view, part);
  for (let tries = 1; ; tries++) {
    const before = kind === 'totals' ? await partOf('totals') : undefined;
    const entries = await partOf('entries');
    const after = kind === 'totals' ? await partOf('totals') : undefined;
    const looked = { entries: entries.read, totals: after?.read ?? 0, ahead: entries.ahead };
    if (entries.behind) return { ...looked, changing: 0, found: [{ kind: 'view-behind', region: region.name, view }] };
    if (!before || !after) return { ...looked, changing: 0, found: [] };
    const isOne = before.build === entries.build && entries.build === after.build;
    if (!isOne && tries < TRIES) continue;
    const keys = new Set([...before.sums.keys(), ...entries.sums.keys(), ...after.sums.keys()]);
    const isStill = (key: string): boolean => isOne && (before.sums.get(key) ?? 0) === (after.sums.get(key) ?? 0);
    const still = [...keys].filter(isStill);
    const wrong = still.filter((key) => (entries.sums.get(key) ?? 0) !== (after.sums.get(key) ?? 0));
    const totals = wrong.map((id): Found => {
      const [key = '', field = ''] = fieldOf(id);
      const [is, should] = [after.sums.get(id) ?? 0, entries.sums.get(id) ?? 0];
      return { kind: 'total-wrong', region: region.name, view, key, field, detail: `is ${is}, should be ${should}` };
    });
    return { ...looked, changing: keys.size - still.length, found: totals };
  }
}

interface Read extends Pick<Page, 'build' | 'behind' | 'read' | 'ahead'> {
  readonly sums: ReadonlyMap<string, number>;
}

async function readAll(region: Verified, view: string, part: 'entries' | 'totals'): Promise<Read> {
  const sums = new Map<string, number>();
  const ahead: string[] = [];
  let read = 0;
  for (let after: string | undefined; ; ) {
    const page: Page = await region.operate('verify-view', { view, part, after });
    for (const { key, field, sum } of page.sums) {
      const id = JSON.stringify([key, field]);
      sums.set(id, (sums.get(id) ?? 0) + sum);
    }
    ahead.push(...page.ahead);
    read += page.read;
    after = page.after;
    if (after === undefined) return { build: page.build, behind: page.behind, read, ahead, sums };
  }
}

function fieldOf(id: string): readonly string[] {
  const names: unknown = JSON.parse(id);
  return Array.isArray(names) ? names.map(String) : [];
}
