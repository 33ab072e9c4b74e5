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
