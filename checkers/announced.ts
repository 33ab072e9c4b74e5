// Every revision of a listed conflict is announced, by the Region that keeps its entry, and by no other.
import type { Checker } from './evidence/evidence.ts';
import { showDot } from './evidence/version.ts';
import type { LineOf, Violation } from './history.ts';

type Announced = LineOf<'announced'>;
type Listed = LineOf<'ledger'>['conflicts'][number];

/**
 * What the buses carried, compared with what the Regions list: the present revision reaches every bus, and those before it are at least
 * on the bus of the Region that keeps the entry, which is the one that wrote the commit.
 */
export const announced: Checker = (evidence) => {
  const lines = evidence.lines('announced');
  const byBus = new Map<string, Announced>(lines.map((line) => [`${line.region} ${nameOf(line)}`, line]));
  const writers = new Map(
    evidence
      .lines('replica')
      .flatMap(({ stream, commits }) =>
        commits.map((commit) => [nameOf({ ...commit, stream }), commit.region] as const),
      ),
  );
  const found = evidence
    .lines('ledger')
    .flatMap(({ region, conflicts }) =>
      conflicts.flatMap((listed) =>
        missingOf(listed, region, { byBus, keeper: writers.get(nameOf({ ...listed, revision: undefined })) }),
      ),
    );
  const strangers = lines
    .filter((line) => line.by !== (writers.get(nameOf({ ...line, revision: undefined })) ?? line.by))
    .map((line) => violation(line, `${line.by} announced ${nameOf(line)}, which another Region keeps`));
  return [...found, ...strangers];
};

function missingOf(
  listed: Listed,
  region: string,
  { byBus, keeper }: { readonly byBus: ReadonlyMap<string, Announced>; readonly keeper: string | undefined },
): readonly Violation[] {
  const { revision, open } = listed;
  if (revision === undefined) return [];
  const needed = Array.from({ length: revision }, (_, i) => i + 1).filter(
    (each) => each === revision || region === keeper,
  );
  return needed.flatMap((each) => {
    const name = nameOf({ ...listed, revision: each });
    const line = byBus.get(`${region} ${name}`);
    if (line && (each !== revision || line.open === open)) return [];
    const said = line ? `announced as ${line.open ? 'open' : 'resolved'}` : 'not announced';
    return [violation(listed, `${name} is ${said} in ${region}, which lists it as ${open ? 'open' : 'resolved'}`)];
  });
}

function violation({ stream }: Listed | Announced, what: string): Violation {
  return { property: 'conflicts are announced', what, ops: [], streams: [stream] };
}

function nameOf(of: {
  readonly stream: string;
  readonly log: string;
  readonly position: number;
  readonly revision?: number | undefined;
}): string {
  return `${of.stream}@${showDot(of)}${of.revision === undefined ? '' : `.${of.revision}`}`;
}
