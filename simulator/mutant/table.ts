import type { Mutant } from './patches.ts';

/** The rows of the table of mutants in `docs/proof.md`, in Markdown. */
export function tableOf(mutants: readonly Mutant[]): string {
  const rows = mutants.map(({ name, rule, finder, where, property, histories, within, equivalent }) => {
    const by = finder === 'simulator' ? `simulator, \`${where}\`` : 'scenarios';
    const found =
      equivalent === undefined
        ? [by, property ?? 'not found yet', histories === undefined ? `at most ${within}` : `${histories} of ${within}`]
        : ['equivalent', equivalent, `0 of ${within}`];
    return [`\`${name}\``, rule, ...found];
  });
  const head = ['Mutant', 'The rule that is off', 'Found by', 'Property or scenario', 'Histories'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

const BEGIN = '<!-- mutants: begin -->\n';
const END = '<!-- mutants: end -->';

/** The table in a page. */
export function tableIn(page: string): string {
  return page.slice(page.indexOf(BEGIN) + BEGIN.length, page.indexOf(END)).trimStart();
}

/** The page with another table. */
export function withTable(page: string, table: string): string {
  return `${page.slice(0, page.indexOf(BEGIN) + BEGIN.length)}\n${table}\n${page.slice(page.indexOf(END))}`;
}
