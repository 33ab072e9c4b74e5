import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkShape, type Exceptions } from '../../scripts/shape.ts';
import { makeTree } from './tree.ts';

const nothing: Exceptions = { longFunctions: {}, manyParameters: {}, longTestFiles: {} };

describe('the shape of a source file', () => {
  it.each([
    ['a function', `export function plan() {\n${lines(69)}}`, 'plan'],
    ['a method', `export class Queue {\n  take() {\n${lines(69)}  }\n}`, 'Queue.take'],
    ['a constructor', `class Queue {\n  constructor() {\n${lines(69)}  }\n}`, 'Queue.constructor'],
    ['an arrow in a function', `function run() {\n  const step = () => {\n${lines(69)}  };\n}`, 'run.step'],
    ['a method of an object', `function port() {\n  return { put() {\n${lines(69)}  } };\n}`, 'port.put'],
  ])('a fault: %s of 71 lines', (_, text, name) => {
    expect(check({ 'core/a.ts': text })).toContain(`core/a.ts ${name} has 71 lines, at most 70: split it`);
  });

  it('a function of 70 lines is not a fault, and its comment does not count', () => {
    expect(check({ 'core/a.ts': `/**\n * ${lines(20)} */\nfunction plan() {\n${lines(68)}}` })).toEqual([]);
  });

  it.each([
    ['a function', 'function put(a, b, c, d, e) {}', 'put'],
    ['a constructor', 'class Queue { constructor(a, b, c, d, e) {} }', 'Queue.constructor'],
    ['an arrow', 'function run() { const put = (a, b, c, d, e) => a; }', 'run.put'],
    ['a function without a name', 'export default ((a, b, c, d, e) => a);', 'without a name'],
  ])('a fault: %s with five positional parameters', (_, text, name) => {
    expect(check({ 'world/a.ts': text })).toEqual([
      `world/a.ts ${name} has 5 positional parameters, at most 4: take an object with names`,
    ]);
  });

  it('neither four parameters nor a signature without a body is a fault', () => {
    const text = 'function put(a, b, c, d) {}\ninterface Put { put(a, b, c, d, e): void }';
    expect(check({ 'world/a.ts': text })).toEqual([]);
  });

  it.each([
    ['the clock', 'const at = Date.now();', 'Date.now'],
    ['the clock through a date', 'const at = new Date();', 'Date()'],
    ['chance', 'const n = Math.random();', 'Math.random'],
    ['the environment', 'const name = process.env.NAME;', 'process'],
    ['the network', 'const answer = fetch(url);', 'fetch'],
    ['a timer', 'const wait = (done) => setTimeout(done, 1);', 'setTimeout'],
    ['a function that is passed on', 'const ports = { now: Date.now };', 'Date.now'],
  ])('a fault in core: code that reads or changes %s', (_, text, name) => {
    expect(check({ 'core/facts/a.ts': `function f(url) {\n  ${text}\n}` })).toEqual([
      expect.stringContaining(`core/facts/a.ts:2 names ${name}:`),
    ]);
    expect(check({ 'adapters/a.ts': `function f(url) {\n  ${text}\n}` })).toEqual([]);
  });

  it.each([
    ['a date of a given time', 'const at = new Date(now).toISOString();'],
    ['a member of that name', 'const { process } = ports; ports.fetch(url);'],
    ['a port of that name', 'interface Ports { performance: number; fetch(url: string): void }'],
  ])('no fault in core: %s', (_, text) => {
    expect(check({ 'core/facts/a.ts': `function f(ports, now, url) {\n  ${text}\n}` })).toEqual([]);
  });

  it.each([
    ['an arrow function', 'core/a.ts', 'export const plan = () => 1;'],
    ['a function expression', 'core/a.ts', 'const plan = function () {};'],
    ['an arrow function in a module of JavaScript', 'bin/a.mjs', 'const plan = () => 1;'],
  ])('a fault: %s at top level without a type', (_, file, text) => {
    expect(check({ [file]: text })).toEqual([
      `${file} plan is a function without a type of its own: declare it with \`function\``,
    ]);
  });

  it.each([
    ['with a type', 'core/a.ts', 'const plan: Plan = () => 1;'],
    ['with a type in JSDoc', 'bin/a.mjs', '/** @type {Plan} */\nconst plan = () => 1;'],
    ['inside a function', 'core/a.ts', 'function run() { const plan = () => 1; }'],
  ])('an arrow function %s is not a fault', (_, file, text) => {
    expect(check({ [file]: text })).toEqual([]);
  });

  it.each([
    'const named = z.string();',
    'export const named = z.object({ a: z.string() }).strict();',
    'const named: z.ZodType<A> = z.union([a, b]);',
    'function f() { const named = z.coerce.number().int(); }',
    'const named = problemSchema.extend({ a: z.string() });',
  ])('a fault: a zod schema whose name does not end in Schema: %s', (text) => {
    expect(check({ 'lambdas/a.ts': text })).toEqual(['lambdas/a.ts named is a zod schema: call it namedSchema']);
  });

  it.each([
    'const namedSchema = z.string();',
    'const named = z.string().parse(text);',
    'const text = z.prettifyError(error);',
    'const json = z.toJSONSchema(schema);',
    'const shape = { stream: z.string() };',
    'const named = zero.string();',
  ])('not a fault: %s is not a zod schema of its own', (text) => {
    expect(check({ 'lambdas/a.ts': text })).toEqual([]);
  });
});

describe('the shape of a test file', () => {
  it('a fault: 501 lines', () => {
    expect(check({ 'test/a.test.ts': lines(501) })).toEqual([
      'test/a.test.ts has 501 lines, at most 500: split it by behavior',
    ]);
  });

  it('500 lines are not a fault, whatever they contain', () => {
    const text = `const run = (a, b, c, d, e) => {\n${lines(498)}};\n`;
    expect(check({ 'test/a.test.ts': text })).toEqual([]);
  });
});

describe('the list of exceptions', () => {
  const files = {
    'core/a.ts': `function put(a, b, c, d, e) {\n${lines(80)}}`,
    'test/a.test.ts': lines(501),
  };

  it('excuses the code that it names, from the named rule only', () => {
    const listed = {
      longFunctions: { 'core/a.ts put': 'a reason' },
      manyParameters: { 'core/a.ts put': 'a reason' },
      longTestFiles: { 'test/a.test.ts': 'a reason' },
    };
    expect(check(files, listed)).toEqual([]);
    expect(check(files, { ...listed, manyParameters: {} })).toEqual([
      expect.stringContaining('5 positional parameters'),
    ]);
  });

  it.each(['longFunctions', 'manyParameters', 'longTestFiles'] as const)('a fault: a stale entry in %s', (rule) => {
    const key = 'core/gone.ts put';
    expect(check({ 'core/a.ts': '' }, { ...nothing, [rule]: { [key]: 'a reason' } })).toEqual([
      `${key} is listed in ${rule} and no longer needs to be: remove the entry`,
    ]);
  });
});

it('a check that saw no source file fails', () => {
  expect(check({})).toEqual(['found no source files']);
});

function check(files: Record<string, string>, listed: Exceptions = nothing): string[] {
  const root = makeTree(files);
  const { faults } = checkShape(root, listed);
  rmSync(root, { recursive: true });
  return faults;
}

function lines(count: number): string {
  return '//\n'.repeat(count);
}
