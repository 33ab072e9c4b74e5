import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readSubscribers } from '../../project/subscribers-file.ts';
import { makeTree } from '../checks/tree.ts';

it.each([
  ['to create the file, or to correct the entry', './picker.ts', {}, '`, or correct `entry`.'],
  [
    'where the file is, if the entry names it in another folder',
    './subscribers/picker.ts',
    { 'subscribers/picker.ts': '' },
    "`, or correct `entry` to import.meta.resolve('./picker.ts').",
  ],
])('a subscriber whose file is missing is refused with the advice %s', async (_what, entry, files, advice) => {
  const text = `export const subscribers = {\n  picker: { entry: import.meta.resolve('${entry}') },\n};`;
  const root = makeTree({ 'subscribers/index.js': text, 'package.json': '{"type":"module"}', ...files });
  onTestFinished(() => rmSync(root, { recursive: true }));
  const file = join(root, 'subscribers/index.js');
  const missing = join(root, 'subscribers', entry);
  const refusal = await readSubscribers(file).then(
    () => expect.fail('it was accepted'),
    (error: Error) => error.message,
  );
  expect(refusal).toContain(
    `${file}:2: The entry of subscriber picker is ${missing}, but there is no such file. Create it, with \`export const handler = `,
  );
  expect(refusal.slice(-advice.length)).toBe(advice);
});
