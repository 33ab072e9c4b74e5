import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { textOf as problemText } from '../client/problem.ts';
import type { Region } from '../client/region.ts';
import { everyRegion } from '../each-region.ts';
import { countOf, sayJson, sayNote, sayText } from '../output.ts';
import { type RegionOptions, regionCommand, wholeNumber, withRegion } from '../region-command.ts';
import { adviceOf, textOf } from '../verify/found.ts';
import { encodePlace, type Place, parsePlace } from '../verify/place.ts';
import { type Repaired, repairAll } from '../verify/repair.ts';
import { type Report, Verification } from '../verify/verify.ts';

const GRACE_S = 60;

interface VerifyCommandOptions extends RegionOptions {
  readonly repair?: boolean;
  readonly only?: boolean;
  readonly grace?: number;
  readonly pages?: number;
  readonly from?: Place;
}

function cursorArgument(text: string): Place {
  const place = parsePlace(text);
  if (place) return place;
  throw new InvalidArgumentError('Write the cursor that an earlier run has printed.');
}

/** `meridian verify` */
export function addVerify(program: Command): void {
  regionCommand(program, 'verify', 'compare the Regions, views with their streams, and decisions with their intents')
    .argument('[stream-types...]', 'only streams of these types, and their views')
    .option('--repair', 'repair what can be repaired without a choice')
    .option('--only', 'only in the Region that --url or --region names: Regions are not compared')
    .option(
      '--grace <seconds>',
      `a difference counts if it is older than that, and still there after as long; ${GRACE_S} by default`,
      wholeNumber(0, 86_400),
    )
    .option('--pages <n>', 'stop after this many pages, and print where to continue', wholeNumber(1))
    .option('--from <cursor>', 'continue where an earlier run has stopped', cursorArgument)
    .action((types: string[], options: VerifyCommandOptions) =>
      withRegion(options, async (first) => {
        const { json = false, grace = GRACE_S, pages, from, repair } = options;
        const all = await everyRegion(first);
        const regions = options.only ? [first] : await responding(all);
        const stop = new AbortController();
        const interrupt = () => stop.abort();
        process.once('SIGINT', interrupt);
        if (!json)
          sayNote(
            `Differences count if they are older than ${grace} s, and still there when they are looked at again after ${grace} s.`,
          );
        const verification = new Verification(regions, {
          types: types.length > 0 ? types : undefined,
          grace: grace * 1000,
          whole: regions.length === all.length,
          ...{ pages, from, now: Date.now, stop: stop.signal },
          sleep: (milliseconds) => sleep(milliseconds, undefined, { signal: stop.signal }).catch(() => undefined),
        });
        try {
          const report = await verification.run();
          const found: readonly Repaired[] = repair ? await repairAll(verification, report.found) : report.found;
          if (found.some(({ repaired }) => !repaired) || report.unconfirmed.length > 0) process.exitCode = 1;
          tell({ ...report, found }, json);
        } finally {
          process.removeListener('SIGINT', interrupt);
        }
      }),
    );
}

/** The Regions that respond: the others are named, and not compared. */
async function responding(regions: readonly Region[]): Promise<readonly Region[]> {
  const answers = await Promise.all(
    regions.map(async (region) => {
      try {
        await region.operate('placement', {});
        return region;
      } catch (error) {
        process.exitCode = 1;
        sayNote(`${region.name} is not compared: ${problemText(error)}`);
        return undefined;
      }
    }),
  );
  return answers.flatMap((region) => region ?? []);
}

function tell(
  { looked, found, unconfirmed, next }: Omit<Report, 'found'> & { readonly found: readonly Repaired[] },
  json: boolean,
): void {
  const cursor = next && encodePlace(next);
  if (json) {
    sayJson({
      looked,
      found: found.map((each) => ({ ...each, ...(each.repaired === undefined && { advice: adviceOf(each) }) })),
      unconfirmed,
      ...(cursor !== undefined && { cursor }),
    });
    return;
  }
  for (const each of found) sayText(`${textOf(each)}. ${outcomeOf(each)}`);
  for (const each of unconfirmed) sayText(`${textOf(each)}. Not looked at again.`);
  const { streams, commits, decisions, entries, totals, changing } = looked;
  const inTables = `${countOf(decisions, 'decision')}, ${countOf(entries, 'row')}, ${countOf(totals, 'total')}`;
  sayText(
    `Looked at ${countOf(streams, 'stream')} with ${countOf(commits, 'commit')} in all Regions together, ${inTables}.`,
  );
  if (changing > 0) sayText(`${countOf(changing, 'total')} changed meanwhile, and could not be compared.`);
  const left = found.filter(({ repaired }) => !repaired).length;
  if (found.length === 0 && unconfirmed.length === 0)
    sayText(cursor === undefined ? 'Nothing is wrong.' : 'Nothing is wrong so far.');
  else if (left === 0 && unconfirmed.length === 0) sayText('Everything is repaired.');
  if (cursor !== undefined) sayText(`Continue with --from ${cursor}`);
}

function outcomeOf(found: Repaired): string {
  if (found.repaired === undefined) return `${adviceOf(found)}.`;
  return found.repaired ? 'Repaired.' : 'Not repaired: see docs/runbooks/verify.md.';
}
