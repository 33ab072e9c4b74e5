import type { Command } from 'commander';
import type { Health } from '../../core/index.ts';
import { behindOf, durationOf } from '../behind.ts';
import { briefOf } from '../client/problem.ts';
import type { Region } from '../client/region.ts';
import { sayJson, sayNote, sayText, table } from '../output.ts';
import { type RegionOptions, regionCommand, withRegion } from '../region-command.ts';

/** `meridian regions` */
export function addRegions(program: Command): void {
  regionCommand(program, 'regions', 'show the health of every Region, and how far each is behind the others').action(
    (options: RegionOptions) => withRegion(options, (region) => showRegions(region, options)),
  );
}

interface Row {
  readonly region: string;
  readonly healthy: boolean;
  /** The version of Meridian that the Region runs; a world does not report one. */
  readonly version?: string | undefined;
  /** Why the Region is unhealthy. */
  readonly error?: string;
  /** The time of the newest commit that the Region has written; null if it has written none. */
  readonly newest?: string | null;
  /**
   * How many milliseconds the Region is behind each other Region; null if unknown. It is the time between the newest
   * commit that the other Region has written and the newest of its commits that has arrived in this one.
   */
  readonly behindMs: Readonly<Record<string, number | null>>;
}

async function showRegions(first: Region, { json }: RegionOptions): Promise<void> {
  const asked = await first.health();
  const names = Object.keys(asked.seen);
  const answers = await Promise.all(
    names.map(async (name): Promise<Health | string> => {
      try {
        return name === asked.region ? asked : await first.sibling(name).health();
      } catch (error) {
        return briefOf(error);
      }
    }),
  );
  const healths = new Map(names.map((name, i) => [name, answers[i] ?? '']));
  const rows = names.map((region) => rowOf(region, names, healths));
  if (json) sayJson({ regions: rows });
  else {
    const hasVersions = rows.some(({ version }) => version !== undefined);
    const columns = ['Region', 'health', ...(hasVersions ? ['version'] : []), 'newest commit there'];
    const behind = names.map((name) => ({ name: `behind ${name}`, align: 'right' as const }));
    sayText(
      table(
        [...columns.map((name) => ({ name })), ...behind],
        rows.map(({ region, healthy, version, newest, behindMs }) => [
          region,
          healthy ? 'ok' : 'no answer',
          ...(hasVersions ? [version ?? '–'] : []),
          newest ?? '–',
          ...names.map((of) => (of === region ? '' : durationOf(behindMs[of] ?? null))),
        ]),
      ),
    );
    for (const { region, error } of rows) if (error) sayNote(`${region}: ${error}`);
  }
  if (rows.some(({ healthy }) => !healthy)) process.exitCode = 1;
}

function rowOf(region: string, names: readonly string[], healths: ReadonlyMap<string, Health | string>): Row {
  const health = healths.get(region) ?? '';
  if (typeof health === 'string') return { region, healthy: false, error: health, behindMs: {} };
  const own = (of: string) => {
    const theirs = healths.get(of);
    return typeof theirs === 'object' ? theirs.seen[of] : undefined;
  };
  return {
    region,
    healthy: true,
    version: health.version,
    newest: own(region)?.at ?? null,
    behindMs: Object.fromEntries(
      names.filter((of) => of !== region).map((of) => [of, behindOf(own(of), health.seen[of])]),
    ),
  };
}
