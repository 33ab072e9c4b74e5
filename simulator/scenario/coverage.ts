import { guaranteesIn, plain } from './guarantees.ts';
import { NOT_SHOWN } from './not-shown.ts';
import type { Scenario } from './parse.ts';

/** A heading of the guarantees, and the scenarios that show it. */
export interface Covered {
  readonly heading: string;
  /** The scenarios that name it. */
  readonly scenarios: readonly Scenario[];
  /** Its statements with the scenarios that show each, or why none does. */
  readonly statements: readonly {
    readonly statement: string;
    readonly scenarios: readonly Scenario[];
    readonly reason?: string | undefined;
  }[];
}

/**
 * What scenarios show of the guarantees.
 * @param page the page on guarantees
 * @returns the headings, and what is wrong: statements that nothing shows, and names of statements that the page does not have
 */
export function coverageOf(
  page: string,
  scenarios: readonly Scenario[],
): { readonly covered: readonly Covered[]; readonly faults: readonly string[] } {
  const guarantees = guaranteesIn(page);
  const covered = guarantees.map(({ heading, statements }): Covered => {
    const own = scenarios.filter(({ guarantee }) => plain(guarantee) === heading);
    return {
      heading,
      scenarios: own,
      statements: statements.map((statement) => ({
        statement,
        scenarios: own.filter(({ shows }) => shows.some((begin) => isNamed(statement, begin))),
        reason: reasonFor(heading, statement),
      })),
    };
  });
  return { covered, faults: [...covered.flatMap(faultsIn), ...unknownIn(covered, scenarios)] };
}

/** Whether a statement is the one that begins like this. */
function isNamed(statement: string, begin: string): boolean {
  return statement.startsWith(plain(begin));
}

function reasonFor(heading: string, statement: string): string | undefined {
  return Object.entries(NOT_SHOWN[heading] ?? {}).find(([begin]) => isNamed(statement, begin))?.[1];
}

function faultsIn({ heading, scenarios, statements }: Covered): readonly string[] {
  return [
    ...(scenarios.length === 0 ? [`${heading}: no scenario shows it.`] : []),
    ...statements.flatMap(({ statement, scenarios: showing, reason }) => {
      const begin = `${heading}: ${statement.slice(0, 80)}`;
      if (showing.length === 0 && reason === undefined)
        return [`${begin} … is shown by no scenario. Write one, or say in not-shown.ts why there is none.`];
      if (showing.length > 0 && reason !== undefined)
        return [`${begin} … is shown by ${showing[0]?.file}: remove it from not-shown.ts.`];
      return [];
    }),
  ];
}

/** What scenarios and reasons name and the page does not have: it may have been rewritten. */
function unknownIn(covered: readonly Covered[], scenarios: readonly Scenario[]): readonly string[] {
  const statementsOf = (heading: string): readonly string[] | undefined =>
    covered.find((one) => one.heading === plain(heading))?.statements.map(({ statement }) => statement);
  const check = (where: string, heading: string, begins: readonly string[]): readonly string[] => {
    const statements = statementsOf(heading);
    if (!statements) return [`${where}: the guarantees have no heading ${heading}.`];
    return begins.flatMap((begin) => {
      const count = statements.filter((statement) => isNamed(statement, begin)).length;
      return count === 1 ? [] : [`${where}: ${count} statements below ${heading} begin with: ${begin}`];
    });
  };
  return [
    ...scenarios.flatMap(({ file, guarantee, shows }) => check(file, guarantee, shows)),
    ...Object.entries(NOT_SHOWN).flatMap(([heading, reasons]) => check('not-shown.ts', heading, Object.keys(reasons))),
  ];
}
