import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/**
 * A text that people read: a comment, a message in a string, a string of a test (a title, or data), or a paragraph of a page.
 */
export interface Prose {
  readonly kind: 'comment' | 'message' | 'test' | 'page';
  readonly file: string;
  /** Line on which it starts, from 1. */
  readonly line: number;
  /** On one line, without the marks of comments; code in backticks is kept. */
  readonly text: string;
}

/** The files below `root` whose texts are read. Samples and generated files are not prose. */
const FILES = ['*.md', '*/**/*.{md,ts,mjs}'];
const EXCLUDED = ['**/node_modules', 'cdk.out', 'coverage', '.package', 'docs/schemas', 'test/compat/[0-9]*'];

/** All texts of the source files and pages below `root`. */
export function proseBelow(root: string): readonly Prose[] {
  return globSync(FILES, { cwd: root, exclude: EXCLUDED })
    .map((file) => file.replaceAll('\\', '/'))
    .sort()
    .flatMap((file) => proseIn(file, readFileSync(join(root, file), 'utf8')));
}

/** The texts of one file. */
export function proseIn(file: string, text: string): readonly Prose[] {
  return file.endsWith('.md') ? pageIn(file, text) : [...commentsIn(file, text), ...messagesIn(file, text)];
}

/** Paragraphs, list items and rows of tables; not blocks of code. */
function pageIn(file: string, text: string): readonly Prose[] {
  const found: Prose[] = [];
  let inCode = false;
  let open: { readonly line: number; readonly lines: string[] } | undefined;
  const close = () => {
    if (open) found.push({ kind: 'page', file, line: open.line, text: joined(open.lines) });
    open = undefined;
  };
  for (const [i, line] of text.split('\n').entries()) {
    const isFence = /^\s*(```|~~~)/.test(line);
    if (isFence) inCode = !inCode;
    if (isFence || inCode || /^\s*$/.test(line) || /^[\s|:-]+$/.test(line)) close();
    else {
      if (/^\s*(#|[-*] |\d+\. |\|)/.test(line)) close();
      open ??= { line: i + 1, lines: [] };
      open.lines.push(line.replace(/^\s*(#+|[-*]|\d+\.) /, ''));
    }
  }
  close();
  return found;
}

function commentsIn(file: string, text: string): readonly Prose[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const ranges = new Map<number, ts.CommentRange>();
  const visit = (node: ts.Node): void => {
    for (const range of ts.getLeadingCommentRanges(text, node.pos) ?? []) ranges.set(range.pos, range);
    for (const range of ts.getTrailingCommentRanges(text, node.end) ?? []) ranges.set(range.pos, range);
    for (const child of node.getChildren(source)) if (!ts.isJSDoc(child)) visit(child);
  };
  visit(source);
  const sorted = [...ranges.values()].sort((a, b) => a.pos - b.pos);
  const found: { line: number; last: number; isBlock: boolean; lines: string[] }[] = [];
  for (const { pos, end, kind } of sorted) {
    const line = source.getLineAndCharacterOfPosition(pos).line + 1;
    const lines = text
      .slice(pos, end)
      .split('\n')
      .map((each) => each.replace(/^\s*(\/\*\*?|\*\/|\*|\/\/)/, '').replace(/\*\/$/, ''));
    const isBlock = kind === ts.SyntaxKind.MultiLineCommentTrivia;
    const before = found.at(-1);
    if (before && !before.isBlock && !isBlock && before.last === line - 1) {
      before.lines.push(...lines);
      before.last = line;
    } else found.push({ line, last: line + lines.length - 1, isBlock, lines });
  }
  return found.map(({ line, lines }) => ({ kind: 'comment' as const, file, line, text: joined(lines) }));
}

/** Strings of three words or more, of a test or of other code; parts of a template that are computed become `…`. */
function messagesIn(file: string, text: string): readonly Prose[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Prose[] = [];
  const visit = (node: ts.Node): void => {
    const message = ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) ? node.text : templateIn(node);
    if (message !== undefined && message.split(/\s+/).filter((word) => /^[a-z]+[,.:;]?$/i.test(word)).length >= 3)
      found.push({
        kind: isTest(file) ? 'test' : 'message',
        file,
        line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1,
        text: joined(message.split('\n')),
      });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isTest(file: string): boolean {
  return /(^|\/)test\/|\.test\.ts$/.test(file);
}

function templateIn(node: ts.Node): string | undefined {
  if (!ts.isTemplateExpression(node)) return undefined;
  return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('');
}

function joined(lines: readonly string[]): string {
  return lines
    .map((line) => line.trim())
    .join(' ')
    .trim();
}
