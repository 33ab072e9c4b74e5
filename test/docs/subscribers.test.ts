import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished, vi } from 'vitest';
import * as z from 'zod';
import { makeTree } from '../checks/tree.ts';
import { linkPackage } from '../link-package.ts';

// It runs the compiler, a world and the CDK.
vi.setConfig({ testTimeout: 240_000 });

const run = promisify(execFile);

/** The files of the page: each block follows its path. */
function filesOf(page: string): Record<string, string> {
  const blocks = readFileSync(page, 'utf8').matchAll(/`([\w./-]+\.ts)`:\n\n```ts\n([\s\S]*?)\n```/g);
  return Object.fromEntries([...blocks].map(([, path = '', text = '']) => [path, `${text}\n`]));
}

/** The reader's domain. */
const STREAMS = `
import { defineDomain, defineStream } from '@meridian-es/meridian';
import * as z from 'zod';

const placedSchema = z.object({ total: z.number() });
const order = defineStream({
  type: 'order',
  mode: 'merge',
  events: { Placed: { schemaVersion: 1, schema: placedSchema, sample: { total: 1 } } },
  initial: 0,
  evolve: (sum, { data: { total } }) => sum + total,
  commands: { place: { input: placedSchema, decide: (_sum, data) => [{ type: 'Placed', data }] } },
});
export const domain = defineDomain({ streams: [order], views: [] });
`;

it('the code on the page about subscribers compiles, passes its test and can be synthesized', async () => {
  const files = filesOf('docs/guides/subscribers.md');
  expect(Object.keys(files)).toHaveLength(8);
  const root = makeTree({
    ...files,
    'streams/index.ts': STREAMS,
    'package.json': JSON.stringify({ name: 'shop', type: 'module' }),
    // The page's files import Meridian's sources, which need Meridian's own compiler options.
    'tsconfig.json': JSON.stringify({ extends: resolve('tsconfig.json'), include: ['**/*.ts'] }),
  });
  onTestFinished(() => rmSync(root, { recursive: true }));
  linkPackage(root, ['zod', 'aws-cdk-lib', 'constructs', '@types/node']);
  const env = { ...process.env, CDK_CONTEXT_JSON: JSON.stringify({ 'aws:cdk:bundling-stacks': [] }) };
  /** @throws Error with everything that was printed */
  const node = async (...args: readonly string[]) => {
    try {
      return (await run(process.execPath, args, { cwd: root, env })).stdout;
    } catch (error) {
      throw new Error(z.object({ stdout: z.string(), stderr: z.string() }).parse(error).stdout, { cause: error });
    }
  };

  await node(resolve('node_modules/typescript/bin/tsc'));
  await node('--test', 'test/subscribers.test.ts');
  expect(await node('bin/app.ts')).toBe('true\n');
});

it('the reference of the construct names every property', async () => {
  const page = readFileSync('docs/reference/construct.md', 'utf8');
  const sources = ['lib/meridian.ts', 'core/wire/subscription.ts', 'lib/constructs/own-function.ts'].map((file) =>
    readFileSync(file, 'utf8'),
  );
  const propertiesOf = (interfaceName: string) => {
    const [, body = ''] =
      new RegExp(`export interface ${interfaceName}[^{]*\\{\\n([\\s\\S]*?)\\n\\}`).exec(sources.join()) ?? [];
    return z
      .array(z.string())
      .min(1)
      .parse([...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name]) => name));
  };
  for (const name of ['MeridianProps', 'OwnFunctionDefinition', 'SubscriberDefinition', 'Granting'].flatMap(
    propertiesOf,
  ))
    expect(page).toContain(`| \`${name}\``);
});
