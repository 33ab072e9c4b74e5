/** A heading of the guarantees, and what stands below it. */
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
  const statements: string[] = [];
  /** Whether the line continues the last statement. */
  let continues = false;
  for (const line of lines) {
    const item = /^- (?<text>.*)$/.exec(line)?.groups?.text;
    const end = /^Where it ends: (?<text>.+)$/.exec(line)?.groups?.text;
    const started = item ?? end;
    if (started !== undefined) statements.push(started);
    else if (continues && line.trim() !== '') statements.push(`${statements.pop() ?? ''} ${line.trim()}`);
    continues = started !== undefined || (continues && line.trim() !== '');
  }
  return statements.map(plain);
}

/** Text without the marks of Markdown. */
export function plain(markdown: string): string {
  return markdown
    .replace(/\[(?<text>[^\]]*)\]\([^)]*\)/g, '$<text>')
    .replace(/\*\*|`|(?<!\w)_|_(?!\w)/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
