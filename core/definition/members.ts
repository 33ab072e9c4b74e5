// The compiler checks definitions, but the processes that load them strip types: these checks find misspelt members.

/** The maximum number of typing errors in a name for which the correct name is suggested. */
const MOST_ERRORS = 2;

/** The known name that a misspelt one resembles most; undefined if none is similar. */
function nearestName(name: string, known: readonly string[]): string | undefined {
  const [nearest] = known
    .map((each) => ({ each, errors: distance(name.toLowerCase(), each.toLowerCase()) }))
    .filter(({ each, errors }) => errors <= Math.min(MOST_ERRORS, each.length / 2))
    .sort((a, b) => a.errors - b.errors);
  return nearest?.each;
}

/** The end of a sentence about an unknown name: `; did you mean home?`, or `.` if no known name is similar. */
export function didYouMean(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? '.' : `; did you mean ${nearest}?`;
}

/** All members of a definition, and whether each is required. */
export type Members<Definition> = { readonly [Name in keyof Required<Definition>]: 'required' | 'optional' };

/** A sentence, without its full stop, for each member of a definition that is not known, and for each required one that is missing. */
export function memberFaults<Definition extends object>(
  definition: Definition,
  members: Members<Definition>,
): readonly string[] {
  const known = Object.keys(members);
  return [
    ...Object.keys(definition)
      .filter((name) => !known.includes(name))
      .map((name) => `there is no member ${name}${didYouMean(name, known)} Choose from ${known.join(', ')}`),
    ...Object.entries(members)
      .filter(([name, need]) => need === 'required' && !(name in definition))
      .map(([name]) => `the member ${name} is missing`),
  ];
}

/** @throws Error with the first fault of the members of a definition */
export function checkMembers<Definition extends object>(
  what: string,
  definition: Definition,
  members: Members<Definition>,
): void {
  const [fault] = memberFaults(definition, members);
  if (fault !== undefined) throw new Error(`${what}: ${fault}.`);
}

/** @throws Error if a member's value is none of those that it may have */
export function checkValue(what: string, value: unknown, known: readonly string[]): void {
  if (known.some((each) => each === value)) return;
  throw new Error(
    `${what} is ${JSON.stringify(value)}${didYouMean(String(value), known)} Choose from ${known.join(', ')}.`,
  );
}

/** The Levenshtein distance: the number of characters to insert, delete or replace. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (const [i, character] of [...from].entries()) {
    let [left, diagonal] = [0, 0];
    row = row.map((above, j) => {
      left = j === 0 ? i + 1 : Math.min(diagonal + (character === to[j - 1] ? 0 : 1), above + 1, left + 1);
      diagonal = above;
      return left;
    });
  }
  return Math.min(...row.slice(-1));
}
