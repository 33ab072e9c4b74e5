import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const MAX_FUNCTION_LINES = 70;
const MAX_PARAMETERS = 4;
const MAX_TEST_FILE_LINES = 500;

/**
 * The functions and files that may break a rule, each with the reason: by `file name`, or by file. An entry that is no
 * longer needed is a fault.
 */
export interface Exceptions {
  readonly longFunctions: Readonly<Record<string, string>>;
  readonly manyParameters: Readonly<Record<string, string>>;
  readonly longTestFiles: Readonly<Record<string, string>>;
}

const makesOneObject = 'makes an object with the methods of a port, each of them short';
const isAList = 'a list with one entry per graph or metric: if it were split, the parts would have no meaningful names';

const exceptions: Exceptions = {
  longFunctions: {
    'adapters/dynamodb/event-store.ts dynamoDbEventStore': makesOneObject,
    'adapters/dynamodb/progress.ts dynamoDbProgress': makesOneObject,
    'adapters/dynamodb/snapshot-store.ts dynamoDbSnapshotStore': makesOneObject,
    'adapters/dynamodb/view-store.ts dynamoDbViewStore': makesOneObject,
    'adapters/memory/event-store.ts memoryEventStore': makesOneObject,
    'lib/constructs/dashboard.ts Dashboard.constructor': isAList,
    'lib/constructs/metrics.ts metricsOf': isAList,
  },
  manyParameters: {},
  longTestFiles: {},
};

type Rule = keyof Exceptions;

/** Something that breaks a rule unless it is listed. */
interface Finding {
  readonly rule: Rule;
  /** Its name in the list. */
  readonly key: string;
  readonly fault: string;
}

/**
 * Checks the form of the source files below `root`: the length and the parameters of functions, the names of top-level functions
 * and zod schemas, and the length of test files.
 *
 * @returns the number of files and of functions seen, and a line per fault
 */
export function checkShape(
  root: string,
  listed: Exceptions = exceptions,
): { files: number; functions: number; faults: string[] } {
  const files = globSync('*/**/*.{ts,mts,js,mjs}', { cwd: root, exclude: ['node_modules', 'cdk.out', 'coverage'] })
    .map((file) => file.replaceAll('\\', '/'))
    .sort();
  if (files.length === 0) return { files: 0, functions: 0, faults: ['found no source files'] };
  const findings: Finding[] = [];
  const faults: string[] = [];
  let functions = 0;
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8');
    if (/^(examples\/[^/]+\/)?test\//.test(file)) findings.push(...checkTestFile(file, text));
    else {
      const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
      faults.push(...checkNames(source));
      if (file.startsWith('core/')) faults.push(...checkPurity(source));
      const seen = functionsIn(source);
      functions += seen.length;
      findings.push(...seen.flatMap((each) => checkFunction(source, each)));
    }
  }
  return { files: files.length, functions, faults: [...faults, ...unlisted(findings, listed)] };
}

/** Faults that are not listed, and list entries without a fault. */
function unlisted(findings: readonly Finding[], listed: Exceptions): string[] {
  const rules: readonly Rule[] = ['longFunctions', 'manyParameters', 'longTestFiles'];
  return rules.flatMap((rule) => {
    const found = findings.filter((finding) => finding.rule === rule);
    const keys = new Set(found.map(({ key }) => key));
    return [
      ...found.filter(({ key }) => listed[rule][key] === undefined).map(({ fault }) => fault),
      ...Object.keys(listed[rule])
        .filter((key) => !keys.has(key))
        .map((key) => `${key} is listed in ${rule} and no longer needs to be: remove the entry`),
    ];
  });
}

function checkTestFile(file: string, text: string): Finding[] {
  const lines = text.split('\n').length - 1;
  if (lines <= MAX_TEST_FILE_LINES) return [];
  const fault = `${file} has ${lines} lines, at most ${MAX_TEST_FILE_LINES}: split it by behavior`;
  return [{ rule: 'longTestFiles', key: file, fault }];
}

/** A function, method or constructor with a body, not only a signature. */
type WithBody = ts.FunctionLikeDeclaration & { readonly body: ts.Node };

function hasBody(node: ts.Node): node is WithBody {
  return ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;
}

function functionsIn(source: ts.SourceFile): readonly WithBody[] {
  const found: WithBody[] = [];
  const visit = (node: ts.Node): void => {
    if (hasBody(node)) found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function checkFunction(source: ts.SourceFile, node: WithBody): Finding[] {
  const key = `${source.fileName} ${nameOf(node)}`;
  const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
  const lines = source.getLineAndCharacterOfPosition(node.end).line - first + 1;
  const parameters = node.parameters.length;
  const findings: Finding[] = [];
  if (lines > MAX_FUNCTION_LINES)
    findings.push({
      rule: 'longFunctions',
      key,
      fault: `${key} has ${lines} lines, at most ${MAX_FUNCTION_LINES}: split it`,
    });
  if (parameters > MAX_PARAMETERS)
    findings.push({
      rule: 'manyParameters',
      key,
      fault: `${key} has ${parameters} positional parameters, at most ${MAX_PARAMETERS}: take an object with names`,
    });
  return findings;
}

/** The names from the top of the file down to a function, with dots between them: `Queue.constructor`. */
function nameOf(node: ts.Node): string {
  const names: string[] = [];
  for (let at: ts.Node | undefined = node; at && !ts.isSourceFile(at); at = at.parent) {
    if (ts.isConstructorDeclaration(at)) names.unshift('constructor');
    else if (
      (ts.isFunctionLike(at) || ts.isClassLike(at) || ts.isVariableDeclaration(at) || ts.isPropertyAssignment(at)) &&
      at.name
    )
      names.unshift(at.name.getText());
  }
  return names.join('.') || 'without a name';
}

/** Faults in how top-level functions are declared, and how schemas are called. */
function checkNames(source: ts.SourceFile): string[] {
  const faults: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && node.initializer && ts.isIdentifier(node.name)) {
      const name = `${source.fileName} ${node.name.text}`;
      if (isTopLevel(node) && isFunction(node.initializer) && !node.type && !ts.getJSDocType(node))
        faults.push(`${name} is a function without a type of its own: declare it with \`function\``);
      if (isSchema(node.initializer) && !node.name.text.endsWith('Schema'))
        faults.push(`${name} is a zod schema: call it ${node.name.text}Schema`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return faults;
}

function isTopLevel(node: ts.VariableDeclaration): boolean {
  return ts.isVariableStatement(node.parent.parent) && ts.isSourceFile(node.parent.parent.parent);
}

function isFunction(node: ts.Expression): boolean {
  const inner = withoutWrapping(node);
  return ts.isArrowFunction(inner) || ts.isFunctionExpression(inner);
}

/** The expression without the parentheses, `satisfies` and `as` around it. */
function withoutWrapping(node: ts.Expression): ts.Expression {
  return ts.isParenthesizedExpression(node) || ts.isSatisfiesExpression(node) || ts.isAsExpression(node)
    ? withoutWrapping(node.expression)
    : node;
}

/** Names that give access to time, randomness, I/O or the environment. */
const impure = new Set([
  ...['fetch', 'process', 'performance', 'crypto', 'console', 'global', 'globalThis', 'setTimeout', 'setInterval'],
  ...['setImmediate', 'queueMicrotask', 'Date.now', 'Date()', 'Math.random'],
]);

/** Faults in core, which takes time, randomness and I/O as arguments. */
function checkPurity(source: ts.SourceFile): string[] {
  const faults: string[] = [];
  const visit = (node: ts.Node): void => {
    const name = globalNamed(node);
    if (name !== undefined && impure.has(name)) {
      const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
      faults.push(`${source.fileName}:${line} names ${name}: core takes time, randomness and I/O as arguments`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return faults;
}

/**
 * The global that a node uses, such as `Date.now`, `fetch`, or `Date()` if it reads the clock; undefined for a member,
 * a declaration or a type of that name.
 */
function globalNamed(node: ts.Node): string | undefined {
  if ((ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText() === 'Date')
    return node.arguments?.length ? undefined : 'Date()';
  if (ts.isPropertyAccessExpression(node)) return node.getText();
  if (!ts.isIdentifier(node) || ts.isPropertyAccessExpression(node.parent)) return objectNamed(node);
  return ts.isExpression(node) && !isName(node) ? node.text : undefined;
}

/** The object of an access: `process` in `process.env`. */
function objectNamed(node: ts.Node): string | undefined {
  return ts.isIdentifier(node) && ts.isPropertyAccessExpression(node.parent) && node.parent.expression === node
    ? node.text
    : undefined;
}

/** Whether an identifier is only the name in a declaration. */
function isName(node: ts.Identifier): boolean {
  const { parent } = node;
  return 'name' in parent && parent.name === node;
}

/** Members of zod, and of its schemas, that are not schemas. */
const noSchema = /^(\w*[pP]arse(Async)?|toJSONSchema|\w+Error|config|locales|core)$/;

/** Whether an expression is a chain of calls that begins with `z.` or a schema, and ends with a schema. */
function isSchema(node: ts.Expression): boolean {
  const members: string[] = [];
  let at = node;
  while (ts.isCallExpression(at) || ts.isPropertyAccessExpression(at)) {
    if (ts.isPropertyAccessExpression(at)) members.push(at.name.text);
    at = at.expression;
  }
  return (
    ts.isCallExpression(node) &&
    ts.isIdentifier(at) &&
    (at.text === 'z' ? members.length > 0 : isDerived(at.text, members)) &&
    !members.some((member) => noSchema.test(member))
  );
}

/** A method that returns a schema. */
const derives =
  /^(extend|safeExtend|omit|pick|partial|optional|exactOptional|nullable|default|refine|transform|check|meta)$/;

/** `problemSchema.extend(…)` is a schema; `outcomeSchema.options` is not. */
function isDerived(name: string, [last = '']: readonly string[]): boolean {
  return /(^s|S)chema$/.test(name) && derives.test(last);
}

if (import.meta.main) {
  const { files, functions, faults } = checkShape(fileURLToPath(new URL('..', import.meta.url)));
  process.stdout.write(`${faults.map((fault) => `${fault}\n`).join('')}${files} files, ${functions} functions\n`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
