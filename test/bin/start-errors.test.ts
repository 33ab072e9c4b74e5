import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { aProject, printedBy, spawnIn } from './a-project.ts';

// Each run is a process, which takes its seconds on a busy machine.
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
    expect(line).toBe('Subscriber picker failed, and its message is redelivered: The warehouse is closed.');
  });
});
