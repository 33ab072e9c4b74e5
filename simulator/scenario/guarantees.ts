/** A heading of the guarantees, and the statements below it. */
export interface Guarantee {
  readonly heading: string;
  /** Its list items, and the paragraphs that say where it ends: plain text, each on one line. */
  readonly statements: readonly string[];
}

/** The headings of the page on guarantees, each with its statements that a scenario may name. */
export function guaranteesIn(page: string): readonly Guarantee[] {
  const [, ...sections] = page.split(/^#{2,3} /m);
  return sections.map((section) => {
    const [heading = '', ...lines] = section.split('\n');
    return { heading: plain(heading), statements: statementsIn(lines) };
  });
}

function statementsIn(lines: readonly string[]): readonly string[] {
  return [...itemsIn(lines), ...crashesIn(lines)].map(plain);
}

function itemsIn(lines: readonly string[]): readonly string[] {
  const items: string[] = [];
  /** Whether the line continues the last item. */
  let continues = false;
  for (const line of lines) {
    const started = /^(- |Where it ends: )(?<text>.+)$/.exec(line)?.groups?.text;
    if (started !== undefined) items.push(started);
    else if (continues && line.trim() !== '') items.push(`${items.pop() ?? ''} ${line.trim()}`);
    continues = started !== undefined || (continues && line.trim() !== '');
  }
  return items;
}

/** The first cells of the table that says what happens after a crash. */
function crashesIn(lines: readonly string[]): readonly string[] {
  const head = lines.findIndex((line) => line.startsWith('| written when'));
  if (head === -1) return [];
  const rows = lines.slice(head + 2);
  return rows.slice(0, rows.indexOf('')).map((row) => row.split('|')[1] ?? '');
}

/** Text without the marks of Markdown. */
export function plain(markdown: string): string {
  return markdown
    .replace(/\[(?<text>[^\]]*)\]\([^)]*\)/g, '$<text>')
    .replace(/\*\*|`|(?<!\w)_|_(?!\w)/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
