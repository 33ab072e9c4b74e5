import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { aProject, printedBy, spawnIn } from './a-project.ts';

// Each run is a process, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

describe("an error in a project's code that meridian start runs", () => {
  it('is printed if a subscriber throws it without a stack', async () => {
    const folder = aProject();
    writeFileSync(
      join(folder, 'subscribers/picker.ts'),
      `import { subscriber } from '@meridian-es/meridian/lambda';
      export const handler = subscriber({
        handle: () => {
          const error = new Error('The warehouse is closed.');
          delete error.stack;
          throw error;
        },
      });`,
    );
    const printed = printedBy(spawnIn(folder, ['start', '--no-latency', '--port', '0', '--no-restart']));
    const [line] = await printed(/Subscriber picker .*/);
    expect(line).toMatch(
      /^Subscriber picker failed on \w+ of stock\/\S+ in \S+, and its message is redelivered: The warehouse is closed\.$/,
    );
  });

  it('is printed with its line in the project if a library throws it 30 calls below', async () => {
    const folder = aProject();
    const library = join(folder, 'node_modules/deep');
    mkdirSync(library);
    writeFileSync(join(library, 'package.json'), '{"name":"deep","type":"module","exports":"./index.js"}');
    writeFileSync(
      join(library, 'index.js'),
      `export function deep(calls) {
        if (calls === 0) throw new Error('This library failed.');
        return 1 + deep(calls - 1);
      }`,
    );
    const file = join(folder, 'streams/stock.ts');
    const text = readFileSync(file, 'utf8').replace('left - data.count', 'left - deep(30)');
    writeFileSync(file, `import { deep } from 'deep';\n${text}`);
    const printed = printedBy(spawnIn(folder, ['start', '--no-latency', '--port', '0', '--no-restart']));
    const [, url] = await printed(/Serving (http:\S+)/);
    for (const command of ['receive', 'take'])
      await fetch(`${url}/regions/us-east-1/streams/stock/us-east-1.lamp/commands/${command}`, {
        method: 'POST',
        body: '{"count":1}',
      });
    await printed(/: This library failed\.\n +at .*\/streams\/stock\.ts:\d+:\d+/);
  });

  it.each([
    ['a command', 'streams/stock/us-west-2.lamp/commands/take', '{"count":1}'],
    [
      'a transaction',
      'transactions',
      '{"participants":[{"stream":"stock/us-west-2.lamp","command":"take","input":{"count":1}}]}',
    ],
  ])('is printed with its line in the project if %s reaches it from another Region', async (_what, path, body) => {
    const folder = aProject();
    const file = join(folder, 'streams/stock.ts');
    writeFileSync(file, readFileSync(file, 'utf8').replace('data.count > left', 'data.basket.count > left'));
    const printed = printedBy(spawnIn(folder, ['start', '--no-latency', '--port', '0', '--no-restart']));
    const [, url] = await printed(/Serving (http:\S+)/);
    await fetch(`${url}/regions/us-east-1/${path}`, { method: 'POST', body });
    await printed(/^Unexpected error: Cannot read properties of undefined .*\n +at .*\/streams\/stock\.ts:\d+:\d+/m);
  });
});
