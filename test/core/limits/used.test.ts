import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as aws from '../../../core/limits/aws.ts';
import * as budgets from '../../../core/limits/budgets.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

describe('the limits', () => {
  it.each([
    ['aws.ts', aws],
    ['budgets.ts', budgets],
  ])('of %s are all used outside of their declarations', (file, limits) => {
    const sources = globSync('*/**/*.{ts,mjs}', { cwd: root, exclude: ['node_modules', 'cdk.out', 'coverage', 'test'] })
      .map((source) => ({ source, text: readFileSync(join(root, source), 'utf8') }))
      // A barrel file names all limits.
      .filter(({ source }) => source !== 'core/index.ts');
    const unused = Object.keys(limits).filter((name) => {
      const word = new RegExp(`\\b${name}\\b`, 'g');
      const uses = sources.reduce((sum, { text }) => sum + (text.match(word)?.length ?? 0), 0);
      return uses < 2;
    });
    expect(unused, `unused in core/limits/${file}`).toEqual([]);
  });
});
